//! A human decides: the run stands still until somebody says yes or no about its tree.

use super::assemble::Run;
use super::machine::{Visit, Visiting};
use crate::event::Detail;
use minion_door::{Caller, Halt};
use minion_grants::Approval;
use minion_journal::{Body, Decision};

/// One visit of an approval node: the question goes into the journal, and what was decided
/// since comes out of it. Without a decision the run waits, and no process with it.
pub(super) fn ask(run: &mut Run, caller: &Caller) -> Visiting {
    run.look()?;
    run.durable()?;
    let door = &run.services.door;
    let body = Body::Waiting {
        node: caller.node.clone(),
        visit: caller.round.into(),
        tree: run.tree.to_string(),
    };
    door.note(caller, 0, body)?;
    let decided = door.take(|body| matches!(body, Body::Decided(_)))?;
    let Some(Body::Decided(decision)) = decided.map(|record| record.body) else {
        door.journal()?.commit()?;
        return Err(Halt::Waits(caller.node.clone()));
    };
    if let Some(why) = other_tree(&caller.node, &decision, &run.tree.to_string()) {
        return Ok(Err(why));
    }
    let (state, findings) = (run.at.state.clone(), run.at.findings.clone());
    run.ledger.approvals.extend(approval(&decision));
    Ok(Ok(Visit {
        label: label(&decision).to_owned(),
        state,
        findings,
        detail: Detail::Decided(decision),
    }))
}

/// Why a decision does not hold for this tree, if it does not.
pub(super) fn other_tree(node: &str, decision: &Decision, tree: &str) -> Option<String> {
    let (by, about) = (&decision.by, &decision.tree);
    (about != tree).then(|| {
        format!("node `{node}`: {by} decided about tree {about}, and the run is at {tree}")
    })
}

/// The edge that a decision takes.
pub(super) fn label(decision: &Decision) -> &'static str {
    if decision.approved {
        "approved"
    } else {
        "rejected"
    }
}

/// What a yes accepts of its tree.
pub(super) fn approval(decision: &Decision) -> Option<Approval> {
    decision.approved.then(|| Approval {
        by: decision.by.clone(),
        tree: decision.tree.clone(),
        accepts: decision.accepts.clone(),
    })
}
