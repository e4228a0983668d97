//! The walk: visit after visit until an end of the graph.

use super::assemble::Run;
use super::machine::{self, Next, Told, Visit};
use super::{approval, gate, step};
use crate::event::{Event, Observer, Visited};
use crate::services::Services;
use minion_door::{Caller, Halt};
use minion_grants::{Executor, Node, NodeKind};
use minion_journal::Body;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Findings that go from visit to visit at most.
pub(super) const MOST_FINDINGS: usize = 200;

/// What a long visit notes is written after so long at the latest.
const IN_SIGHT: Duration = Duration::from_secs(1);

/// Where a walk came to an end.
#[derive(Debug)]
pub(super) enum End {
    /// The graph says: deliver.
    Delivered,
    /// The blueprint ended in failure.
    Failed(String),
    /// A human has to go on.
    Escalated(String),
    /// A limit was reached.
    Limited(String),
    /// A human is asked; the run stands still meanwhile.
    Waiting(String),
    /// Somebody stopped it; it can be resumed.
    Stopped(String),
}

/// Walks on from where the run stands.
pub(super) async fn walk(run: &mut Run, observer: &dyn Observer) -> Result<End, Halt> {
    let (since, ran) = (Instant::now(), run.ran);
    loop {
        let node = match run.machine.next(&mut run.at, &run.visits) {
            Next::End(end) => return Ok(end),
            Next::Visit(node) => node,
        };
        let budget = run.services.door.meter().budget();
        if run.visits.all >= budget.visits {
            let had = run.visits.all;
            return Ok(End::Limited(format!("the run had {had} visits")));
        }
        let left = Duration::from_secs(budget.run_seconds).saturating_sub(ran + since.elapsed());
        let wall = left.min(Duration::from_secs(budget.visit_seconds));
        let services = Arc::clone(&run.services);
        let visit = in_sight(&services, visit(run, &node, observer));
        match tokio::time::timeout(wall, visit).await {
            Err(_) => {
                return Ok(End::Limited(format!(
                    "node `{}` had {} s of wall time",
                    node.id,
                    wall.as_secs()
                )));
            }
            Ok(visited) => {
                if let Err(reason) = visited? {
                    return Ok(End::Failed(reason));
                }
            }
        }
    }
}

/// While a visit takes long, others see what it has come to: nothing depends on when its
/// records are written, only on the barriers by which they are.
async fn in_sight<T>(
    services: &Services,
    visit: impl Future<Output = Result<T, Halt>>,
) -> Result<T, Halt> {
    let mut visit = std::pin::pin!(visit);
    let first = tokio::time::Instant::now() + IN_SIGHT;
    let mut again = tokio::time::interval_at(first, IN_SIGHT);
    loop {
        tokio::select! {
            biased;
            visited = &mut visit => return visited,
            _ = again.tick() => services.door.journal()?.commit()?,
        }
    }
}

async fn visit(
    run: &mut Run,
    node: &Node,
    observer: &dyn Observer,
) -> Result<Result<(), String>, Halt> {
    let since = Instant::now();
    let caller = enter(run, node)?;
    observer.hear(&Event::Entered {
        node: &caller.node,
        kind: node.kind,
    });
    let visited = match (&node.kind, &node.executor) {
        (NodeKind::Gate, Executor::Plugin(plugin)) => gate::judge(run, &caller, plugin).await?,
        (NodeKind::Approval, _) => approval::ask(run, &caller)?,
        (_, Executor::Plugin(plugin)) => {
            step::plugin(&run.machine, &run.view, &caller, plugin, &run.at).await?
        }
        (_, _) => step::step(&run.machine, &run.view, &caller, node, &run.at).await?,
    };
    let visit = match visited {
        Ok(visit) => visit,
        Err(reason) => return Ok(Err(reason)),
    };
    if let Err(undeclared) = machine::edge(node, &visit.label) {
        return Ok(Err(undeclared));
    }
    checkpoint(run, &caller, &visit)?;
    let shown = Visited {
        node: caller.node,
        kind: node.kind,
        round: caller.round,
        rounds: node.max_visits.as_ref().map(|bound| bound.visits),
        label: visit.label.clone(),
        took: since.elapsed(),
        detail: visit.detail,
    };
    observer.hear(&Event::Left(&shown));
    match machine::follow(node, visit.label, visit.state, visit.findings) {
        Ok(next) => run.at = next,
        Err(undeclared) => return Ok(Err(undeclared)),
    }
    Ok(Ok(()))
}

/// Numbers the visit and says who calls in it.
fn enter(run: &mut Run, node: &Node) -> Result<Caller, Halt> {
    if node.kind == NodeKind::Agentic {
        let last = run.at.last.as_ref().map(|(node, _)| node.as_str());
        run.visits.agent_after(last);
    }
    let round = run.visits.enter(node.id.as_str());
    let caller = run.machine.caller(node, run.visits.all, round);
    // Where the visit is resumed the workspace is at the tree of its last effect already.
    let begun = run.services.door.take(|body| {
        matches!(body, Body::VisitStarted { node, visit, .. }
            if *node == caller.node && *visit == u64::from(round))
    })?;
    if begun.is_some() {
        return Ok(caller);
    }
    let body = Body::VisitStarted {
        node: caller.node.clone(),
        visit: caller.round.into(),
        tree: run.tree.to_string(),
    };
    run.services.door.note(&caller, 0, body)?;
    Ok(caller)
}

/// What is needed to go on from here stands in the journal before the next visit begins.
fn checkpoint(run: &mut Run, caller: &Caller, visit: &Visit) -> Result<(), Halt> {
    run.look()?;
    let told = Told {
        spent: run.services.door.meter().spent(),
        agents: run.services.agents(),
    };
    let news = (run.told.as_ref() != Some(&told)).then(|| json!(told));
    let journal = run.services.door.journal()?;
    let payload = |value: Value| journal.payload(value);
    let findings = Some(&visit.findings).filter(|findings| !findings.is_empty());
    let body = Body::Checkpoint {
        node: caller.node.clone(),
        visit: caller.round.into(),
        label: visit.label.clone(),
        state: payload(visit.state.clone())?,
        tree: run.tree.to_string(),
        findings: findings.map(|found| payload(json!(found))).transpose()?,
        spent: news.map(payload).transpose()?,
    };
    run.durable()?;
    run.services.door.note(caller, 0, body)?;
    run.services.door.journal()?.commit()?;
    run.told = Some(told);
    Ok(())
}
