//! What a recorded call was about, told from its name, its request and its response. The names
//! and keys are those that the host writes; what is not known is told as it stands.

use serde_json::Value;

use super::CameOut;

/// The most characters of a target that is put together.
const MOST: usize = 400;

/// The kind of capability that a call takes.
pub(super) fn capability(call: &str) -> String {
    let (interface, _) = call.split_once('.').unwrap_or((call, ""));
    let kind = match interface {
        "workspace" => "files",
        "model" => "agent",
        "escalation" => "delivery",
        "gate" => "plugins",
        other => other,
    };
    kind.to_owned()
}

/// What the call is on, from its request.
pub(super) fn target(call: &str, request: &Value, model: Option<&str>) -> String {
    let text = |key: &str| request.get(key).and_then(Value::as_str);
    let folder = |key: &str| text(key).map(|path| if path.is_empty() { "." } else { path });
    let told = match call {
        "workspace.list" => folder("directory").map(str::to_owned),
        "workspace.search" => folder("beneath").map(str::to_owned),
        "workspace.changes" | "workspace.snapshot" => Some(".".to_owned()),
        "command.run" => Some(words(call, request).join(" ")).filter(|line| !line.is_empty()),
        "model.turn" => Some(model.unwrap_or("model").to_owned()),
        "gate.run" | "gate.base" => text("plugin").map(|plugin| {
            let tree = text("tree").map_or_else(String::new, |tree| format!(" on tree {tree}"));
            format!("{plugin}{tree}")
        }),
        _ => [
            "file", "program", "prompt", "plugin", "branch", "tool", "url", "host", "name",
        ]
        .iter()
        .find_map(|key| text(key))
        .map(str::to_owned),
    };
    cut(told.unwrap_or_else(|| match request {
        Value::Null => String::new(),
        other => other.to_string(),
    }))
}

/// Program and arguments of a command.
pub(super) fn words(call: &str, request: &Value) -> Vec<String> {
    if call != "command.run" {
        return Vec::new();
    }
    let program = request.get("program").and_then(Value::as_str);
    let arguments = request.get("arguments").and_then(Value::as_array);
    let arguments = arguments.into_iter().flatten().filter_map(Value::as_str);
    program
        .into_iter()
        .chain(arguments)
        .map(str::to_owned)
        .collect()
}

/// The plugin whose calls stand beneath this one.
pub(super) fn plugin(call: &str, request: &Value) -> Option<String> {
    let runs_one = matches!(call, "plugins.run" | "gate.run" | "gate.base");
    let name = request.get("plugin").filter(|_| runs_one)?.as_str()?;
    Some(name.to_owned())
}

/// What came of it, from its response.
pub(super) fn came_out(call: &str, response: &Value) -> CameOut {
    let failure = |value: &Value| Some(value.get("failure")?.as_str()?.to_owned());
    let ended_by = response.get("ended-by").and_then(failure);
    if let Some(failure) = failure(response).or(ended_by) {
        return CameOut::Failed(failure);
    }
    match call {
        "command.run" => {
            let late = response.get("timed-out").and_then(Value::as_bool);
            match response.get("exit").and_then(Value::as_i64) {
                _ if late == Some(true) => CameOut::TimedOut,
                Some(code) => CameOut::Exited(code),
                None => CameOut::Killed,
            }
        }
        "command.available" => {
            let there = response.as_bool() == Some(true);
            CameOut::Said(if there { "there" } else { "not there" }.to_owned())
        }
        _ => match response.get("verdict").and_then(Value::as_str) {
            Some(verdict) => CameOut::Said(verdict.to_owned()),
            None => CameOut::Done,
        },
    }
}

/// Bytes that moved, where they are known.
pub(super) fn bytes(call: &str, request: &Value, response: &Value) -> Option<u64> {
    let told = |key: &str| request.get(key)?.get("bytes")?.as_u64();
    match call {
        "workspace.read" => content(response),
        "workspace.write" => told("content"),
        "workspace.edit" => told("new"),
        "command.run" => {
            Some(content(response.get("stdout")?)? + content(response.get("stderr")?)?)
        }
        _ => None,
    }
}

/// The length of what the host keeps of bytes: a text, or base 64.
fn content(kept: &Value) -> Option<u64> {
    if let Some(text) = kept.as_str() {
        return Some(text.len() as u64);
    }
    let coded = kept.get("base64")?.as_str()?;
    let padding = coded.bytes().rev().take_while(|byte| *byte == b'=').count();
    Some((coded.len() / 4 * 3).saturating_sub(padding) as u64)
}

fn cut(text: String) -> String {
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
