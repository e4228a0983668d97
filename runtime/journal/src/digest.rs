//! The *run digest*: what a guest saw and did, in one hash.
//!
//! Two runs have the same digest when their guests were told the same and said the same,
//! whenever, wherever and after however many crashes. It is fed record by record, by who
//! reads a journal or by who does a run again, with the records that count
//! ([`crate::Effective`]).
//!
//! In it: of each visit node, round and tree; of each call that is not beneath another
//! one name, request, and response, or of a refusal name, request, capability and target;
//! lines of log that are not beneath a call; of evidence gate, plugin, tree and verdict;
//! of each checkpoint node, round, label, state, findings and tree; decisions; and the
//! outcome in one word.
//!
//! Not in it: times, durations, ids, places; which rule allowed or refused, and the line
//! that would cure it, whose wording is the program's; calls beneath others, which only
//! the host and its plugins see; calls between visits and after the last, which only the
//! host makes; intents without a result, which no guest heard of;
//! resumes, waits and stops; the run's reason, branch and totals.
//!
//! It is SHA-256 over a list of texts and hashes, each after its length. A payload counts
//! as the SHA-256 of its bytes, so it is the same inline and as a blob.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::canonical;
use crate::{Body, Decision, Effective, Hash, Payload, ReadError, Record, RunId, Seq, Store, load};

const DOMAIN: &str = "minion-journal/run/v1";

/// Adds up the digest of a run.
pub struct RunDigest {
    hasher: Sha256,
    visit: Option<Seq>,
    /// Whether the visit goes on: what is called between visits and after the last one is the
    /// host's own, such as the branch that bears the run's name.
    within: bool,
    /// Calls that are not beneath another one and have no result yet.
    open: BTreeMap<Seq, (String, Hash)>,
}

impl Default for RunDigest {
    fn default() -> Self {
        Self::new()
    }
}

impl RunDigest {
    /// Of no record yet.
    pub fn new() -> Self {
        let mut digest = Self {
            hasher: Sha256::new(),
            visit: None,
            within: false,
            open: BTreeMap::new(),
        };
        digest.text(DOMAIN);
        digest
    }

    /// Reads it from a journal.
    pub fn of(store: &dyn Store, run: RunId) -> Result<Hash, ReadError> {
        let mut digest = Self::new();
        for record in Effective::of(store, run)? {
            digest.record(&record?, &mut |payload| load(store, payload))?;
        }
        Ok(digest.finish())
    }

    /// Takes in the next record that counts. `resolve` is asked for the value of evidence
    /// alone, of which parts are taken.
    pub fn record<E>(
        &mut self,
        record: &Record,
        resolve: &mut dyn FnMut(&Payload) -> Result<Value, E>,
    ) -> Result<(), E> {
        match record.body {
            Body::VisitStarted { .. } => (self.visit, self.within) = (Some(record.seq), true),
            Body::Checkpoint { .. } => self.within = false,
            _ => {}
        }
        // A visit is no call: what names it as its parent is beneath none.
        let beneath = record.parent.is_some() && record.parent != self.visit;
        match &record.body {
            Body::Evidence { evidence } => self.evidence(&resolve(evidence)?),
            Body::Result { intent, response } => self.result(*intent, response),
            Body::Call { .. } | Body::Intent { .. } | Body::Denied { .. } | Body::Log { .. }
                if beneath || !self.within => {}
            body => self.body(record.seq, body),
        }
        Ok(())
    }

    /// The digest of all that was taken in.
    pub fn finish(self) -> Hash {
        Hash(self.hasher.finalize().into())
    }

    fn body(&mut self, seq: Seq, body: &Body) {
        match body {
            Body::VisitStarted { node, visit, tree } => self.visit(node, *visit, tree),
            Body::Call {
                call,
                request,
                response,
                ..
            } => self.call(call, digest(request), response),
            Body::Intent { call, request, .. } => {
                self.open.insert(seq, (call.clone(), digest(request)));
            }
            Body::Denied {
                call,
                capability,
                target,
                request,
                ..
            } => {
                self.texts(&["denied", call, capability, target]);
                self.payload(request.as_ref());
            }
            Body::Log { level, message } => {
                self.texts(&["log", level.name(), message]);
            }
            Body::Checkpoint { .. } => self.checkpoint(body),
            Body::Decided(decision) => self.decision(decision),
            Body::Ended(ending) => {
                self.texts(&["ended", ending.outcome.name()]);
            }
            _ => {}
        }
    }

    fn visit(&mut self, node: &str, round: u64, tree: &str) {
        self.texts(&["visit", node, tree]);
        self.number(round);
    }

    fn call(&mut self, call: &str, request: Hash, response: &Payload) {
        self.texts(&["call", call]);
        self.part(&request.0);
        self.part(&digest(response).0);
    }

    fn result(&mut self, intent: Seq, response: &Payload) {
        if let Some((call, request)) = self.open.remove(&intent) {
            self.call(&call, request, response);
        }
    }

    fn evidence(&mut self, evidence: &Value) {
        self.text("evidence");
        for part in ["gate", "plugin", "tree", "verdict"] {
            self.text(&evidence[part].to_string());
        }
    }

    fn checkpoint(&mut self, body: &Body) {
        if let Body::Checkpoint {
            node,
            visit,
            label,
            state,
            tree,
            findings,
            spent: _,
        } = body
        {
            self.texts(&["checkpoint", node, label, tree]);
            self.number(*visit);
            self.payload(Some(state));
            self.payload(findings.as_ref());
        }
    }

    fn decision(&mut self, decision: &Decision) {
        let word = if decision.approved { "yes" } else { "no" };
        let Decision {
            node,
            by,
            tree,
            comment,
            accepts,
            ..
        } = decision;
        self.texts(&["decided", node, word, by, tree]);
        self.number(u64::from(comment.is_some()));
        if let Some(comment) = comment {
            self.text(comment);
        }
        self.number(accepts.len() as u64);
        for path in accepts {
            self.text(path);
        }
    }

    fn payload(&mut self, payload: Option<&Payload>) {
        match payload {
            Some(payload) => self.part(&digest(payload).0),
            None => self.part(b""),
        }
    }

    fn number(&mut self, number: u64) {
        self.part(&number.to_be_bytes());
    }

    fn texts(&mut self, texts: &[&str]) {
        for text in texts {
            self.text(text);
        }
    }

    fn text(&mut self, text: &str) {
        self.part(text.as_bytes());
    }

    fn part(&mut self, bytes: &[u8]) {
        self.hasher.update((bytes.len() as u64).to_be_bytes());
        self.hasher.update(bytes);
    }
}

impl std::fmt::Debug for RunDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RunDigest")
    }
}

/// The SHA-256 of a payload's bytes; a value's are its canonical JSON.
fn digest(payload: &Payload) -> Hash {
    match payload {
        Payload::Inline(value) => canonical::hash(value),
        Payload::Blob { digest, .. } => *digest,
    }
}
