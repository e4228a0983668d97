//! What a run's journal tells whoever goes on with it: what it is made of, and where it
//! stood at a checkpoint.

use super::assemble::RunError;
use super::begin::hash_of;
use super::elapsed::Elapsed;
use super::gate::caches_of;
use super::ledger::{Ledger, missing};
use super::machine::{Begun, Position, Told, Visits, edge};
use crate::link::LinkedPlugin;
use crate::services::plugins::Output;
use crate::services::{Agents, recorded as kept};
use minion_agents::Finding;
use minion_door::{Denied, SHOWN_DENIALS, Spent, calls};
use minion_grants::{Approval, Denial, Evidence, Graph, NodeKind, PartName, Schema, shown};
use minion_journal::{
    Body, Effective, Payload, Record, Records, RunId, RunStarted, Seq, Store, load,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// What a run is made of, as its first record says.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The run.
    pub run: RunId,
    /// Its first record.
    pub started: RunStarted,
    /// Named inputs.
    pub inputs: BTreeMap<String, String>,
    /// What the caller of [`run`](crate::run) had kept for a resume.
    pub setup: Value,
    /// The branch that the base was, for people.
    pub(super) branch: Option<String>,
    /// Where a forked run begins.
    pub(super) inherited: Option<Inherited>,
}

/// What a resume is told besides the facts of the first record.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setup {
    pub(super) branch: Option<String>,
    pub(super) caller: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) inherited: Option<Inherited>,
}

/// Where a forked run begins: what the run that it comes from had come to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Inherited {
    pub(super) at: Position,
    pub(super) visits: Visits,
    pub(super) evidence: Vec<Evidence>,
    pub(super) missing: BTreeMap<String, Vec<String>>,
    pub(super) approvals: Vec<Approval>,
    /// The tree that the workspace begins with.
    pub(super) tree: String,
}

impl From<Inherited> for Begun {
    fn from(from: Inherited) -> Self {
        Self {
            at: from.at,
            visits: from.visits,
            ledger: Ledger {
                evidence: from.evidence,
                missing: from.missing,
                approvals: from.approvals,
                ..Ledger::default()
            },
            agents: Agents::default(),
            told: None,
            ran: Duration::ZERO,
        }
    }
}

/// Reads what a run is made of.
///
/// # Errors
/// [`RunError::Store`] when there is no such run, [`RunError::Read`] when its first record
/// cannot be read.
pub fn recorded(store: &dyn Store, run: RunId) -> Result<Recorded, RunError> {
    store.summary(run)?;
    let first = Records::all(store, run)?.next().transpose()?;
    let Some(Body::RunStarted(started)) = first.map(|record| record.body) else {
        return Err(RunError::Unfit(format!(
            "run `{}` has no beginning",
            run.short()
        )));
    };
    let setup: Setup = match &started.setup {
        Some(setup) => parsed(store, setup, "setup")?,
        None => Setup::default(),
    };
    let inherited = setup.inherited.as_ref();
    if inherited.is_some_and(|inherited| !inherited.visits.can_be()) {
        return Err(RunError::Unfit(format!(
            "run `{run}` says that it began after more visits than any run has"
        )));
    }
    Ok(Recorded {
        run,
        inputs: parsed(store, &started.inputs, "inputs")?,
        started: *started,
        setup: setup.caller,
        branch: setup.branch,
        inherited: setup.inherited,
    })
}

/// The visit that a run was at the end of with that record, as people type it:
/// `15D4VZ@gather-1`; the run alone where it is not there any more.
pub fn visit_of(store: &dyn Store, run: RunId, checkpoint: Seq) -> String {
    let found = Records::starting(store, run, checkpoint).ok();
    let found = found.and_then(|mut records| records.next()?.ok());
    match found.map(|record| record.body) {
        Some(Body::Checkpoint { node, visit, .. }) => format!("{}@{node}-{visit}", run.short()),
        _ => run.short(),
    }
}

impl Recorded {
    /// The bytes of a component that the run is pinned to, by the digest that it names.
    ///
    /// # Errors
    /// [`RunError::Store`] when they are not in the store any more, or were altered.
    pub fn component(store: &dyn Store, digest: &str) -> Result<Vec<u8>, RunError> {
        Ok(store.get_blob(&hash_of(digest)?)?)
    }
}

pub(super) fn parsed<T: DeserializeOwned>(
    store: &dyn Store,
    payload: &Payload,
    what: &str,
) -> Result<T, RunError> {
    let value = load(store, payload)?;
    serde_json::from_value(value).map_err(|e| unread(what, &e))
}

