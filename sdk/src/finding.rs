//! One thing that a tool found wrong, and few enough of them.

pub use crate::bindings::host::types::{Finding, Severity};

/// More than these help neither a model nor a human.
const MOST: usize = 20;
/// Longer messages are cut; the journal has the tool's whole output.
const MOST_CHARACTERS: usize = 400;

/// The first 20 findings, their messages cut to 400 characters, and a note of
/// how many more there are.
pub fn few(mut findings: Vec<Finding>) -> Vec<Finding> {
    let more = findings.len().saturating_sub(MOST);
    findings.truncate(MOST);
    for finding in &mut findings {
        if let Some((end, _)) = finding.message.char_indices().nth(MOST_CHARACTERS) {
            finding.message.truncate(end);
            finding.message.push('…');
        }
    }
    if more > 0 {
        findings.push(Finding::new(Severity::Note, format!("{more} more")));
    }
    findings
}

impl Finding {
    /// A finding of severity `error`, about nothing in particular yet.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message)
    }

    /// A finding, about nothing in particular yet.
    pub fn new(severity: Severity, message: impl Into<String>) -> Self {
        Self {
            severity,
            file: None,
            line: None,
            rule: None,
            message: message.into(),
        }
    }

    /// Says where: a path relative to the root, and a line from 1.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, line: impl Into<Option<u32>>) -> Self {
        self.file = Some(file.into());
        self.line = line.into();
        self
    }

    /// Says which rule or test.
    #[must_use]
    pub fn rule(mut self, rule: impl Into<String>) -> Self {
        self.rule = Some(rule.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{Finding, few};

    #[test]
    fn few_keeps_twenty_and_counts_the_rest() {
        let findings = (0..25).map(|n| Finding::error(format!("{n}"))).collect();
        let kept = few(findings);
        assert_eq!(kept.len(), 21);
        assert_eq!(kept[20].message, "5 more");
    }

    #[test]
    fn few_cuts_between_characters() {
        let kept = few(vec![Finding::error("é".repeat(500))]);
        assert_eq!(kept[0].message, format!("{}…", "é".repeat(400)));
    }
}
