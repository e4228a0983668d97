//! A blueprint whose visits of `act` and `idle` do what the inputs `<step>-<visit>` say, and
//! which can pass each of its gates as often as it likes:
//!
//! ```json
//! { "write": [["a.py", "x = 1\n"]], "run": [["python3", "a.py"]], "then": "test" }
//! ```

use minion_sdk::prelude::*;
use serde::{Deserialize, Serialize};

#[state]
pub struct Asked {
    /// The gate that throws dice has said no.
    refused: bool,
}

blueprint! {
    state: Asked,
    start: act,

    deterministic act {
        needs: [source, change, tools],
        claim => delivered, test => test, lint => lint, dice => dice, poison => poison,
        mend => mend, idle => idle,
    }
    deterministic idle {
        needs: [],
        act => act,
    }
    gate test = "std:test" { pass => act, fail => act, error => act }
    gate lint = "std:lint" { pass => act, fail => act, error => act }
    gate dice = "acme/judge" { pass => insist, fail => insist, error => failed }
    gate poison = "acme/judge"({ "does": "poison" }) { pass => act, fail => act, error => act }
    gate mend = "acme/judge"({ "does": "mend" }) { pass => act, fail => act, error => act }
    deterministic insist {
        needs: [],
        again => dice, claim => delivered,
    }
}

/// One visit.
#[derive(Deserialize)]
struct Script {
    #[serde(default)]
    write: Vec<(String, String)>,
    #[serde(default)]
    run: Vec<Vec<String>>,
    /// Calls the judge as a plugin, to see how far it reaches.
    #[serde(default)]
    lend: bool,
    then: String,
}

/// For a call of the judge.
#[derive(Serialize)]
struct Manner {
    does: &'static str,
}

fn act(asked: Asked, cx: &Context) -> Step<Asked> {
    play("act", asked, cx)
}

fn idle(asked: Asked, cx: &Context) -> Step<Asked> {
    play("idle", asked, cx)
}

/// Asks until the answer is yes, and at least once after it was no.
fn insist(mut asked: Asked, cx: &Context) -> Step<Asked> {
    let passed = cx.last().is_some_and(|last| last.label == "pass");
    let content = passed && asked.refused;
    asked.refused |= !passed;
    Ok(asked.then(if content { "claim" } else { "again" }))
}

fn play(step: &str, asked: Asked, cx: &Context) -> Step<Asked> {
    let script = cx
        .input(&format!("{step}-{}", cx.visit()))
        .unwrap_or(r#"{"then":"claim"}"#);
    let script: Script =
        serde_json::from_str(script).map_err(|error| Failure::Invalid(error.to_string()))?;
    for (file, content) in &script.write {
        cx.workspace().write(file, content)?;
    }
    for words in &script.run {
        let program = words.first().map_or("", String::as_str);
        let done = cx.command(program).args(words.iter().skip(1)).run()?;
        cx.log(format!(
            "ran {program}: {:?} {}",
            done.exit,
            done.stderr_text()
        ));
    }
    if script.lend {
        let answer = cx
            .plugin("acme/judge")
            .parameters(&Manner { does: "reach" })
            .run()?;
        cx.log(format!("{step} was told: {}", answer.summary));
    }
    Ok(asked.then(&script.then))
}
