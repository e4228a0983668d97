//! What a recorded turn answers, in as much as it has to be the same again:
//! the names of the tools, and what was added to the conversation since the
//! turn before. Earlier messages were compared at their own turns.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Difference;
use crate::{Message, TurnRequest};

/// The part of a request that is compared. A list left out is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Request {
    /// Names of the tools, sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tools: Option<Vec<String>>,
    /// Roles of the new messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<String>>,
    /// What the tools that were called last said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    results: Option<Vec<Seen>>,
}

/// The answer of a tool, as far as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Seen {
    tool: String,
    /// SHA-256 of the arguments.
    arguments: String,
    /// SHA-256 of what the model was shown.
    answer: String,
    #[serde(default)]
    is_error: bool,
}

impl Request {
    /// What is compared of a live request.
    pub(super) fn of(live: &TurnRequest) -> Self {
        let mut tools: Vec<_> = live.tools.iter().map(|tool| tool.name.clone()).collect();
        tools.sort();
        let new = new_messages(&live.messages);
        Self {
            tools: Some(tools),
            messages: Some(new.iter().map(role).collect()),
            results: Some(results(new)),
        }
    }

    /// A difference that makes the recorded answer worthless.
    pub(super) fn differs(&self, live: &Self) -> Option<Difference> {
        differing("tools", self.tools.as_ref(), live.tools.as_ref())
            .or_else(|| differing("messages", self.messages.as_ref(), live.messages.as_ref()))
    }

    /// Differences that a human should know of: tools said something else.
    pub(super) fn drifts(&self, live: &Self) -> Vec<Difference> {
        let (Some(then), Some(now)) = (&self.results, &live.results) else {
            return vec![];
        };
        if then.len() != now.len() {
            let count = |seen: &[Seen]| format!("{} results", seen.len());
            return vec![Difference {
                what: "tool results",
                expected: count(then),
                actual: count(now),
            }];
        }
        let pairs = then.iter().zip(now).enumerate();
        pairs
            .filter(|(_, (then, now))| then != now)
            .map(|(index, (then, now))| drift(index, then, now))
            .collect()
    }
}

/// From the model's last words on; all of it when it has not spoken yet.
fn new_messages(messages: &[Message]) -> &[Message] {
    let said = |message: &Message| matches!(message, Message::Assistant { .. });
    let from = messages.iter().rposition(said).unwrap_or(0);
    &messages[from..]
}

fn role(message: &Message) -> String {
    match message {
        Message::System { .. } => "system".to_owned(),
        Message::User { .. } => "user".to_owned(),
        Message::Assistant { tool_calls, .. } if tool_calls.is_empty() => "assistant".to_owned(),
        Message::Assistant { tool_calls, .. } => format!("assistant+{}", tool_calls.len()),
        Message::Tool { name, .. } => format!("tool:{name}"),
    }
}

/// Answers come in the order of the calls.
fn results(new: &[Message]) -> Vec<Seen> {
    let Some(Message::Assistant { tool_calls, .. }) = new.first() else {
        return vec![];
    };
    let answers = new.iter().filter_map(|message| match message {
        Message::Tool {
            content, is_error, ..
        } => Some((content, *is_error)),
        _ => None,
    });
    tool_calls
        .iter()
        .zip(answers)
        .map(|(call, (content, is_error))| Seen {
            tool: call.name.clone(),
            arguments: digest(canonical(&call.arguments).as_bytes()),
            answer: digest(content.as_bytes()),
            is_error,
        })
        .collect()
}

/// The same text for the same value, whatever order its keys were given in.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<_> = map
                .iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), canonical(value)))
                .collect();
            fields.sort();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        plain => plain.to_string(),
    }
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(bytes))
}

fn differing(
    what: &'static str,
    expected: Option<&Vec<String>>,
    actual: Option<&Vec<String>>,
) -> Option<Difference> {
    let expected = expected?;
    let actual = actual?;
    (expected != actual).then(|| Difference {
        what,
        expected: format!("[{}]", expected.join(", ")),
        actual: format!("[{}]", actual.join(", ")),
    })
}

fn drift(index: usize, then: &Seen, now: &Seen) -> Difference {
    let number = index + 1;
    let tell = |seen: &Seen, says: &str| format!("`{}` (call {number}) {says}", seen.tool);
    let (expected, actual) = if then.tool != now.tool || then.arguments != now.arguments {
        ("called as recorded", "called otherwise")
    } else if then.is_error == now.is_error {
        ("answering as recorded", "answering otherwise")
    } else if then.is_error {
        ("failing", "succeeding")
    } else {
        ("succeeding", "failing")
    };
    Difference {
        what: "tool results",
        expected: tell(then, expected),
        actual: tell(now, actual),
    }
}
