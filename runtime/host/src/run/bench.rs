//! What the benches take of a run: single visits, without the walk around them. No promise
//! is made about it; nothing else is built with the feature `bench`.

use super::assemble::Run;
use super::begin::begin;
use super::machine::Position;
use super::{RunError, RunRequest, step};
use crate::engine::Engine;
use crate::event::Observer;
use crate::link::Linked;
use crate::view::Place;
use minion_door::Halt;
use std::path::PathBuf;
use std::sync::PoisonError;

/// A run that stands before its first visit.
pub struct Prepared(Run);

impl Prepared {
    /// Everything before the first visit, as every run does it.
    ///
    /// # Errors
    /// [`RunError`] as of [`run`](crate::run).
    pub fn new(
        linked: Linked,
        request: RunRequest,
        observer: &dyn Observer,
    ) -> Result<Self, RunError> {
        begin(linked, request, observer).map(Self)
    }

    /// The task of the visits that follow.
    pub fn set_task(&mut self, task: String) {
        self.0.machine.task = task;
    }

    /// The root of the workspace.
    pub fn root(&self) -> PathBuf {
        self.0.view.root().to_owned()
    }

    /// One visit of a step: a fresh instance, the call, the drop. The label, or why there
    /// is none.
    ///
    /// # Errors
    /// [`Halt`] when the journal cannot be written.
    pub async fn visit(&mut self, node: &str) -> Result<Result<String, String>, Halt> {
        let run = &mut self.0;
        let found = run
            .machine
            .graph
            .nodes
            .iter()
            .find(|known| known.id == *node);
        let Some(node) = found.cloned() else {
            return Ok(Err(format!("there is no node `{node}`")));
        };
        let caller = run.machine.caller(&node, run.visits.all, 1);
        let at = Position {
            node: node.id.clone(),
            state: serde_json::json!({}),
            last: None,
            findings: Vec::new(),
        };
        let visited = step::step(&run.machine, &run.view, &caller, &node, &at).await?;
        Ok(visited.map(|visit| visit.label))
    }

    /// The barrier at the end of a visit.
    ///
    /// # Errors
    /// [`Halt`] when the journal cannot be written.
    pub fn commit(&self) -> Result<(), Halt> {
        Ok(self.0.services.door.journal()?.commit()?)
    }

    /// What `workspace.changes` does with the files, without the call. The number of them.
    ///
    /// # Panics
    /// When the workspace cannot be read.
    #[expect(clippy::expect_used, reason = "a bench stops when it fails")]
    pub fn changes(&self) -> usize {
        let Place::Workspace(checkout) = &self.0.view.place else {
            return 0;
        };
        let mut checkout = checkout.lock().unwrap_or_else(PoisonError::into_inner);
        let tree = checkout.snapshot().expect("a snapshot").tree;
        let objects = &self.0.world().expect("a live run").objects;
        let changes = objects.changes(self.0.base.tree, tree);
        changes.expect("two trees").len()
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Prepared({})", self.0.id)
    }
}

/// The engine beneath, for the floor: the same compiler, the same allocator.
pub fn wasmtime(engine: &Engine) -> &wasmtime::Engine {
    engine.wasmtime()
}
