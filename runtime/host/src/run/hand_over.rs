//! Handing a tree over: one commit on one new branch, announced in the journal before it is
//! made and looked up when nobody knows whether it was.

use super::assemble::Run;
use crate::outcome::Branch;
use crate::services::recorded;
use minion_door::{Answer, Call, Caller, Failure, Passed, Permit};
use minion_grants::{Authority, Delivery, GateUsed, Verdict, shown};
use minion_journal::{Hash, RunId};
use minion_workspace::{CommitId, Kind, Signature};
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::Arc;

/// Makes the branch `name` for the run's tree, or finds that an earlier process of this run
/// made it. With a delivery it passed whatever was required of it.
pub(super) async fn hand_over(
    run: &Run,
    call: &Call<Branch>,
    name: &str,
    delivery: Option<&Delivery>,
) -> Passed<Branch> {
    let caller = Caller {
        visit: run.visits.all,
        node: "end".to_owned(),
        round: 1,
        authority: Arc::new(Authority::default()),
        within: Vec::new(),
        parent: None,
    };
    let request = json!({ "branch": name, "tree": run.tree.to_string() });
    let verdict = Verdict::Allow {
        rule: rule(run, delivery),
    };
    let tree = || {
        run.durable()?;
        Ok(run.tree.to_string())
    };
    let effect = |permit: Permit| async move {
        let message = message(run, delivery, permit.intent());
        match permit.is_in_doubt().then(|| made_before(run, name)) {
            Some(Ok(Some(branch))) => Ok(answer(branch)),
            Some(Err(failure)) => Err(failure),
            Some(Ok(None)) | None => make(run, name, &message),
        }
    };
    run.services
        .door
        .pass_external(&caller, call, request, verdict, tree, effect)
        .await
}

/// The name of the branch that a run delivers on.
pub(super) fn delivered_branch(run: RunId) -> String {
    format!("minion/{}", run.short())
}

/// What lets a branch be made: the operator's line for a delivery; for unverified work that
/// it is kept and not delivered.
fn rule(run: &Run, delivery: Option<&Delivery>) -> String {
    let world = run.services.world().ok();
    match (delivery, world.and_then(|world| world.admission.delivery())) {
        (Some(_), Some(grant)) => format!("{} delivery.to `{}`", grant.rule, grant.to),
        (Some(_), None) => "delivery".to_owned(),
        (None, _) => "escalation".to_owned(),
    }
}

fn answer(branch: Branch) -> (Branch, Value) {
    let response = recorded::branch(&branch);
    (branch, response)
}

/// The branch, if an earlier process of this run made it before it could say so.
fn made_before(run: &Run, name: &str) -> Result<Option<Branch>, Failure> {
    let other = |error: &dyn std::fmt::Display| Failure::Other(error.to_string());
    let objects = &run.services.world()?.objects;
    let found = objects
        .delivered(&run.repository, name)
        .map_err(|e| other(&e))?;
    let Some(found) = found else { return Ok(None) };
    let trailer = format!("Minion-Run: {}", run.id);
    if found.tree != run.tree || !found.message.lines().any(|line| line == trailer) {
        let why = format!("the branch `{name}` is there already, and is not this run's");
        return Err(Failure::Other(why));
    }
    Ok(Some(named(run, name, found.commit)))
}

fn make(run: &Run, name: &str, message: &str) -> Answer<Branch> {
    let commit = run
        .services
        .world()?
        .objects
        .deliver(
            &run.repository,
            run.tree,
            run.base.commit,
            name,
            message,
            &author(run),
        )
        .map_err(|e| Failure::Other(e.to_string()))?;
    Ok(answer(named(run, name, commit)))
}

fn named(run: &Run, name: &str, commit: CommitId) -> Branch {
    let repository = match run.repository.kind() {
        Kind::Git => run.repository.top().to_owned(),
        Kind::Folder => run.folder.join("objects.git"),
    };
    Branch {
        name: name.to_owned(),
        commit,
        repository,
    }
}

fn author(run: &Run) -> Signature {
    let seconds = i64::try_from(run.services.started.as_secs()).unwrap_or_default();
    Signature {
        name: "minion-rt".to_owned(),
        email: "minion-rt@localhost".to_owned(),
        seconds,
        offset_minutes: 0,
    }
}

/// The commit's message: the task as its subject, then what only the host may write.
///
/// It is the same when a delivery is done again, so that what a killed process left of it is
/// known as its own.
fn message(run: &Run, delivery: Option<&Delivery>, intent: Option<Hash>) -> String {
    let task: String = shown(&run.machine.task).chars().take(72).collect();
    let subject = match delivery {
        Some(_) => task,
        None => format!("UNVERIFIED: {task}"),
    };
    let mut text = format!("{}\n\n", subject.replace('\n', " "));
    let mut trailer = |name: &str, value: &dyn std::fmt::Display| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name}: {value}");
    };
    trailer("Minion-Run", &run.id);
    trailer(
        "Minion-Verified",
        &verified(delivery.map(|delivery| &*delivery.gates)),
    );
    for used in delivery.iter().flat_map(|delivery| &delivery.gates) {
        trailer(
            "Minion-Gate",
            &format_args!("{} {}", used.gate, used.plugin),
        );
    }
    if let Some(intent) = intent {
        trailer("Minion-Journal", &intent);
    }
    text
}

/// What a reader of the commit may rely on: a delivery that no gate had to carry is not
/// a verified one.
fn verified(carried_by: Option<&[GateUsed]>) -> &'static str {
    match carried_by {
        Some([]) => "no gate was required",
        Some(_) => "yes",
        None => "no",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minion_grants::{Digest, Origin, SandboxLevel};

    #[test]
    fn only_what_a_gate_carried_is_called_verified() {
        let gate = GateUsed {
            gate: "std:test".parse().unwrap(),
            plugin: Digest::of(b"plugin"),
            origin: Origin::Shipped,
            sandbox: SandboxLevel::Full,
        };
        assert_eq!(verified(Some(&[gate])), "yes");
        assert_eq!(verified(Some(&[])), "no gate was required");
        assert_eq!(verified(None), "no");
    }
}
