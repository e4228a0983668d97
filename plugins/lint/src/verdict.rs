//! What the linters saw, and the verdict that follows from it.

use minion_sdk::{Completed, Finding, Output, few};

/// What one linter saw.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Looked {
    pub(crate) tool: &'static str,
    pub(crate) findings: Vec<Finding>,
    /// Why it could not look.
    pub(crate) blind: Option<String>,
}

impl Looked {
    /// It looked and found these.
    pub(crate) fn found(tool: &'static str, findings: Vec<Finding>) -> Self {
        Self {
            tool,
            findings,
            blind: None,
        }
    }

    /// It could not look.
    pub(crate) fn blind(tool: &'static str, why: impl Into<String>) -> Self {
        Self {
            tool,
            findings: Vec::new(),
            blind: Some(why.into()),
        }
    }

    /// It could not look, and its own last words say why.
    pub(crate) fn blinded(tool: &'static str, completed: &Completed) -> Self {
        Self::blind(tool, last_words(completed))
    }
}

fn last_words(completed: &Completed) -> String {
    if completed.timed_out {
        return "it took longer than it may".to_owned();
    }
    let errors = completed.stderr_text();
    let error = errors.lines().find(|line| line.starts_with("error"));
    let line = error.or(errors.lines().rfind(|line| !line.trim().is_empty()));
    match (line, completed.exit) {
        (Some(line), _) => line.trim().to_owned(),
        (None, Some(code)) => format!("it ended with {code} and said nothing"),
        (None, None) => "it was killed".to_owned(),
    }
}

/// An error if one could not look, a failure if one found something.
pub(crate) fn of(looked: Vec<Looked>) -> Output {
    let tools: Vec<_> = looked.iter().map(|looked| looked.tool).collect();
    let tools = tools.join(", ");
    let blind = looked.iter().find_map(|looked| {
        looked
            .blind
            .as_ref()
            .map(|why| format!("{} could not judge: {why}", looked.tool))
    });
    let findings: Vec<_> = looked
        .into_iter()
        .flat_map(|looked| looked.findings)
        .collect();
    let count = findings.len();
    let findings = few(findings);
    match (blind, count) {
        (Some(why), _) => Output::error(why).with_findings(findings),
        (None, 0) => Output::pass(format!("{tools}: nothing found")),
        (None, 1) => Output::fail(format!("{tools}: 1 finding"), findings),
        (None, _) => Output::fail(format!("{tools}: {count} findings"), findings),
    }
}
