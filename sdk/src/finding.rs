//! One thing that a tool found wrong.

pub use crate::bindings::host::types::{Finding, Severity};

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
