//! Prepares something, asks a human, settles it. What a visit of a step does stands in the
//! input `<step>-<visit>`:
//!
//! ```json
//! { "write": [["a.txt", "x\n"]], "run": ["sh", "-c", "ls"] }
//! ```

use minion_sdk::prelude::*;
use serde::Deserialize;

/// What goes from visit to visit.
#[state]
pub struct Notes {
    heard: Vec<String>,
}

blueprint! {
    state: Notes,
    start: prepare,

    deterministic prepare { needs: [source, change, tools], done => person }
    approval person { approved => settle, rejected => prepare }
    deterministic settle { needs: [source, change, tools], done => delivered, judge => check }
    gate check = "acme/checker" { pass => delivered, fail => delivered, error => failed }
}

#[derive(Default, Deserialize)]
struct Script {
    #[serde(default)]
    write: Vec<(String, String)>,
    #[serde(default)]
    run: Vec<String>,
    then: Option<String>,
}

fn prepare(notes: Notes, cx: &Context) -> Step<Notes> {
    play("prepare", notes, cx)
}

fn settle(notes: Notes, cx: &Context) -> Step<Notes> {
    play("settle", notes, cx)
}

fn play(step: &str, mut notes: Notes, cx: &Context) -> Step<Notes> {
    let script = match cx.input(&format!("{step}-{}", cx.visit())) {
        Some(text) => {
            serde_json::from_str(text).map_err(|error| Failure::Invalid(error.to_string()))?
        }
        None => Script::default(),
    };
    for (file, content) in &script.write {
        cx.workspace().write(file, content)?;
    }
    if let Some((program, rest)) = script.run.split_first() {
        let done = cx.command(program).args(rest).run()?;
        cx.log(format!("{:?} {} {}", done.exit, done.stdout_text(), done.stderr_text()));
        notes.heard.push(format!("{:?}", done.exit));
    }
    Ok(notes.then(script.then.as_deref().unwrap_or("done")))
}
