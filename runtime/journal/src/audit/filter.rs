//! Which entries of an audit are wanted.

use super::{Allowed, AuditEntry};
use crate::Timestamp;

/// What an entry has to be like; by default anything is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// In this node, or in this visit of it: `implement`, `implement-2`.
    pub node: Option<String>,
    /// Of this kind of capability: `files`.
    pub capability: Option<String>,
    /// Allowed, or denied.
    pub verdict: Option<Allowed>,
    /// Decided by a rule that has this in it.
    pub rule: Option<String>,
    /// Not earlier.
    pub since: Option<Timestamp>,
    /// Earlier than this.
    pub until: Option<Timestamp>,
}

impl AuditFilter {
    /// Whether it takes the entry.
    pub fn takes(&self, entry: &AuditEntry) -> bool {
        let in_node = |wanted: &String| {
            entry.node.as_ref() == Some(wanted) || entry.visit().as_ref() == Some(wanted)
        };
        self.node.as_ref().is_none_or(in_node)
            && self
                .capability
                .as_ref()
                .is_none_or(|kind| *kind == entry.capability)
            && self.verdict.is_none_or(|verdict| verdict == entry.verdict)
            && self
                .rule
                .as_ref()
                .is_none_or(|rule| entry.rule.contains(rule.as_str()))
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
    }
}
