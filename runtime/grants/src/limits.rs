//! What a run may spend at most, as a grant or a ceiling says it. Each is
//! enforced by the host; what nothing enforces cannot be written.

use serde::Serialize;

/// Bounds of one run. The default bounds nothing further than the host does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Limits {
    /// Model turns of all nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turns: Option<u64>,
    /// Tokens of input and output together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Tool calls of agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<u64>,
    /// Sandboxed commands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commands: Option<u64>,
    /// Requests over HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<u64>,
    /// Visits of nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visits: Option<u64>,
    /// Wall time of the whole run, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_seconds: Option<u64>,
    /// Wall time of one visit, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit_seconds: Option<u64>,
}

impl Limits {
    /// Of each bound the tighter one.
    #[must_use]
    pub fn tightest(self, other: Self) -> Self {
        let tighter = |one: Option<u64>, two: Option<u64>| match (one, two) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self {
            turns: tighter(self.turns, other.turns),
            tokens: tighter(self.tokens, other.tokens),
            tool_calls: tighter(self.tool_calls, other.tool_calls),
            commands: tighter(self.commands, other.commands),
            requests: tighter(self.requests, other.requests),
            visits: tighter(self.visits, other.visits),
            run_seconds: tighter(self.run_seconds, other.run_seconds),
            visit_seconds: tighter(self.visit_seconds, other.visit_seconds),
        }
    }

    /// Whether it bounds nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
