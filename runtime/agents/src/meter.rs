//! Counts what an agent spends. Tokens are reserved before a turn is asked
//! for and charged as the provider counted them afterwards.

use std::time::Duration;

use tokio::time::Instant;

use crate::{AgentFailure, LimitKind, Limits, Price, Refusal, Spent, Turn, TurnRequest};

/// A turn writes at most so many tokens, however large the budget is.
pub const MAX_OUTPUT_TOKENS: u64 = 16_384;

/// With less room than this a turn is not worth asking for.
const MIN_OUTPUT_TOKENS: u64 = 64;

/// Text and code have three to four bytes a token; two errs on the safe side.
const BYTES_PER_TOKEN: u64 = 2;

/// A clock cannot hold every duration.
const LONGEST: Duration = Duration::from_hours(365 * 24);

/// What an agent may spend and has spent.
pub(crate) struct Meter {
    limits: Limits,
    price: Option<Price>,
    deadline: Instant,
    spent: Spent,
    /// Bytes of the last conversation that was counted, and its tokens.
    counted: (u64, u64),
}

/// Tokens set aside for one turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reserved {
    bytes: u64,
    input: u64,
    /// What may be written.
    pub(crate) output: u64,
}

impl Meter {
    pub(crate) fn new(limits: Limits, price: Option<Price>) -> Self {
        Self {
            limits,
            price,
            deadline: Instant::now() + limits.wall.min(LONGEST),
            spent: Spent {
                cost_microdollars: price.map(|_| 0),
                ..Spent::default()
            },
            counted: (0, 0),
        }
    }

    pub(crate) fn spent(&self) -> Spent {
        self.spent
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Takes one turn and the tokens that it may need.
    pub(crate) fn reserve(&mut self, bytes: u64) -> Result<Reserved, AgentFailure> {
        if self.spent.turns >= self.limits.turns {
            return Err(self.limit(LimitKind::Turns));
        }
        if Instant::now() >= self.deadline {
            return Err(self.limit(LimitKind::WallTime));
        }
        let (counted_bytes, counted_tokens) = self.counted;
        let input = counted_tokens.saturating_add(tokens_of(bytes.saturating_sub(counted_bytes)));
        let left = self.limits.tokens.saturating_sub(self.tokens());
        let room = left.saturating_sub(input);
        if room < MIN_OUTPUT_TOKENS {
            return Err(self.limit(LimitKind::Tokens));
        }
        self.spent.turns += 1;
        let output = room.min(MAX_OUTPUT_TOKENS);
        Ok(Reserved {
            bytes,
            input,
            output,
        })
    }

    /// Charges a turn as it was counted, or as far as it can be told.
    pub(crate) fn charge(&mut self, reserved: Reserved, turn: &Turn) {
        let counted = turn.usage.filter(|usage| usage.total() > 0);
        let Some(usage) = counted else {
            return self.charge_estimate(reserved, written_bytes(turn));
        };
        self.counted = (reserved.bytes, usage.input_tokens);
        self.add(usage.input_tokens, usage.output_tokens);
        let cost = self.price.map(|price| price.of(usage));
        let sum = self.spent.cost_microdollars.zip(cost);
        self.spent.cost_microdollars = sum.map(|(so_far, more)| so_far.saturating_add(more));
    }

    /// Charges a turn whose answer never came: it may have been paid for.
    pub(crate) fn charge_unseen(&mut self, reserved: Reserved) {
        self.charge_estimate(reserved, 0);
    }

    fn charge_estimate(&mut self, reserved: Reserved, written: u64) {
        self.add(reserved.input, tokens_of(written));
        self.spent.estimated = true;
        self.spent.cost_microdollars = None;
    }

    fn add(&mut self, input: u64, output: u64) {
        self.spent.input_tokens = self.spent.input_tokens.saturating_add(input);
        self.spent.output_tokens = self.spent.output_tokens.saturating_add(output);
    }

    fn tokens(&self) -> u64 {
        let Spent {
            input_tokens,
            output_tokens,
            ..
        } = self.spent;
        input_tokens.saturating_add(output_tokens)
    }

    /// Takes one call of a tool.
    pub(crate) fn take_call(&mut self) -> Result<(), Refusal> {
        let free = self.spent.tool_calls < self.limits.tool_calls;
        self.spent.tool_calls = self.spent.tool_calls.saturating_add(1);
        if free {
            return Ok(());
        }
        Err(self.refusal(LimitKind::ToolCalls))
    }

    pub(crate) fn count_refused(&mut self) {
        self.spent.refused_calls = self.spent.refused_calls.saturating_add(1);
    }

    /// The limit after which no tool may be called any more, when there is one.
    pub(crate) fn overdrawn(&self) -> Option<LimitKind> {
        if self.tokens() > self.limits.tokens {
            return Some(LimitKind::Tokens);
        }
        (Instant::now() >= self.deadline).then_some(LimitKind::WallTime)
    }

    pub(crate) fn limit(&self, kind: LimitKind) -> AgentFailure {
        let allowed = self.allowed(kind);
        AgentFailure::Limit { kind, allowed }
    }

    pub(crate) fn refusal(&self, kind: LimitKind) -> Refusal {
        let allowed = self.allowed(kind);
        Refusal::Limit { kind, allowed }
    }

    fn allowed(&self, kind: LimitKind) -> u64 {
        match kind {
            LimitKind::Turns => self.limits.turns.into(),
            LimitKind::Tokens => self.limits.tokens,
            LimitKind::ToolCalls => self.limits.tool_calls.into(),
            LimitKind::WallTime => u64::try_from(self.limits.wall.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

fn tokens_of(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN)
}

/// How large a request is, give or take its punctuation.
pub(crate) fn bytes_of(request: &TurnRequest) -> u64 {
    let messages = serde_json::to_vec(&request.messages).map_or(0, |json| json.len());
    let tools = serde_json::to_vec(&request.tools).map_or(0, |json| json.len());
    (messages as u64).saturating_add(tools as u64)
}

fn written_bytes(turn: &Turn) -> u64 {
    let calls = serde_json::to_vec(&turn.tool_calls).map_or(0, |json| json.len());
    (turn.text.len() as u64).saturating_add(calls as u64)
}

#[cfg(test)]
#[path = "meter_tests.rs"]
mod tests;
