//! Puts a conversation together: the author's instructions and the host's
//! rules first, then the task, then everything else, marked as data.

use std::fmt::Write as _;

use serde_json::Value;

use crate::mark::{RULE, as_data};
use crate::{AgentTask, Finding, Message, Severity, ToolAnswer, ToolCall};

/// Longer answers of tools are cut here: 64 KiB.
pub const MAX_TOOL_ANSWER_BYTES: usize = 64 * 1024;

/// What a model is told first.
pub(crate) fn opening(task: &AgentTask) -> Vec<Message> {
    let text = format!("{}\n\n{}", task.instructions.trim_end(), rules(task));
    vec![
        Message::System { text },
        Message::User {
            text: request(task),
        },
    ]
}

fn rules(task: &AgentTask) -> String {
    let limits = &task.limits;
    let mut text = format!(
        "Rules of the host:\n- {RULE}\n- You may take {} turns and call tools {} times. Calls \
         outside of what you may do are refused; do not try them again.\n- When you are done, \
         answer without calling a tool. Gates check the work afterwards, whatever you say of it.",
        limits.turns, limits.tool_calls
    );
    if let Some(schema) = &task.output_schema {
        let _ = write!(
            text,
            "\n- Your last answer must be JSON that fits this schema, and nothing else: {schema}"
        );
    }
    text
}

fn request(task: &AgentTask) -> String {
    let mut text = format!("Task: {}", task.task);
    if !task.findings.is_empty() {
        let lines: Vec<_> = task.findings.iter().map(line_of).collect();
        let _ = write!(
            text,
            "\n\nThe gates found:\n{}",
            as_data("gates", &lines.join("\n"))
        );
    }
    for (title, content) in &task.context {
        let _ = write!(text, "\n\n{}", as_data(title, content));
    }
    text
}

/// `error src/a.rs:3 [rule] message`
fn line_of(finding: &Finding) -> String {
    let mut line = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
    .to_owned();
    if let Some(file) = &finding.file {
        let _ = write!(line, " {file}");
        if let Some(number) = finding.line {
            let _ = write!(line, ":{number}");
        }
    }
    if let Some(rule) = &finding.rule {
        let _ = write!(line, " [{rule}]");
    }
    format!("{line} {}", finding.message)
}

/// The answer of a tool, as the model sees it.
pub(crate) fn answered(call: &ToolCall, answer: &ToolAnswer) -> Message {
    let source = format!("tool {}", call.name);
    reply(
        call,
        as_data(&source, &shortened(&answer.content)),
        answer.is_error,
    )
}

/// Words of the loop itself in place of an answer.
pub(crate) fn refused(call: &ToolCall, why: &str) -> Message {
    reply(call, format!("Not executed: {why}"), true)
}

fn reply(call: &ToolCall, content: String, is_error: bool) -> Message {
    Message::Tool {
        call_id: call.id.clone(),
        name: call.name.clone(),
        content,
        is_error,
    }
}

fn shortened(content: &str) -> String {
    if content.len() <= MAX_TOOL_ANSWER_BYTES {
        return content.to_owned();
    }
    let cut = content.floor_char_boundary(MAX_TOOL_ANSWER_BYTES);
    let left_out = content.len() - cut;
    format!(
        "{}\n[{left_out} more bytes left out: ask for a part]",
        &content[..cut]
    )
}

/// What the model said, as it is sent back to it. Arguments that were no JSON
/// object are wrapped: servers choke on them otherwise.
pub(crate) fn said(text: String, calls: &[ToolCall]) -> Message {
    let tool_calls = calls.iter().cloned().map(sendable).collect();
    Message::Assistant { text, tool_calls }
}

fn sendable(mut call: ToolCall) -> ToolCall {
    if !call.arguments.is_object() {
        call.arguments = serde_json::json!({ "not-an-object": call.arguments });
    }
    call
}

/// JSON in an answer that should be nothing but JSON; one code fence around it
/// is forgiven.
pub(crate) fn json_in(answer: &str) -> Result<Value, String> {
    let answer = answer.trim();
    let inner = answer
        .strip_prefix("```")
        .and_then(|rest| rest.strip_suffix("```"))
        .map_or(answer, |rest| rest.strip_prefix("json").unwrap_or(rest));
    serde_json::from_str(inner).map_err(|error| format!("it is not JSON: {error}"))
}

#[cfg(test)]
#[path = "prompt_tests.rs"]
mod tests;
