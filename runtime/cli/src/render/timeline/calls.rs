//! Calls in a few words: what was asked, and what came of it. Everything in here was said by a
//! guest, a model or a tool, and is escaped and cut.

use minion_door::{Failure, calls as kinds};
use minion_grants::shown;
use minion_journal::{Payload, Store, load};
use serde_json::Value;

/// The most characters of a text.
const MOST: usize = 72;

/// Whether other calls happen inside of it, so that it is told of when it begins.
pub(super) fn is_scope(call: &str) -> bool {
    let scopes = [
        &kinds::AGENT_RUN,
        &kinds::PLUGIN_RUN,
        &kinds::GATE_RUN,
        &kinds::GATE_BASE,
    ];
    scopes.iter().any(|kind| kind.name == call)
}

/// What was asked.
pub(super) fn asked(store: &dyn Store, call: &str, request: &Payload) -> String {
    // Whole conversations stand in these, and the answer says more.
    if call == kinds::MODEL_TURN.name {
        return String::new();
    }
    let value = match value(store, request) {
        Ok(value) => value,
        Err(why) => return why,
    };
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let words = match call {
        "workspace.search" => {
            let beneath = text("beneath").filter(|beneath| !beneath.is_empty());
            let beneath = beneath.map_or_else(String::new, |folder| format!(" beneath {folder}"));
            text("pattern").map(|pattern| format!("`{pattern}`{beneath}"))
        }
        "workspace.list" => text("directory").map(|folder| match folder {
            "" => ".".to_owned(),
            folder => folder.to_owned(),
        }),
        "command.run" => text("program").map(|program| command(program, &value["arguments"])),
        "gate.base" => text("plugin").map(|plugin| format!("{plugin} on the base")),
        _ => ["file", "program", "task", "plugin", "branch", "tool"]
            .iter()
            .find_map(|key| text(key))
            .map(str::to_owned),
    };
    match (words, &value) {
        (Some(words), _) => line(&words),
        (None, Value::Null) => String::new(),
        (None, value) => line(&value.to_string()),
    }
}

fn command(program: &str, arguments: &Value) -> String {
    let arguments = arguments.as_array().into_iter().flatten();
    let words = arguments.filter_map(Value::as_str).map(|word| {
        let first = word.lines().next().unwrap_or_default();
        if first.len() < word.len() {
            format!("{first}…")
        } else {
            first.to_owned()
        }
    });
    let words: Vec<_> = std::iter::once(program.to_owned()).chain(words).collect();
    words.join(" ")
}

/// What came of it; nothing where that says nothing.
pub(super) fn came_out(store: &dyn Store, call: &str, response: &Payload) -> String {
    let quiet = call.starts_with("workspace.");
    if quiet && matches!(response, Payload::Blob { .. }) {
        return String::new();
    }
    let value = match value(store, response) {
        Ok(value) => value,
        Err(why) => return why,
    };
    if let Some(failure) = Failure::from_json(&value) {
        return format!("failed: {}", line(&failure.to_string()));
    }
    if quiet {
        return String::new();
    }
    if call == kinds::MODEL_TURN.name {
        return turn(&value);
    }
    line(&told(&value).unwrap_or_default())
}

/// By its shape: a command's end, a verdict, a report, a branch, a yes or no.
fn told(value: &Value) -> Option<String> {
    let text = |value: &Value, key: &str| Some(value.get(key)?.as_str()?.to_owned());
    if let Some(verdict) = text(value, "verdict") {
        let summary = text(value, "summary").unwrap_or_default();
        return Some(format!("{verdict}: {summary}"));
    }
    if let Some(exit) = value.get("exit") {
        let timed_out = value.get("timed-out").and_then(Value::as_bool);
        return Some(match exit.as_i64() {
            _ if timed_out == Some(true) => "its time ran out".to_owned(),
            Some(code) => format!("exit {code}"),
            None => "killed".to_owned(),
        });
    }
    if let Some(failure) = value.get("ended-by").and_then(Failure::from_json) {
        return Some(format!("failed: {failure}"));
    }
    if let Some(report) = value.get("report") {
        return Some(format!("said \"{}\"", text(report, "summary")?));
    }
    if let Some(commit) = text(value, "commit") {
        return Some(format!("commit {commit:.7}"));
    }
    value
        .as_bool()
        .map(|yes| if yes { "yes" } else { "no" }.to_owned())
}

/// The tools that a model wants, or its words.
fn turn(value: &Value) -> String {
    let calls = value.get("tool-calls").and_then(Value::as_array);
    let names: Vec<_> = calls
        .into_iter()
        .flatten()
        .filter_map(|call| call.get("name")?.as_str())
        .collect();
    if names.is_empty() {
        let said = value
            .get("text")
            .and_then(Value::as_str)
            .unwrap_or_default();
        return line(&format!("\"{said}\""));
    }
    line(&format!("wants {}", names.join(", ")))
}

fn value(store: &dyn Store, payload: &Payload) -> Result<Value, String> {
    load(store, payload).map_err(|error| format!("({error})"))
}

/// One line, escaped, not longer than a screen is wide.
pub(super) fn line(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    let more = first.len() < text.trim_end().len();
    let escaped = shown(first);
    if escaped.chars().count() > MOST {
        return escaped.chars().take(MOST - 1).chain(['…']).collect();
    }
    if more {
        format!("{escaped} …")
    } else {
        escaped
    }
}
