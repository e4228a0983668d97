//! What a caller hears when an effect did not happen, and what stops a run.

use minion_grants::Denial;
use minion_journal::JournalError;
use serde::{Deserialize, Serialize};

/// What a limit bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitKind {
    /// Model turns.
    Turns,
    /// Input and output tokens together.
    Tokens,
    /// Tool calls of agents.
    ToolCalls,
    /// Wall time, in milliseconds.
    WallTime,
    /// Bytes of memory.
    Memory,
    /// Bytes of output.
    Output,
    /// Number of files.
    Files,
    /// Bytes on disk.
    Disk,
}

/// A bound that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LimitReached {
    /// What is bounded.
    pub kind: LimitKind,
    /// The bound: a count, bytes or milliseconds, as the kind says.
    pub allowed: u64,
}

/// Why an effect did not happen, in the words of the WIT contract.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    /// Outside of what the caller may do.
    #[error("denied: {} `{}` ({}); {}", .0.capability, .0.target, .0.rule, .0.cure)]
    Denied(Denial),
    /// The thing named does not exist.
    #[error("`{0}` does not exist")]
    NotFound(String),
    /// The request is wrong.
    #[error("{0}")]
    Invalid(String),
    /// A bound was reached.
    #[error("limit reached: {:?}, {} allowed", .0.kind, .0.allowed)]
    Limit(LimitReached),
    /// A program, model or plugin could not do its work.
    #[error("{0}")]
    Unavailable(String),
    /// Whatever else.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// The failure as the journal keeps it.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::json;
        match self {
            Self::Denied(denial) => {
                json!({ "failure": "denied", "rule": denial.rule, "target": denial.target })
            }
            Self::NotFound(what) => json!({ "failure": "not-found", "text": what }),
            Self::Invalid(what) => json!({ "failure": "invalid", "text": what }),
            Self::Limit(limit) => json!({ "failure": "limit", "limit": limit }),
            Self::Unavailable(what) => json!({ "failure": "unavailable", "text": what }),
            Self::Other(what) => json!({ "failure": "other", "text": what }),
        }
    }
}

/// The run cannot go on: nothing may happen that could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// The journal could not be written.
    #[error("the journal cannot be written, so nothing more may happen")]
    Journal(#[from] JournalError),
    /// The run was asked to stop.
    #[error("the run was stopped: {0}")]
    Stopped(String),
}
