//! The compiler's JSON messages, as `cargo clippy --message-format=json` prints
//! them, one a line.

use minion_sdk::{Finding, Severity};
use serde::Deserialize;
use std::collections::BTreeSet;

/// What clippy said.
#[derive(Debug, PartialEq)]
pub(crate) struct Messages {
    pub(crate) findings: Vec<Finding>,
    /// Cargo said itself that it came to its end, and how.
    pub(crate) finished: Option<bool>,
}

#[derive(Deserialize)]
struct Line {
    reason: String,
    success: Option<bool>,
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "message")]
    text: String,
    level: String,
    code: Option<Code>,
    spans: Vec<Span>,
    children: Vec<Message>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: u32,
    is_primary: bool,
    suggested_replacement: Option<String>,
}

/// Reads every message; the same one from two targets counts once.
pub(crate) fn read(stdout: &str) -> Messages {
    let mut seen = BTreeSet::new();
    let mut messages = Messages {
        findings: Vec::new(),
        finished: None,
    };
    for line in stdout.lines() {
        let Ok(line) = serde_json::from_str::<Line>(line) else {
            continue;
        };
        if line.reason == "build-finished" {
            messages.finished = line.success;
        }
        let Some(finding) = line.message.as_ref().and_then(finding) else {
            continue;
        };
        let key = (finding.file.clone(), finding.line, finding.message.clone());
        if seen.insert(key) {
            messages.findings.push(finding);
        }
    }
    messages
}

fn finding(message: &Message) -> Option<Finding> {
    let severity = match message.level.as_str() {
        level if level.starts_with("error") => Severity::Error,
        "warning" => Severity::Warning,
        _ => return None,
    };
    // `aborting due to …` and `3 warnings emitted` are about messages.
    let span = message.spans.iter().find(|span| span.is_primary)?;
    let mut finding = Finding::new(severity, text(message)).at(&span.file_name, span.line_start);
    if let Some(code) = &message.code {
        finding = finding.rule(&code.code);
    }
    Some(finding)
}

/// The message, and the first help with what it suggests.
fn text(message: &Message) -> String {
    // How to silence a finding is no help with it.
    let silences = |help: &String| {
        help.starts_with("for further information") || help.starts_with("to override")
    };
    let helps = message
        .children
        .iter()
        .filter(|child| child.level == "help");
    match helps.map(help).find(|help| !silences(help)) {
        Some(help) => format!("{}; help: {help}", message.text),
        None => message.text.clone(),
    }
}

fn help(child: &Message) -> String {
    let suggestion = child
        .spans
        .iter()
        .find_map(|span| span.suggested_replacement.as_deref());
    match suggestion {
        Some(suggestion) if !suggestion.is_empty() && !suggestion.contains('\n') => {
            format!("{}: `{suggestion}`", child.text)
        }
        _ => child.text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Messages, read};
    use minion_sdk::Severity;

    const FOUND: &str = include_str!("fixtures/clippy-found.stdout");

    #[test]
    fn each_finding_has_place_rule_and_help() {
        let Messages { findings, finished } = read(FOUND);
        assert_eq!(finished, Some(false));
        let first = &findings[0];
        assert_eq!(first.severity, Severity::Error);
        assert_eq!(
            (first.file.as_deref(), first.line),
            (Some("src/lib.rs"), Some(4))
        );
        assert_eq!(first.rule.as_deref(), Some("clippy::needless_return"));
        assert_eq!(
            first.message,
            "unneeded `return` statement; help: remove `return`: `text.len() == 0`"
        );
    }

    #[test]
    fn the_same_finding_of_two_targets_counts_once() {
        let places: Vec<_> = read(FOUND)
            .findings
            .into_iter()
            .map(|f| (f.file, f.line, f.rule))
            .collect();
        let mut unique = places.clone();
        unique.dedup();
        assert_eq!(places, unique);
        assert_eq!(places.len(), 2, "{places:?}");
    }

    #[test]
    fn text_that_is_no_message_is_no_end() {
        assert_eq!(
            read("hello\n{}\n"),
            Messages {
                findings: Vec::new(),
                finished: None
            }
        );
    }
}