/// What is wrong may be said in a stranger's words.
fn unread(what: &str, error: &serde_json::Error) -> RunError {
    let why = shown(&error.to_string());
    RunError::Unfit(format!("the journal's {what} cannot be read: {why}"))
}

/// Where a run stood, and what it had spent and was refused by then.
pub(super) struct Past {
    pub(super) begun: Begun,
    pub(super) spent: Spent,
    pub(super) denied: Vec<Denied>,
    /// Of what kind the next node is in the graph that led to it; none is an end.
    pub(super) kind: Option<NodeKind>,
    node: String,
    left: Option<Left>,
    elapsed: Elapsed,
    tree: Option<String>,
    /// The component at the time.
    component: String,
}

/// What is looked up while the past is read.
pub(super) struct Reading<'a> {
    pub(super) store: &'a dyn Store,
    /// The component that the run goes on with.
    pub(super) component: &'a str,
    pub(super) graph: &'a Graph,
    pub(super) plugins: &'a BTreeMap<PartName, LinkedPlugin>,
    /// The run's folder: what a gate was at the base counts only while its caches are there.
    pub(super) folder: &'a Path,
}

/// Where a run stood at `checkpoint`; at its beginning when there is none yet.
pub(super) fn past(
    reading: &Reading<'_>,
    recorded: &Recorded,
    checkpoint: Option<Seq>,
) -> Result<Past, RunError> {
    let begun = match recorded.inherited.clone() {
        Some(inherited) => inherited.into(),
        None => Begun::new(reading.graph),
    };
    let mut past = Past {
        begun,
        spent: Spent::default(),
        denied: Vec::new(),
        kind: None,
        node: String::new(),
        left: None,
        elapsed: Elapsed::default(),
        tree: None,
        component: recorded.started.component.clone(),
    };
    if let Some(checkpoint) = checkpoint {
        let mut gates = BTreeMap::new();
        for record in Effective::until(reading.store, recorded.run, checkpoint)? {
            past.read(reading, record?, &mut gates)?;
        }
    }
    past.begun.ran = past.elapsed.all();
    past.place(reading, recorded.inherited.is_some())?;
    Ok(past)
}

/// Gates whose intent was read: what they were asked.
type Gates = BTreeMap<Seq, Asked>;

#[derive(Deserialize)]
struct Asked {
    plugin: PartName,
    parameters: Value,
    tree: String,
    #[serde(skip)]
    at_base: bool,
}

