//! What a run may spend, and what it has spent.

use crate::{LimitKind, LimitReached};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The most that one run may spend. The defaults bound every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Budget {
    /// Model turns of all nodes; default 200.
    pub turns: u64,
    /// Input and output tokens; default 4,000,000.
    pub tokens: u64,
    /// Tool calls of agents; default 2,000.
    pub tool_calls: u64,
    /// Sandboxed commands; default 10,000.
    pub commands: u64,
    /// Requests over HTTP; default 10,000.
    #[serde(default = "requests")]
    pub requests: u64,
    /// Visits of nodes; default 100,000.
    pub visits: u64,
    /// Wall time of the whole run in seconds; default 8 hours.
    pub run_seconds: u64,
    /// Wall time of one visit in seconds; default 2 hours.
    pub visit_seconds: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            turns: 200,
            tokens: 4_000_000,
            tool_calls: 2_000,
            commands: 10_000,
            requests: requests(),
            visits: 100_000,
            run_seconds: 8 * 3600,
            visit_seconds: 2 * 3600,
        }
    }
}

const fn requests() -> u64 {
    10_000
}

/// A plain copy of what has been spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Spent {
    /// Model turns.
    pub turns: u64,
    /// Tokens read by models.
    pub input_tokens: u64,
    /// Tokens written by models.
    pub output_tokens: u64,
    /// Tool calls of agents.
    pub tool_calls: u64,
    /// Sandboxed commands.
    pub commands: u64,
    /// Requests over HTTP.
    #[serde(default, skip_serializing_if = "is_none")]
    pub requests: u64,
    /// Calls that were denied.
    pub denied: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape that serde calls"
)]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Counts against a [`Budget`]; shared by everything in a run.
#[derive(Debug, Default)]
pub struct Meter {
    budget: Budget,
    turns: AtomicU64,
    input_tokens: AtomicU64,
    output_tokens: AtomicU64,
    tool_calls: AtomicU64,
    commands: AtomicU64,
    requests: AtomicU64,
    denied: AtomicU64,
}

impl Meter {
    /// A meter at zero.
    pub fn new(budget: Budget) -> Self {
        Self {
            budget,
            ..Self::default()
        }
    }

    /// A meter that goes on from what was spent before.
    pub fn resumed(budget: Budget, spent: Spent) -> Self {
        Self {
            budget,
            turns: spent.turns.into(),
            input_tokens: spent.input_tokens.into(),
            output_tokens: spent.output_tokens.into(),
            tool_calls: spent.tool_calls.into(),
            commands: spent.commands.into(),
            requests: spent.requests.into(),
            denied: spent.denied.into(),
        }
    }

    /// Takes one model turn before it is made.
    pub fn turn(&self) -> Result<(), LimitReached> {
        if self.tokens_left() == 0 {
            return Err(LimitReached {
                kind: LimitKind::Tokens,
                allowed: self.budget.tokens,
            });
        }
        take(&self.turns, self.budget.turns, LimitKind::Turns)
    }

    /// Tokens that may still be spent.
    pub fn tokens_left(&self) -> u64 {
        let spent = self
            .input_tokens
            .load(Relaxed)
            .saturating_add(self.output_tokens.load(Relaxed));
        self.budget.tokens.saturating_sub(spent)
    }

    /// Books tokens that were spent.
    pub fn tokens(&self, input: u64, output: u64) {
        self.input_tokens.fetch_add(input, Relaxed);
        self.output_tokens.fetch_add(output, Relaxed);
    }

    /// Takes one tool call before it is made.
    pub fn tool_call(&self) -> Result<(), LimitReached> {
        take(
            &self.tool_calls,
            self.budget.tool_calls,
            LimitKind::ToolCalls,
        )
    }

    /// Takes one command before it is run.
    pub fn command(&self) -> Result<(), LimitReached> {
        take(&self.commands, self.budget.commands, LimitKind::ToolCalls)
    }

    /// Takes one request before it is sent.
    pub fn request(&self) -> Result<(), LimitReached> {
        take(&self.requests, self.budget.requests, LimitKind::ToolCalls)
    }

    pub(crate) fn denial(&self) {
        self.denied.fetch_add(1, Relaxed);
    }

    /// The bounds.
    pub fn budget(&self) -> Budget {
        self.budget
    }

    /// What has been spent so far.
    pub fn spent(&self) -> Spent {
        Spent {
            turns: self.turns.load(Relaxed),
            input_tokens: self.input_tokens.load(Relaxed),
            output_tokens: self.output_tokens.load(Relaxed),
            tool_calls: self.tool_calls.load(Relaxed),
            commands: self.commands.load(Relaxed),
            requests: self.requests.load(Relaxed),
            denied: self.denied.load(Relaxed),
        }
    }
}

fn take(counter: &AtomicU64, allowed: u64, kind: LimitKind) -> Result<(), LimitReached> {
    counter
        .fetch_update(Relaxed, Relaxed, |spent| {
            (spent < allowed).then_some(spent + 1)
        })
        .map(|_| ())
        .map_err(|_| LimitReached { kind, allowed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_budget_refuses_the_next_turn() {
        let meter = Meter::new(Budget {
            turns: 1,
            ..Budget::default()
        });
        assert!(meter.turn().is_ok());
        assert_eq!(
            meter.turn(),
            Err(LimitReached {
                kind: LimitKind::Turns,
                allowed: 1
            })
        );
        assert_eq!(meter.spent().turns, 1);
    }

    #[test]
    fn tokens_past_the_budget_stop_the_next_turn() {
        let meter = Meter::new(Budget {
            tokens: 10,
            ..Budget::default()
        });
        assert!(meter.turn().is_ok());
        meter.tokens(6, 6);
        assert_eq!(
            meter.turn(),
            Err(LimitReached {
                kind: LimitKind::Tokens,
                allowed: 10
            })
        );
    }
}
