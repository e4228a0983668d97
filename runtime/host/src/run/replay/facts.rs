//! What only the host writes, derived again: on which tree each visit, gate and approval
//! stood, what evidence a gate's answer makes, and that a delivery rests on it. A record that
//! was written by somebody else fits the guest's calls and not these.

use super::Replay;
use super::compare::{divergence, divergence_words};
use crate::run::assemble::RunError;
use crate::run::gate::{counts, verdict};
use crate::run::recover::parsed;
use crate::services::plugins::{Output, TestReport};
use crate::services::recorded as kept;
use minion_door::{Caller, Halt};
use minion_grants::{Digest, Evidence, Node, NodeKind, PluginUse, uncarried};
use minion_journal::{Body, Ending, Record};
use serde_json::{Value, json};

/// A hand-over, as it is recorded.
pub(super) struct Handed {
    pub(super) call: String,
    pub(super) request: Value,
    /// None when nobody heard of its end.
    pub(super) response: Option<Value>,
}

/// Whether visits of the node leave the workspace as it is.
pub(super) fn writes_nothing(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Gate | NodeKind::Approval)
}

impl Replay {
    /// The record names the tree that the workspace is at.
    pub(super) fn stands_on(
        &self,
        caller: &Caller,
        call: &str,
        record: &Record,
    ) -> Result<(), RunError> {
        let (Body::VisitStarted { tree, .. }
        | Body::Waiting { tree, .. }
        | Body::Checkpoint { tree, .. }) = &record.body
        else {
            return Ok(());
        };
        if *tree == self.tree {
            return Ok(());
        }
        let (recorded, actual) = (json!(format!("tree {tree}")), format!("tree {}", self.tree));
        Err(divergence(caller, call, record, &recorded, &actual).into())
    }

    /// What a judgement makes evidence of, which has to be what is recorded. What held the
    /// gate's commands, its tools and the files that steer it are the record's word.
    pub(super) fn evidence(
        &mut self,
        caller: &Caller,
        using: &PluginUse,
        plugin: Digest,
        output: &Output,
        base: Option<&TestReport>,
    ) -> Result<(), RunError> {
        let taken = self
            .door()
            .take(|body| matches!(body, Body::Evidence { .. }))?;
        let Some(record) = taken else {
            return Err(self.unexpected(caller, "evidence", "the gate's verdict is kept"));
        };
        let Body::Evidence { evidence } = &record.body else {
            return Err(Halt::RecordEnds.into());
        };
        let recorded: Evidence = parsed(&*self.store, evidence, "evidence")?;
        let now = Evidence {
            gate: using.name.clone(),
            plugin,
            parameters: using.parameters.clone(),
            base: self.base.clone(),
            tree: self.tree.clone(),
            verdict: verdict(output.verdict),
            counts: output.tests.as_ref().map(|tests| counts(tests, base)),
            ..recorded.clone()
        };
        if now != recorded {
            let (recorded, now) = (json!(recorded), json!(now).to_string());
            return Err(divergence(caller, "evidence", &record, &recorded, &now).into());
        }
        self.ledger.evidence.push(now);
        Ok(())
    }

    /// A delivery is of the tree that the run came to, was handed over, and rests on evidence
    /// for every gate that the recorded admission requires.
    pub(super) fn rests(&self, ending: &Ending, handed: &[Handed]) -> Result<(), RunError> {
        let differs = |recorded: &str, actual: &str| {
            let caller = self.nobody();
            Err(divergence_words(&caller, "end", recorded, actual).into())
        };
        let tree = ending.tree.as_deref().unwrap_or_default();
        if tree != self.tree {
            let recorded = format!("delivered tree {tree}");
            return differs(&recorded, &format!("the run came to tree {}", self.tree));
        }
        if tree == self.base {
            return match &ending.branch {
                None => Ok(()),
                Some(branch) => differs(branch, "nothing was changed, and no branch is made"),
            };
        }
        let made = handed.iter().any(|handed| self.is_ours(handed, ending));
        if !made {
            let branch = ending.branch.as_deref().unwrap_or("no branch");
            let recorded = format!("delivered on {branch}");
            return differs(&recorded, "no hand-over of this tree is recorded");
        }
        let why = uncarried(&self.load(&self.admission)?, tree, &self.ledger.evidence);
        if why.is_empty() {
            return Ok(());
        }
        differs("delivered", &why.join("; "))
    }

    fn is_ours(&self, handed: &Handed, ending: &Ending) -> bool {
        let request = json!({ "branch": self.branch, "tree": self.tree });
        let answered = |response: &Value| (kept::DELIVER.read)(response.clone());
        let branch = handed.response.as_ref().and_then(answered);
        handed.call == kept::DELIVER.kind.name
            && handed.request == request
            && branch.is_some_and(|branch| Some(&branch.name) == ending.branch.as_ref())
    }
}
