//! What a caller hears when an effect did not happen, and what stops a run.

use crate::Caller;
use crate::script::brief;
use minion_grants::Denial;
use minion_journal::{JournalError, Seq};
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
            Self::Denied(denial) => json!({ "failure": "denied", "denial": denial }),
            Self::NotFound(what) => json!({ "failure": "not-found", "text": what }),
            Self::Invalid(what) => json!({ "failure": "invalid", "text": what }),
            Self::Limit(limit) => json!({ "failure": "limit", "limit": limit }),
            Self::Unavailable(what) => json!({ "failure": "unavailable", "text": what }),
            Self::Other(what) => json!({ "failure": "other", "text": what }),
        }
    }

    /// The failure that a recorded response tells of, if it tells of one.
    pub fn from_json(value: &serde_json::Value) -> Option<Self> {
        let told = value.as_object()?;
        let text = || Some(told.get("text")?.as_str()?.to_owned());
        match told.get("failure")?.as_str()? {
            "denied" => Denial::deserialize(told.get("denial")?)
                .ok()
                .map(Self::Denied),
            "not-found" => text().map(Self::NotFound),
            "invalid" => text().map(Self::Invalid),
            "limit" => LimitReached::deserialize(told.get("limit")?)
                .ok()
                .map(Self::Limit),
            "unavailable" => text().map(Self::Unavailable),
            "other" => text().map(Self::Other),
            _ => None,
        }
    }
}

impl Divergence {
    /// At a call of `caller`; texts are escaped and cut.
    pub fn new(caller: &Caller, call: &str, expected: &str, actual: &str) -> Self {
        Self {
            node: caller.node.clone(),
            round: caller.round,
            call: call.to_owned(),
            record: None,
            expected: brief(expected),
            actual: brief(actual),
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
    /// What happens now is not what the journal says.
    #[error(transparent)]
    Diverged(Box<Divergence>),
    /// An effect on the outside world may or may not have happened, and nobody but a human
    /// can tell.
    #[error("in doubt: {0}")]
    InDoubt(String),
    /// A human has to decide before the run goes on.
    #[error("the run waits for a human at `{0}`")]
    Waits(String),
    /// A replay came to the end of what was recorded.
    #[error("the record ends here")]
    RecordEnds,
    /// What was recorded cannot be read.
    #[error("the journal cannot be read")]
    Unread(#[from] minion_journal::ReadError),
}

/// The first place where a run does not do what the journal says it did.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "node `{node}` (visit {round}) diverges at `{call}`{}\n  recorded  {expected}\n  now       {actual}",
    .record.map(|seq| format!(", record {seq}")).unwrap_or_default()
)]
pub struct Divergence {
    /// The node of the graph.
    pub node: String,
    /// The how-manieth visit of that node.
    pub round: u32,
    /// The call, or `checkpoint`, `log`.
    pub call: String,
    /// The first record that differs; none when the record has nothing more.
    pub record: Option<Seq>,
    /// What the journal says, escaped and bounded.
    pub expected: String,
    /// What happened instead, escaped and bounded.
    pub actual: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use minion_grants::CapabilityKind;

    #[test]
    fn a_recorded_failure_reads_back_as_it_was() {
        let denial = Denial {
            capability: CapabilityKind::Files,
            target: "src/x".to_owned(),
            rule: "not-granted".to_owned(),
            cure: "add it".to_owned(),
        };
        let limit = LimitReached {
            kind: LimitKind::ToolCalls,
            allowed: 7,
        };
        for failure in [
            Failure::Denied(denial),
            Failure::NotFound("a".to_owned()),
            Failure::Invalid("b".to_owned()),
            Failure::Limit(limit),
            Failure::Unavailable("c".to_owned()),
            Failure::Other("d".to_owned()),
        ] {
            assert_eq!(Failure::from_json(&failure.to_json()), Some(failure));
        }
        assert_eq!(
            Failure::from_json(&serde_json::json!({ "text": "x" })),
            None
        );
    }
}
