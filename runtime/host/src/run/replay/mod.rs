//! Doing a run again from its journal alone: no repository, no model, no network, no
//! workspace. Every call of a guest is answered from the record; what the guest asks, where
//! it goes next and what state it leaves have to be what is recorded, or the replay names
//! the first difference.

mod compare;
mod facts;
mod gate;

use super::approval;
use super::assemble::{RunError, seed};
use super::hand_over::delivered_branch;
use super::ledger::Ledger;
use super::machine::{Begun, Machine, Next, Position, Visit, Visits};
use super::recover::{Recorded, recorded};
use super::step;
use crate::engine::Engine;
use crate::event::Detail;
use crate::inspect::inspect_recorded;
use crate::link::{self, Parts};
use crate::load::Loaded;
use crate::services::Services;
use crate::view::View;
use minion_door::{Caller, Door, Halt};
use minion_grants::{Executor, Node, NodeKind};
use minion_journal::{
    Body, Effective, Ending, Hash, Moved, Outcome, Payload, ReadError, Record, RunDigest, RunId,
    Store,
};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a replay came to.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// The run.
    pub run: RunId,
    /// Visits that were done again.
    pub visits: u64,
    /// The run digest: over what the guest asked and heard, where it went, and on which
    /// trees.
    pub digest: Hash,
    /// How the run ended; none when it has not.
    pub outcome: Option<Outcome>,
}

/// Does a run again.
///
/// # Errors
/// [`RunError::Halt`] with a [`Divergence`] at the first difference; [`RunError::Read`] and
/// [`RunError::Store`] when the journal does not hold together any more.
pub async fn replay(
    store: Arc<dyn Store>,
    run: RunId,
    engine: &Engine,
) -> Result<Replayed, RunError> {
    let recorded = recorded(&*store, run)?;
    let digest = Arc::new(Mutex::new(RunDigest::new()));
    let mut records = Digested {
        records: Effective::of(Arc::clone(&store), run)?,
        digest: Arc::clone(&digest),
        store: Arc::clone(&store),
    };
    // The first record is what `recorded` read.
    records.next().transpose()?;
    let door = Door::replaying(Box::new(records), Arc::clone(&store));
    let mut replay = Replay::new(&store, recorded, engine, door)?;
    let inherited = replay.visits.all;
    let ending = match replay.walk().await {
        Ok(ending) => ending,
        Err(RunError::Halt(Halt::RecordEnds)) => replay.cut_off()?,
        Err(other) => return Err(other),
    };
    // What a limit cut off was not done again, and is in the digest all the same.
    while replay.door().take(|_| true)?.is_some() {}
    let visits = replay.visits.all - inherited;
    drop(replay);
    let digest = Arc::into_inner(digest).and_then(|digest| digest.into_inner().ok());
    Ok(Replayed {
        run,
        visits,
        digest: digest.unwrap_or_default().finish(),
        outcome: ending.map(|ending| ending.outcome),
    })
}

/// Records that are added up as they are read, so that they are read once.
struct Digested<R> {
    records: R,
    digest: Arc<Mutex<RunDigest>>,
    store: Arc<dyn Store>,
}

impl<R: Iterator<Item = Result<Record, ReadError>>> Iterator for Digested<R> {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = match self.records.next()? {
            Ok(record) => record,
            Err(error) => return Some(Err(error)),
        };
        let mut digest = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        let store = &*self.store;
        let added = digest.record(&record, &mut |payload| minion_journal::load(store, payload));
        Some(added.map(|()| record))
    }
}

struct Replay {
    machine: Machine,
    at: Position,
    visits: Visits,
    /// What gates came to, and what humans said.
    ledger: Ledger,
    /// Id of the base's tree.
    base: String,
    /// Id of the tree that the workspace is at.
    tree: String,
    /// What was admitted last.
    admission: Payload,
    /// The branch that a delivery makes.
    branch: String,
    /// The blueprint's name.
    name: String,
    view: Arc<View>,
    store: Arc<dyn Store>,
    engine: Engine,
}

impl Replay {
    fn new(
        store: &Arc<dyn Store>,
        recorded: Recorded,
        engine: &Engine,
        door: Door,
    ) -> Result<Self, RunError> {
        let name = recorded.started.blueprint.clone();
        let version = &recorded.started.version;
        let parts = load(
            &**store,
            engine,
            (&name, version),
            &recorded.started.component,
        )?;
        let started = store.summary(recorded.run)?.begun.started;
        let graph = parts.graph.clone();
        let services = Services {
            engine: engine.clone(),
            door,
            plugins: parts.plugins,
            prompts: parts.prompts,
            project: Vec::new(),
            world: None,
            started: Duration::from_micros(started.micros()),
            seed: seed(recorded.run),
            visit_spent: Mutex::default(),
            agents: Mutex::default(),
        };
        let base = recorded.started.base_tree;
        let (tree, begun) = match recorded.inherited {
            Some(inherited) => (inherited.tree.clone(), inherited.into()),
            None => (base.clone(), Begun::new(&graph)),
        };
        Ok(Self {
            machine: Machine {
                services: Arc::new(services),
                blueprint: parts.blueprint,
                graph,
                schema: parts.schema,
                task: recorded.started.task,
                inputs: recorded.inputs,
            },
            at: begun.at,
            visits: begun.visits,
            ledger: begun.ledger,
            base,
            tree,
            admission: recorded.started.admission,
            branch: delivered_branch(recorded.run),
            name,
            view: Arc::new(View::nowhere()),
            store: Arc::clone(store),
            engine: engine.clone(),
        })
    }

    fn door(&self) -> &Door {
        &self.machine.services.door
    }

