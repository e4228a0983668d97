//! Where a run stands, for whoever takes it up again.

use crate::disk::{decode, kind};
use crate::effective::{Survey, Voids};
use crate::reader::Pages;
use crate::{Body, Decision, Effect, Payload, ReadError, Record, RunId, Seq, Store};

/// Where a run stands: what of its journal counts, and from where it goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The last checkpoint that counts; none is the run's beginning.
    pub checkpoint: Option<Seq>,
    /// The last record that counts for a resume, which says so as its `void_after`: after
    /// the checkpoint, the last external intent or result of one, wait or decision,
    /// since neither the world nor a human is asked twice; else the checkpoint; else the
    /// first record.
    pub mark: Seq,
    /// The last external intent after the checkpoint that has no result.
    pub in_doubt: Option<Seq>,
    /// Id of the tree that stood at the mark, and has to be restored; none is the tree
    /// that the run began with.
    pub tree: Option<String>,
    /// Digest of the component that the run was moved to last.
    pub component: Option<String>,
    /// What was admitted of that component.
    pub admission: Option<Payload>,
    /// What a resume needs from then on, where the move said so.
    pub setup: Option<Payload>,
    /// The wait that the run stands at.
    pub parked: Option<Parked>,
}

/// A wait for a human.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// Its record.
    pub seq: Seq,
    /// The approval node.
    pub node: String,
    /// The how-manieth stay in this node, from 1.
    pub visit: u64,
    /// Id of the tree that the approval is about.
    pub tree: String,
    /// What was decided since. Whether it is about this tree is the reader's to judge.
    pub decision: Option<Decision>,
}

impl Standing {
    /// Reads it from the journal. Whoever has claimed the run reads what stays true.
    pub fn of(store: &dyn Store, run: RunId) -> Result<Self, ReadError> {
        let Survey { voids, moved } = Survey::of(store, run, None)?;
        let from = last_checkpoint(store, run, &voids)?.unwrap_or(Seq::FIRST);
        let mut standing = Self {
            checkpoint: None,
            mark: Seq::FIRST,
            in_doubt: None,
            tree: None,
            component: moved.as_ref().map(|moved| moved.component.clone()),
            setup: moved.as_ref().and_then(|moved| moved.setup.clone()),
            admission: moved.map(|moved| moved.admission),
            parked: None,
        };
        let mut open = Vec::new();
        let mut pages = Pages::starting(store, run, from)?;
        while let Some((prev, stored)) = pages.advance()? {
            if !voids.contain(stored.seq) {
                standing.go_on(&mut open, decode(run, prev, &stored)?);
            }
        }
        standing.in_doubt = open.last().map(|(seq, _)| *seq);
        Ok(standing)
    }

    /// `open` are the external intents without a result yet, with their trees.
    fn go_on(&mut self, open: &mut Vec<(Seq, Option<String>)>, record: Record) {
        let seq = record.seq;
        match record.body {
            Body::Checkpoint { tree, .. } => {
                (self.checkpoint, self.parked) = (Some(seq), None);
                open.clear();
                self.mark(seq, Some(tree));
            }
            Body::Intent {
                effect: Effect::External,
                tree,
                ..
            } => {
                open.push((seq, tree.clone()));
                self.mark(seq, tree);
            }
            Body::Result { intent, .. } => {
                if let Some(at) = open.iter().position(|(seq, _)| *seq == intent) {
                    self.mark(seq, open.remove(at).1);
                }
            }
            Body::Waiting { node, visit, tree } => {
                self.mark(seq, Some(tree.clone()));
                self.parked = Some(Parked {
                    seq,
                    node,
                    visit,
                    tree,
                    decision: None,
                });
            }
            Body::Decided(decision) => {
                self.mark(seq, None);
                self.decide(decision);
            }
            _ => {}
        }
    }

    fn mark(&mut self, seq: Seq, tree: Option<String>) {
        self.mark = seq;
        self.tree = tree.or(self.tree.take());
    }

    fn decide(&mut self, decision: Decision) {
        let parked = self.parked.as_mut();
        if let Some(parked) = parked.filter(|parked| parked.node == decision.node) {
            parked.decision = Some(decision);
        }
    }
}

fn last_checkpoint(store: &dyn Store, run: RunId, voids: &Voids) -> Result<Option<Seq>, ReadError> {
    let mut pages = Pages::starting(store, run, Seq::FIRST)?;
    let mut last = None;
    while let Some((prev, stored)) = pages.advance()? {
        if voids.contain(stored.seq) {
            continue;
        }
        let is_one = match kind(&stored.bytes) {
            Some(kind) => kind == b"checkpoint",
            None => matches!(decode(run, prev, &stored)?.body, Body::Checkpoint { .. }),
        };
        if is_one {
            last = Some(stored.seq);
        }
    }
    Ok(last)
}