impl Past {
    fn read(
        &mut self,
        reading: &Reading<'_>,
        record: Record,
        gates: &mut Gates,
    ) -> Result<(), RunError> {
        self.elapsed.pass(&record);
        let begun = &mut self.begun;
        match record.body {
            Body::VisitStarted { node, .. } => {
                let left = self.left.as_ref().map(|left| left.node.as_str());
                begun.enter(reading.graph, &node, left);
                self.node = node;
            }
            Body::Resumed {
                moved: Some(moved), ..
            } => self.component = moved.component,
            Body::Evidence { evidence } => {
                let evidence = parsed(reading.store, &evidence, "evidence")?;
                begun.ledger.evidence.push(evidence);
            }
            Body::Intent { call, request, .. } if gate(&call) => {
                let mut asked: Asked = parsed(reading.store, &request, "gate")?;
                asked.at_base = call == calls::GATE_BASE.name;
                gates.insert(record.seq, asked);
            }
            Body::Result { intent, response } => {
                if let Some(asked) = gates.remove(&intent) {
                    let value = load(reading.store, &response)?;
                    begun
                        .ledger
                        .remember(reading, &asked, (kept::GATE.read)(value));
                }
            }
            Body::Denied { .. } if self.denied.len() < SHOWN_DENIALS => {
                self.denied.extend(denied(&record, &self.node));
            }
            Body::Decided(decision) => begun.ledger.decided(&decision),
            Body::Checkpoint {
                node,
                label,
                state,
                findings,
                spent,
                tree,
                ..
            } => {
                self.tree = Some(tree);
                self.left = Some(Left {
                    node,
                    label,
                    state,
                    findings,
                });
                if let Some(spent) = spent {
                    self.spend(load(reading.store, &spent)?)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Where the last visit led, or where the run began, by the graph of that time.
    fn place(&mut self, reading: &Reading<'_>, forked: bool) -> Result<(), RunError> {
        let before;
        let graph = if self.component == reading.component {
            reading.graph
        } else {
            let bytes = Recorded::component(reading.store, &self.component)?;
            let bundle = minion_bundle::read(&bytes)
                .map_err(|e| RunError::Unfit(format!("`{}`: {e}", shown(&self.component))))?;
            before = bundle.graph;
            before.as_ref().unwrap_or(reading.graph)
        };
        if let Some(left) = self.left.take() {
            self.begun.at = left.position(reading.store, graph)?;
        } else if !forked {
            self.begun.at = Begun::new(graph).at;
        }
        self.kind = graph.node(&self.begun.at.node).map(|node| node.kind);
        Ok(())
    }

    /// What a fork takes over.
    pub(super) fn inherited(self) -> Result<Inherited, RunError> {
        let tree = self.tree.ok_or_else(|| {
            RunError::Unfit("a run is forked from one of its checkpoints".to_owned())
        })?;
        let Begun {
            at, visits, ledger, ..
        } = self.begun;
        Ok(Inherited {
            at,
            visits,
            evidence: ledger.evidence,
            missing: ledger.missing,
            approvals: ledger.approvals,
            tree,
        })
    }

    fn spend(&mut self, told: Value) -> Result<(), RunError> {
        let read: Told = serde_json::from_value(told).map_err(|e| unread("spending", &e))?;
        (self.spent, self.begun.agents) = (read.spent, read.agents.clone());
        self.begun.told = Some(read);
        Ok(())
    }
}

fn gate(call: &str) -> bool {
    [calls::GATE_RUN.name, calls::GATE_BASE.name].contains(&call)
}

/// What a visit left with.
struct Left {
    node: String,
    label: String,
    state: Payload,
    findings: Option<Payload>,
}

impl Left {
    fn position(self, store: &dyn Store, graph: &Graph) -> Result<Position, RunError> {
        let Some(node) = graph.nodes.iter().find(|node| node.id == *self.node) else {
            return Err(RunError::Unfit(format!(
                "the run was at node `{}`, which the blueprint's graph does not have",
                shown(&self.node)
            )));
        };
        let to = edge(node, &self.label).map_err(RunError::Unfit)?.clone();
        let findings: Vec<Finding> = match &self.findings {
            Some(findings) => parsed(store, findings, "findings")?,
            None => Vec::new(),
        };
        Ok(Position {
            node: to,
            state: load(store, &self.state)?,
            last: Some((self.node, self.label)),
            findings,
        })
    }
}

fn denied(record: &Record, node: &str) -> Option<Denied> {
    let Body::Denied {
        call,
        capability,
        target,
        rule,
        cure,
        ..
    } = &record.body
    else {
        return None;
    };
    let capability = serde_json::from_value(Value::String(capability.clone())).ok()?;
    Some(Denied {
        node: node.to_owned(),
        call: call.clone(),
        denial: Denial {
            capability,
            target: target.clone(),
            rule: rule.clone(),
            cure: cure.clone(),
        },
    })
}

impl Ledger {
    /// What a gate came to, as far as later judgements rest on it.
    fn remember(&mut self, reading: &Reading<'_>, asked: &Asked, output: Option<Output>) {
        let Some(plugin) = reading.plugins.get(&asked.plugin) else {
            return;
        };
        let tests = output.and_then(|output| output.tests);
        let key = Self::key(&plugin.digest, &asked.parameters);
        if asked.at_base {
            let caches = caches_of(reading.folder, &plugin.digest, &asked.parameters);
            if caches.is_dir() {
                let complete = tests.filter(|report| report.complete);
                self.base.insert(key, complete);
            }
        } else if let (Some(Some(base)), Some(now)) = (self.base.get(&key), &tests) {
            self.missing.insert(asked.tree.clone(), missing(base, now));
        }
    }
}

/// Why a run cannot go on with another version of its blueprint from where it stands; empty
/// when it can.
pub(super) fn misfits(past: &Past, graph: &Graph, schema: &Schema) -> Vec<String> {
    let mut problems = Vec::new();
    let (node, state) = (&past.begun.at.node, &past.begun.at.state);
    match (past.kind, graph.node(node)) {
        (Some(_), None) => problems.push(format!(
            "the run goes on at node `{node}`, which the new graph does not have"
        )),
        (Some(before), Some(after)) if before != after.kind => problems.push(format!(
            "node `{node}` was of kind {} and is of kind {} now",
            json!(before),
            json!(after.kind)
        )),
        _ => {}
    }
    if let Err(why) = schema.check(state) {
        problems.push(format!(
            "the run's state breaks the new graph's schema: {why}"
        ));
    }
    problems
}