    /// Walks to the end of the record; gives how the run ended.
    async fn walk(&mut self) -> Result<Option<Ending>, RunError> {
        loop {
            self.move_on()?;
            match self.machine.next(&mut self.at, &self.visits) {
                Next::End(end) => return self.ended(&end).map(Some),
                Next::Visit(node) => {
                    if let Some(ending) = self.visit(&node).await? {
                        return Ok(Some(ending));
                    }
                }
            }
        }
    }

    /// One visit; an ending when the run ended in it.
    async fn visit(&mut self, node: &Node) -> Result<Option<Ending>, RunError> {
        let Some(begun) = self.entered(node)? else {
            // The run was left or stopped by a limit before the visit began.
            return Err(Halt::RecordEnds.into());
        };
        let round = self.visits.enter(node.id.as_str());
        let caller = self.machine.caller(node, self.visits.all, round);
        self.stands_on(&caller, "visit", &begun)?;
        let visited = match (&node.kind, &node.executor) {
            (NodeKind::Gate, Executor::Plugin(plugin)) => self.gate(&caller, plugin).await?,
            (NodeKind::Approval, _) => self.approval(&caller)?,
            (_, Executor::Plugin(plugin)) => {
                step::plugin(&self.machine, &self.view, &caller, plugin, &self.at).await?
            }
            (_, _) => step::step(&self.machine, &self.view, &caller, node, &self.at).await?,
        };
        match visited {
            Ok(visit) => {
                // A run is moved while it waits: it leaves by the edges of the new graph.
                let nodes = &self.machine.graph.nodes;
                let moved = nodes.iter().find(|other| other.id == node.id).cloned();
                self.left(&caller, moved.as_ref().unwrap_or(node), visit)?;
                Ok(None)
            }
            Err(reason) => self.failed(&caller, &reason).map(Some),
        }
    }

    /// The recorded start of the visit, which has to be of this node; none where the record ends.
    fn entered(&mut self, node: &Node) -> Result<Option<Record>, RunError> {
        let round = self
            .visits
            .of
            .get(node.id.as_str())
            .copied()
            .unwrap_or_default()
            + 1;
        let taken = self.door().take(
            |body| matches!(body, Body::VisitStarted { node: at, visit, .. } if node.id == **at && *visit == u64::from(round)),
        )?;
        if taken.is_some() {
            return Ok(taken);
        }
        match self
            .door()
            .take(|body| matches!(body, Body::VisitStarted { .. }))?
        {
            None => Ok(None),
            Some(other) => {
                let actual = format!("a visit of `{}`", node.id);
                Err(self.differs(node.id.as_str(), round, "visit", &other, &actual))
            }
        }
    }

    /// What a human said.
    fn approval(&mut self, caller: &Caller) -> Result<Result<Visit, String>, RunError> {
        let waited = self
            .door()
            .take(|body| matches!(body, Body::Waiting { .. }))?;
        self.move_on()?;
        let decided = self.door().take(|body| matches!(body, Body::Decided(_)))?;
        self.move_on()?;
        let Some(waited) = waited else {
            return Err(self.unexpected(caller, "waiting", "the run waits for a human"));
        };
        self.stands_on(caller, "waiting", &waited)?;
        let Some(Body::Decided(decision)) = decided.map(|record| record.body) else {
            return Err(Halt::RecordEnds.into());
        };
        if let Some(why) = approval::other_tree(&caller.node, &decision, &self.tree) {
            return Ok(Err(why));
        }
        Ok(Ok(Visit {
            label: approval::label(&decision).to_owned(),
            state: self.at.state.clone(),
            findings: self.at.findings.clone(),
            detail: Detail::Decided(decision),
        }))
    }

    /// Takes over other versions where the run was moved to them.
    fn move_on(&mut self) -> Result<(), RunError> {
        let resumed = |body: &Body| matches!(body, Body::Resumed { .. });
        while let Some(record) = self.door().take(resumed)? {
            if let Body::Resumed {
                moved: Some(moved), ..
            } = record.body
            {
                self.become_version(&moved)?;
                self.admission = moved.admission;
            }
        }
        Ok(())
    }

    fn become_version(&mut self, moved: &Moved) -> Result<(), RunError> {
        let called = (self.name.as_str(), moved.version.as_str());
        let parts = load(&*self.store, &self.engine, called, &moved.component)?;
        let Some(services) = Arc::get_mut(&mut self.machine.services) else {
            return Err(RunError::Unfit("a visit holds its services".to_owned()));
        };
        (services.plugins, services.prompts) = (parts.plugins, parts.prompts);
        self.machine.blueprint = parts.blueprint;
        self.machine.graph = parts.graph;
        self.machine.schema = parts.schema;
        Ok(())
    }

    fn load(&self, payload: &Payload) -> Result<Value, RunError> {
        Ok(minion_journal::load(&*self.store, payload)?)
    }
}

/// The component that a run is pinned to, from the store. It has to be what the record calls it.
fn load(
    store: &dyn Store,
    engine: &Engine,
    called: (&str, &str),
    digest: &str,
) -> Result<Parts, RunError> {
    let unfit = |why: String| RunError::Unfit(format!("the component `{digest}`: {why}"));
    let bytes = Recorded::component(store, digest)?;
    let inspected =
        inspect_recorded(Loaded::kept(bytes, digest)).map_err(|e| unfit(e.to_string()))?;
    let manifest = &inspected.bundle().manifest;
    let (name, version) = (manifest.name.to_string(), manifest.version.to_string());
    if called != (name.as_str(), version.as_str()) {
        let (other, another) = called;
        return Err(unfit(format!(
            "it is {name} {version}, and the record calls it {other} {another}"
        )));
    }
    link::parts(&inspected, engine).map_err(|e| unfit(e.to_string()))
}
