//! The audit of a run: every call that was judged, by whom it was made, which rule decided and
//! what came of it. A pure reading of the records, as a stream.
//!
//! In comes a run of a [`Store`](crate::Store), out come [`AuditEntry`]s: an allowed call when
//! it has come out, a refused one where it was refused. What was begun and never came out is
//! told when a resume or the end of the journal shows so. Void calls are told too, and marked:
//! they were done again, but they happened.
//!
//! Nothing of a run is kept in memory but the calls that are open. The chain is not checked:
//! [`crate::verify`] does. A payload that cannot be read any more hides no entry, only what
//! stood in it.

mod call;
mod filter;
mod line;
mod reading;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::{RunId, Seq, Timestamp};

pub use filter::AuditFilter;
pub use line::{AUDIT_VERSION, AuditHead, audit_seal};
pub use reading::Audit;

/// One call that was judged, or what a human decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// In which run.
    pub run: RunId,
    /// The record that tells of the judgement.
    pub seq: Seq,
    /// When it was written: for a call that was done in one go, when it had come out.
    pub at: Timestamp,
    /// The node; none between visits and at the end, where the host itself acts.
    pub node: Option<String>,
    /// The how-manieth stay in the node.
    pub round: Option<u64>,
    /// The component that made the call: the blueprint, or the plugin beneath it.
    pub part: String,
    /// The call that this one happened inside of, such as `agent.run` for a tool of a model.
    pub within: Option<String>,
    /// What kind of capability it takes: `files`, `command`, `agent`, `delivery`, `plugins`,
    /// `approval`; of a call that this program does not know, the word before its dot.
    pub capability: String,
    /// What was called: `workspace.read`.
    pub operation: String,
    /// On what: the resolved path, the command, the plugin, the branch.
    pub target: String,
    /// Program and arguments of a command, whole.
    pub words: Vec<String>,
    /// Whether it was allowed.
    pub verdict: Allowed,
    /// The rule that decided; empty where nothing was to be judged, since the answer holds
    /// only what the caller may see.
    pub rule: String,
    /// The line that would cure a refusal.
    pub cure: Option<String>,
    /// What came of it.
    pub outcome: CameOut,
    /// Bytes that were read, written or printed, where that is known.
    pub bytes: Option<u64>,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// Whether a resume made it void: it was done again.
    pub void: bool,
}

impl AuditEntry {
    /// The visit as people name it: `implement-2`.
    pub fn visit(&self) -> Option<String> {
        Some(format!("{}-{}", self.node.as_ref()?, self.round?))
    }
}

/// What the judge, or a human, said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Allowed {
    /// Yes.
    Allow,
    /// No.
    Deny,
}

impl Allowed {
    /// Its name, as shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CameOut {
    /// It was done.
    Done,
    /// It was refused, and did not happen.
    Refused,
    /// It was begun, and nothing is recorded of its end.
    NoResult,
    /// It did not succeed: `not-found`, `limit`, as the contract names it.
    Failed(String),
    /// A command ended with this code.
    Exited(i64),
    /// A command was ended by a signal.
    Killed,
    /// A command's time ran out.
    TimedOut,
    /// A gate or a plugin said so.
    Said(String),
    /// What it answered is no more to be read.
    Unreadable,
}

impl fmt::Display for CameOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Refused => f.write_str("refused"),
            Self::NoResult => f.write_str("no result"),
            Self::Failed(how) => write!(f, "failed: {how}"),
            Self::Exited(code) => write!(f, "exit {code}"),
            Self::Killed => f.write_str("killed"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Said(what) => f.write_str(what),
            Self::Unreadable => f.write_str("unreadable"),
        }
    }
}
