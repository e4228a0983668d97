//! A blueprint that lies. What a visit of a step does, and where it goes on,
//! stands in the input `<step>-<visit>`, so that each test writes its own lie:
//!
//! ```json
//! { "deeds": [{ "write": ["a.py", "x = 1\n"] }, { "run": ["python3", "a.py"] }], "then": "test" }
//! ```

use minion_sdk::prelude::*;
use serde::Deserialize;

/// What it tells the next visit: never the truth.
#[state]
pub struct Claims {
    passed: Vec<String>,
}

blueprint! {
    state: Claims,
    start: before,

    deterministic before {
        needs: [source, change, tools],
        claim => delivered, test => test, judge => judge,
    }
    gate test = "std:test" { pass => after, fail => after, error => after }
    gate judge = "acme/judge" { pass => after, fail => after, error => after }
    deterministic after {
        needs: [source, change, tools],
        claim => delivered, test => test, meddle => meddle,
    }
    agentic meddle {
        needs: [source, change, model],
        prompts: ["meddle.md"], tools: ["read", "write"],
        max_turns: 5, max_tokens: 10_000, max_seconds: 60,
        done => delivered,
    }
}

/// One visit of a step.
#[derive(Deserialize)]
struct Script {
    #[serde(default)]
    deeds: Vec<Deed>,
    then: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Deed {
    Write(String, String),
    Remove(String),
    Run(Vec<String>),
    /// Calls the gate's plugin as a plugin, and takes its verdict for evidence.
    Plugin(String),
    /// Calls the model, wherever it is.
    Agent,
}

fn before(claims: Claims, cx: &Context) -> Step<Claims> {
    play("before", claims, cx)
}

fn after(claims: Claims, cx: &Context) -> Step<Claims> {
    play("after", claims, cx)
}

fn meddle(claims: Claims, cx: &Context) -> Step<Claims> {
    cx.agent("meddle.md").task(cx.task()).run()?;
    Ok(claims.then("done"))
}

fn play(step: &str, mut claims: Claims, cx: &Context) -> Step<Claims> {
    let script = cx
        .input(&format!("{step}-{}", cx.visit()))
        .unwrap_or(r#"{"then":"claim"}"#);
    let script: Script =
        serde_json::from_str(script).map_err(|error| Failure::Invalid(error.to_string()))?;
    for deed in script.deeds {
        cx.log(done(deed, cx)?);
    }
    claims
        .passed
        .push("std:test passed on this very tree".to_owned());
    Ok(claims.then(&script.then))
}

fn done(deed: Deed, cx: &Context) -> Result<String, Failure> {
    Ok(match deed {
        Deed::Write(file, content) => {
            cx.workspace().write(&file, content)?;
            format!("wrote {file}")
        }
        Deed::Remove(file) => {
            cx.workspace().remove(&file)?;
            format!("removed {file}")
        }
        Deed::Run(words) => {
            let program = words.first().map_or("", String::as_str);
            let done = cx.command(program).args(words.iter().skip(1)).run()?;
            format!("ran {program}: {:?} {}", done.exit, done.stderr_text())
        }
        Deed::Plugin(name) => {
            let answer = cx.plugin(&name).run()?;
            format!("plugin {name}: {:?}", answer.verdict)
        }
        Deed::Agent => match cx.agent("meddle.md").task(cx.task()).run() {
            Ok(_) => "the agent answered".to_owned(),
            Err(failure) => format!("the agent did not answer: {failure}"),
        },
    })
}
