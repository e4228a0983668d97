//! The walk: visit after visit until an end of the graph.

use super::prepare::Run;
use super::{gate, step};
use crate::event::{Detail, Event, Observer, Visited};
use minion_agents::Finding;
use minion_door::{Caller, Halt};
use minion_grants::{Executor, Node, NodeId, NodeKind};
use minion_journal::{Body, Seq};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Findings that go from visit to visit at most.
pub(super) const MOST_FINDINGS: usize = 200;

/// Where a walk came to an end.
#[derive(Debug)]
pub(super) enum End {
    /// The graph says: deliver.
    Delivered,
    /// The blueprint ended in failure.
    Failed(String),
    /// A human has to go on.
    Escalated(String),
    /// A limit, or a person.
    Stopped(String),
}

/// What moves from visit to visit.
#[derive(Debug)]
pub(super) struct Position {
    pub(super) node: NodeId,
    pub(super) state: Value,
    pub(super) last: Option<(String, String)>,
    pub(super) findings: Vec<Finding>,
}

/// What a visit came to.
pub(super) struct Visit {
    pub(super) label: String,
    pub(super) state: Value,
    pub(super) findings: Vec<Finding>,
    pub(super) detail: Detail,
}

/// A visit that ends the walk instead of taking an edge.
pub(super) type Visiting = Result<Result<Visit, String>, Halt>;

/// Walks from the start of the graph.
pub(super) async fn walk(run: &mut Run, observer: &dyn Observer) -> Result<End, Halt> {
    let mut at = Position {
        node: run.graph.start.clone(),
        state: Value::Object(serde_json::Map::new()),
        last: None,
        findings: Vec::new(),
    };
    let since = Instant::now();
    loop {
        if let Some(end) = ended(&at) {
            return Ok(end);
        }
        let Some(node) = run.graph.node(&at.node).cloned() else {
            return Ok(End::Failed(format!("the graph has no node `{}`", at.node)));
        };
        if let Some(then) = run.spent_visits(&node) {
            at.last = Some((at.node.to_string(), "visits-spent".to_owned()));
            at.node = then;
            continue;
        }
        if run.visits >= run.services.door.meter().budget().visits {
            return Ok(End::Stopped(format!("the run had {} visits", run.visits)));
        }
        let budget = run.services.door.meter().budget();
        let left = Duration::from_secs(budget.run_seconds).saturating_sub(since.elapsed());
        let wall = left.min(Duration::from_secs(budget.visit_seconds));
        match tokio::time::timeout(wall, visit(run, &node, &at, observer)).await {
            Err(_) => {
                return Ok(End::Stopped(format!(
                    "node `{}` had {} s of wall time",
                    node.id,
                    wall.as_secs()
                )));
            }
            Ok(visited) => match visited? {
                Ok(next) => at = next,
                Err(reason) => return Ok(End::Failed(reason)),
            },
        }
    }
}

fn ended(at: &Position) -> Option<End> {
    let from = at.last.as_ref();
    let came = || from.map_or_else(String::new, |(node, label)| format!("{node}: {label}"));
    match at.node.as_str() {
        "delivered" => Some(End::Delivered),
        "failed" => Some(End::Failed(came())),
        "escalated" => Some(End::Escalated(came())),
        _ => None,
    }
}

async fn visit(
    run: &mut Run,
    node: &Node,
    at: &Position,
    observer: &dyn Observer,
) -> Result<Result<Position, String>, Halt> {
    let since = Instant::now();
    let caller = enter(run, node)?;
    observer.hear(&Event::Entered {
        node: &caller.node,
        kind: node.kind,
    });
    let visited = match (&node.kind, &node.executor) {
        (NodeKind::Gate, Executor::Plugin(plugin)) => gate::judge(run, &caller, plugin, at).await?,
        (_, Executor::Plugin(plugin)) => step::plugin(run, &caller, plugin, at).await?,
        (NodeKind::Approval, _) => Err(format!("node `{}` waits for a human to approve", node.id)),
        (_, _) => step::step(run, &caller, node, at).await?,
    };
    let visit = match visited {
        Ok(visit) => visit,
        Err(reason) => return Ok(Err(reason)),
    };
    let Some(to) = node.edge(&visit.label) else {
        return Ok(Err(undeclared(node, &visit.label)));
    };
    checkpoint(run, &caller, &visit)?;
    observer.hear(&Event::Left(&Visited {
        node: caller.node.clone(),
        kind: node.kind,
        round: caller.round,
        rounds: node.max_visits.as_ref().map(|bound| bound.visits),
        label: visit.label.clone(),
        took: since.elapsed(),
        detail: visit.detail,
    }));
    Ok(Ok(Position {
        node: to.clone(),
        state: visit.state,
        last: Some((caller.node, visit.label)),
        findings: visit.findings,
    }))
}

fn undeclared(node: &Node, label: &str) -> String {
    let known: Vec<_> = node.edges.iter().map(|edge| edge.label.as_str()).collect();
    let label: String = label.chars().take(60).collect();
    format!(
        "node `{}` returned the label {label:?}; its edges are {}",
        node.id,
        known.join(", ")
    )
}

/// Numbers the visit and says who calls in it.
fn enter(run: &mut Run, node: &Node) -> Result<Caller, Halt> {
    run.visits += 1;
    let round = run.rounds.entry(node.id.to_string()).or_default();
    *round += 1;
    let round = *round;
    let caller = caller(run, node, round);
    let body = Body::VisitStarted {
        node: caller.node.clone(),
        visit: caller.round.into(),
        tree: run.tree.to_string(),
    };
    run.services.door.note(&caller, 0, body)?;
    Ok(caller)
}

/// Who calls in the visit that the run is at.
pub(super) fn caller(run: &Run, node: &Node, round: u32) -> Caller {
    Caller {
        visit: run.visits,
        node: node.id.to_string(),
        round,
        authority: Arc::new(run.services.admission.node(node)),
        within: Vec::new(),
        parent: None,
    }
}

/// What is needed to go on from here stands in the journal before the next visit begins.
fn checkpoint(run: &mut Run, caller: &Caller, visit: &Visit) -> Result<Seq, Halt> {
    run.look()?;
    let journal = run.services.door.journal();
    let body = Body::Checkpoint {
        node: caller.node.clone(),
        visit: caller.round.into(),
        label: visit.label.clone(),
        state: journal.payload(visit.state.clone())?,
        tree: run.tree.to_string(),
        findings: None,
    };
    let seq = run.services.door.note(caller, 0, body)?;
    run.services.door.journal().commit()?;
    Ok(seq)
}
