//! How an agent ended: with a report, or with the reason why not. Both carry
//! what was spent.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Fatal, LimitKind, ModelError, Refusal};

/// What an agent used up, whether it came to an end or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Spent {
    /// Turns that the model took.
    pub turns: u32,
    /// Calls that it asked for, refused ones among them.
    pub tool_calls: u32,
    /// Of those the refused ones.
    pub refused_calls: u32,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// The provider left a turn uncounted: the tokens hold our estimate of it.
    pub estimated: bool,
    /// None: unknown, because a price or a count is.
    pub cost_microdollars: Option<u64>,
}

/// What an agent leaves behind. What it says is data: it proves nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentReport {
    /// The last words of the model.
    pub summary: String,
    /// Fits the task's output schema, where it has one.
    pub output: Option<Value>,
    /// What it used up.
    pub spent: Spent,
    /// What a human should know, e.g. of a cassette that saw other results.
    pub notes: Vec<String>,
}

/// Why an agent did not come to its end, and what it had used up by then.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct AgentError {
    /// Why.
    #[source]
    pub cause: AgentFailure,
    /// What was used up by then.
    pub spent: Spent,
    /// As in [`AgentReport::notes`].
    pub notes: Vec<String>,
}

/// Why an agent did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum AgentFailure {
    /// A bound was reached. `allowed` counts turns, tokens or calls, or
    /// milliseconds for wall time.
    #[error("limit on {kind} reached: {allowed} allowed")]
    Limit {
        /// What was bounded.
        kind: LimitKind,
        /// The bound.
        allowed: u64,
    },
    /// One call after the other had to be refused.
    #[error("{count} tool calls or answers in a row could not be used, the last: {last}")]
    OnlyBadCalls {
        /// How many.
        count: u32,
        /// The last one.
        last: Refusal,
    },
    /// The last words never fitted the output schema.
    #[error("answer does not fit the output schema after {asked} requests: {problems}")]
    Output {
        /// How often it was asked for.
        asked: u32,
        /// What did not fit the last time.
        problems: String,
    },
    /// The provider withheld the answer.
    #[error("the provider withheld the model's answer (content filter)")]
    Filtered,
    /// The task or the tools are wrong; nothing was asked of the model.
    #[error("{0}")]
    Setup(#[from] SetupError),
    /// The model could not do its work.
    #[error(transparent)]
    Model(ModelError),
    /// A fault of the host itself.
    #[error(transparent)]
    Host(Fatal),
}

/// A task or a set of tools that no agent can be started with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// More tools than a model can choose among well.
    #[error("{count} tools are offered, at most {max} may be: name fewer in the node's `tools`")]
    TooManyTools {
        /// How many.
        count: usize,
        /// [`MAX_TOOLS`](crate::MAX_TOOLS).
        max: usize,
    },
    /// Two tools of one name.
    #[error("tool `{0}` is offered twice: rename one")]
    DuplicateTool(String),
    /// A name that providers refuse.
    #[error("tool name `{0}` is not 1–64 of a-z, A-Z, 0-9, `_` and `-`: rename it")]
    ToolName(String),
    /// A schema that cannot be used.
    #[error("JSON Schema of {of} cannot be used: {why}")]
    Schema {
        /// ``tool `x` `` or `the output`.
        of: String,
        /// What is wrong with it.
        why: String,
    },
}
