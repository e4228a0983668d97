//! The JSON of chat completions as a turn, or what is wrong with it.

use serde_json::Value;

use crate::{Nonsense, Secret, Stop, ToolCall, Turn, Usage};

const MAX_SHOWN_CHARS: usize = 300;

/// Reads a whole answer; every string in it is scrubbed of the key.
pub(super) fn read(text: &str, key: Option<&Secret>) -> Result<Turn, Nonsense> {
    if looks_like_html(text) {
        return Err(Nonsense::Html);
    }
    let answer: Value = serde_json::from_str(text).map_err(|error| Nonsense::NotJson {
        why: error.to_string(),
    })?;
    let mut turn = turn(&scrubbed(answer, key))?;
    for call in &mut turn.tool_calls {
        // Once more: what was escaped inside of the arguments' own text shows only now.
        call.arguments = scrubbed(call.arguments.take(), key);
    }
    Ok(turn)
}

pub(super) fn looks_like_html(text: &str) -> bool {
    let blank = |char: char| char.is_whitespace() || char == '\u{feff}';
    text.trim_start_matches(blank).starts_with('<')
}

fn turn(answer: &Value) -> Result<Turn, Nonsense> {
    if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
        return Err(shape(format!("an error: {}", shown(&said_in(error)))));
    }
    let choice = answer
        .get("choices")
        .ok_or_else(|| shape("no `choices`"))?
        .get(0)
        .ok_or_else(|| shape("`choices` is empty or no list"))?;
    let message = choice
        .get("message")
        .filter(|message| message.is_object())
        .ok_or_else(|| shape("no `message` in `choices[0]`"))?;
    Ok(Turn {
        text: text_of(message)?,
        tool_calls: tool_calls(message)?,
        usage: answer.get("usage").and_then(usage),
        stop: stop(choice.get("finish_reason")),
        notes: vec![],
    })
}

fn text_of(message: &Value) -> Result<String, Nonsense> {
    match message.get("content") {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Array(parts)) => Ok(parts
            .iter()
            .filter_map(|part| part.get("text")?.as_str())
            .collect()),
        None | Some(Value::Null) => {
            let refusal = message.get("refusal").and_then(Value::as_str);
            Ok(refusal.unwrap_or_default().to_owned())
        }
        Some(_) => Err(shape("`content` is neither text nor null")),
    }
}

fn tool_calls(message: &Value) -> Result<Vec<ToolCall>, Nonsense> {
    let calls = match message.get("tool_calls") {
        None | Some(Value::Null) => return Ok(vec![]),
        Some(Value::Array(calls)) => calls,
        Some(_) => return Err(shape("`tool_calls` is no list")),
    };
    let mut read = Vec::<ToolCall>::new();
    for (index, call) in calls.iter().enumerate() {
        let nonsense = |why| Nonsense::ToolCall { index, why };
        let call = tool_call(call).map_err(nonsense)?;
        if read.iter().any(|earlier| earlier.id == call.id) {
            return Err(nonsense("has the `id` of an earlier one"));
        }
        read.push(call);
    }
    Ok(read)
}

fn tool_call(call: &Value) -> Result<ToolCall, &'static str> {
    let filled = |value: Option<&Value>| {
        let text = value?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    let function = call.get("function").ok_or("has no `function`")?;
    Ok(ToolCall {
        id: filled(call.get("id")).ok_or("has no `id`")?,
        name: filled(function.get("name")).ok_or("has no `name`")?,
        arguments: arguments(function.get("arguments"))
            .ok_or("has `arguments` that are neither text nor an object")?,
    })
}

/// Text that holds no JSON object stays text: the loop tells the model so.
fn arguments(given: Option<&Value>) -> Option<Value> {
    match given? {
        object @ Value::Object(_) => Some(object.clone()),
        Value::String(text) if text.trim().is_empty() => {
            Some(Value::Object(serde_json::Map::new()))
        }
        Value::String(text) => {
            let parsed = serde_json::from_str(text).ok().filter(Value::is_object);
            Some(parsed.unwrap_or_else(|| Value::from(text.as_str())))
        }
        _ => None,
    }
}

fn usage(usage: &Value) -> Option<Usage> {
    let count = |value: Option<&Value>| value?.as_u64();
    let cached = usage
        .get("prompt_tokens_details")
        .and_then(|details| count(details.get("cached_tokens")));
    Some(Usage {
        input_tokens: count(usage.get("prompt_tokens"))?,
        output_tokens: count(usage.get("completion_tokens"))?,
        cached_input_tokens: cached.unwrap_or(0),
    })
}

fn stop(reason: Option<&Value>) -> Stop {
    match reason.and_then(Value::as_str) {
        None | Some("stop") => Stop::Finished,
        Some("tool_calls" | "function_call") => Stop::ToolCalls,
        Some("length") => Stop::Length,
        Some("content_filter") => Stop::Filtered,
        Some(other) => Stop::Other(shown(other)),
    }
}

fn shape(why: impl Into<String>) -> Nonsense {
    Nonsense::Shape { why: why.into() }
}

/// The message of an error in a body, for a human; scrubbed and shortened.
pub(super) fn error_message(text: &str, key: Option<&Secret>) -> String {
    if looks_like_html(text) {
        return "a web page".to_owned();
    }
    let said = match serde_json::from_str::<Value>(text) {
        Ok(body) => {
            let body = scrubbed(body, key);
            said_in(body.get("error").unwrap_or(&body))
        }
        Err(_) => key.map_or_else(|| text.to_owned(), |key| key.scrub(text)),
    };
    match shown(&said) {
        nothing if nothing.is_empty() => "no reason given".to_owned(),
        said => said,
    }
}

fn said_in(error: &Value) -> String {
    let message = error.get("message").unwrap_or(error);
    message
        .as_str()
        .map_or_else(|| message.to_string(), str::to_owned)
}

/// One line of at most 300 characters, nothing in it that a terminal obeys.
fn shown(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let words: String = words.chars().take(MAX_SHOWN_CHARS).collect();
    words
        .escape_debug()
        .to_string()
        .replace("\\\"", "\"")
        .replace("\\'", "'")
}

fn scrubbed(value: Value, key: Option<&Secret>) -> Value {
    let Some(key) = key else { return value };
    match value {
        Value::String(text) => Value::String(key.scrub(&text)),
        Value::Array(items) => items
            .into_iter()
            .map(|item| scrubbed(item, Some(key)))
            .collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, field)| (key.scrub(&name), scrubbed(field, Some(key))))
            .collect(),
        plain => plain,
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
