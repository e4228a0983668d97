//! The audit as JSON, one object a line: `run` at the beginning of a run, `call` for each
//! entry, `seal` at its end. Fields are only ever added; one that changes its meaning raises
//! [`AUDIT_VERSION`]. What a field means stands in the README.

use serde_json::{Value, json};

use super::{Allowed, AuditEntry};
use crate::{Ending, Hash, Payload, RunId, RunStarted, Timestamp, Verified, canonical};

/// The version of the lines.
pub const AUDIT_VERSION: u64 = 1;

/// What a run is made of, for the line that begins it.
#[derive(Clone, Debug)]
pub struct AuditHead<'r> {
    /// The run.
    pub run: RunId,
    /// When it began.
    pub at: Timestamp,
    /// Its first record.
    pub started: &'r RunStarted,
}

impl AuditHead<'_> {
    /// The line.
    pub fn to_json(&self) -> Value {
        let begun = self.started;
        let parts = begun
            .parts
            .iter()
            .map(|part| json!({ "name": part.name, "digest": part.digest, "origin": part.origin }));
        json!({
            "v": AUDIT_VERSION, "line": "run", "run": self.run.to_string(),
            "at": self.at.to_string(), "blueprint": begun.blueprint, "version": begun.version,
            "component": begun.component, "parts": parts.collect::<Vec<_>>(),
            "admission": admission(&begun.admission), "base-commit": begun.base_commit,
            "base-tree": begun.base_tree, "repository": begun.repository, "task": begun.task,
            "model": begun.model, "sandbox": begun.sandbox, "contract": begun.contract,
            "runtime-version": begun.runtime_version,
        })
    }
}

/// The digest of what was admitted.
fn admission(payload: &Payload) -> String {
    let digest = match payload {
        Payload::Inline(value) => canonical::hash(value),
        Payload::Blob { digest, .. } => *digest,
    };
    told(&digest)
}

fn told(hash: &Hash) -> String {
    format!("sha256:{hash}")
}

impl AuditEntry {
    /// The line.
    pub fn to_json(&self) -> Value {
        let allowed = self.verdict == Allowed::Allow;
        let mut line = json!({
            "v": AUDIT_VERSION, "line": "call", "run": self.run.to_string(), "seq": self.seq.0,
            "at": self.at.to_string(), "node": self.node, "visit": self.visit(),
            "part": self.part, "within": self.within, "capability": self.capability,
            "operation": self.operation, "target": self.target,
            "verdict": self.verdict.name(), "rule": self.rule,
            "outcome": self.outcome.to_string(), "bytes": self.bytes, "micros": self.micros,
            "void": self.void,
        });
        if !self.words.is_empty() {
            line["words"] = json!(self.words);
        }
        if let Some(cure) = self.cure.as_ref().filter(|_| !allowed) {
            line["cure"] = json!(cure);
        }
        line
    }
}

/// The line that ends a run whose chain was verified: its head, and how it ended.
pub fn audit_seal(verified: &Verified, ending: Option<&Ending>) -> Value {
    json!({
        "v": AUDIT_VERSION, "line": "seal", "run": verified.run.to_string(),
        "records": verified.records, "head": verified.head.hash.to_string(),
        "ended": verified.ended, "outcome": ending.map(|ending| ending.outcome.name()),
        "reason": ending.and_then(|ending| ending.reason.clone()),
        "branch": ending.and_then(|ending| ending.branch.clone()),
        "tree": ending.and_then(|ending| ending.tree.clone()),
    })
}
