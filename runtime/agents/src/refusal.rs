//! Why a call of a tool is not executed, in words for the model and for the
//! journal.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a limit of an agent bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitKind {
    /// Turns of the model.
    Turns,
    /// Tokens, input and output together.
    Tokens,
    /// Calls of tools.
    ToolCalls,
    /// Time on the wall.
    WallTime,
}

impl fmt::Display for LimitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Turns => "turns",
            Self::Tokens => "tokens",
            Self::ToolCalls => "tool calls",
            Self::WallTime => "wall time",
        })
    }
}

/// A call or an answer of the model that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum Refusal {
    /// The tool is not on the list.
    #[error("there is no tool `{tool}`; the tools are: {offered}")]
    NotOffered {
        /// The name that was called.
        tool: String,
        /// What could have been called.
        offered: String,
    },
    /// The arguments are no JSON object.
    #[error("the arguments of `{tool}` are not a JSON object: {why}")]
    NotAnObject {
        /// The tool.
        tool: String,
        /// What the parser says.
        why: String,
    },
    /// The arguments do not fit the tool's schema.
    #[error("the arguments of `{tool}` do not fit its schema: {problems}")]
    Schema {
        /// The tool.
        tool: String,
        /// The arguments that do not fit.
        #[serde(default)]
        arguments: Vec<String>,
        /// What does not fit, and where.
        problems: String,
    },
    /// A limit of the agent is reached.
    #[error("the limit on {kind} is reached ({allowed}): answer without calling tools")]
    Limit {
        /// What is bounded.
        kind: LimitKind,
        /// The bound; milliseconds for wall time.
        allowed: u64,
    },
    /// Not a call: words that were cut off.
    #[error("the answer was cut off at {tokens} tokens: say it in fewer")]
    CutOff {
        /// How many it could have.
        tokens: u64,
    },
    /// Not a call: neither words nor calls.
    #[error("the answer was empty: say what was done, or call a tool")]
    Empty,
}

impl Refusal {
    /// The rule's own name, for records.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::NotOffered { .. } => "tool-not-offered",
            Self::NotAnObject { .. } => "arguments-not-json",
            Self::Schema { .. } => "arguments-outside-schema",
            Self::Limit { .. } => "agent-limit",
            Self::CutOff { .. } => "answer-cut-off",
            Self::Empty => "answer-empty",
        }
    }

    /// What was wanted, for records and screens: the tool, with the arguments that are wrong.
    pub fn target(&self, tool: &str) -> String {
        match self {
            Self::Schema { arguments, .. } if !arguments.is_empty() => {
                format!("{tool}({})", arguments.join(", "))
            }
            _ => tool.to_owned(),
        }
    }

    /// One line that would cure it, for a human to judge.
    pub fn cure(&self) -> String {
        match self {
            Self::NotOffered { tool, .. } => {
                format!("add `{tool}` to the node's `tools`, if there is such a tool")
            }
            Self::Limit { kind, allowed } => {
                format!("raise the node's limit on {kind} above {allowed}, or give a smaller task")
            }
            _ => "none needed: the model was told and may try again".to_owned(),
        }
    }
}
