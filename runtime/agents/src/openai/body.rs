//! A turn request as the JSON of chat completions.

use serde_json::{Map, Value, json};

use crate::{Message, ToolCall, ToolSpec, TurnRequest};

/// The body of one request. `limit_field` bounds the tokens written.
pub(super) fn body_of(request: &TurnRequest, model: &str, limit_field: &str, limit: u64) -> Value {
    let mut body = Map::new();
    body.insert("model".to_owned(), model.into());
    let messages: Vec<_> = request.messages.iter().map(message).collect();
    body.insert("messages".to_owned(), messages.into());
    if !request.tools.is_empty() {
        let tools: Vec<_> = request.tools.iter().map(tool).collect();
        body.insert("tools".to_owned(), tools.into());
    }
    body.insert(limit_field.to_owned(), limit.into());
    body.insert("stream".to_owned(), false.into());
    Value::Object(body)
}

fn message(message: &Message) -> Value {
    match message {
        Message::System { text } => json!({ "role": "system", "content": text }),
        Message::User { text } => json!({ "role": "user", "content": text }),
        Message::Assistant { text, tool_calls } if tool_calls.is_empty() => {
            json!({ "role": "assistant", "content": text })
        }
        Message::Assistant { text, tool_calls } => {
            let calls: Vec<_> = tool_calls.iter().map(call).collect();
            let content = (!text.is_empty()).then_some(text);
            json!({ "role": "assistant", "content": content, "tool_calls": calls })
        }
        Message::Tool {
            call_id, content, ..
        } => json!({ "role": "tool", "tool_call_id": call_id, "content": content }),
    }
}

fn call(call: &ToolCall) -> Value {
    json!({
        "id": call.id,
        "type": "function",
        "function": { "name": call.name, "arguments": call.arguments.to_string() },
    })
}

fn tool(tool: &ToolSpec) -> Value {
    json!({
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
        },
    })
}
