//! After the last visit: deliver, or keep what there is for a human.
//!
//! Delivery is decided from evidence alone, for exactly the tree that the workspace is at
//! now. Whatever a step, a model or a plugin said about it plays no part.

use super::prepare::{Run, RunError, described};
use super::space::clear;
use super::walk::End;
use crate::outcome::{Branch, Finished, Outcome};
use minion_door::{Answer, CallKind, Caller, Failure, Halt, calls};
use minion_grants::{
    Authority, ChangeKind, Delivery, DeliveryRefusal, Verdict, deliverable, shown, steering,
};
use minion_journal::Ending;
use minion_workspace::{Kind, Signature};
use serde_json::json;
use std::fmt::Write;
use std::sync::Arc;

/// Ends the run and tells how.
pub(super) async fn finish(mut run: Run, end: End) -> Result<Finished, RunError> {
    run.view.touch();
    // A workspace that cannot be taken any more leaves the last tree that could.
    let end = match run.look() {
        Ok(()) => end,
        Err(Halt::Stopped(why)) => End::Stopped(why),
        Err(halt) => return Err(halt.into()),
    };
    let outcome = match end {
        End::Delivered => delivered(&run).await?,
        End::Failed(reason) => Outcome::Failed { reason },
        End::Escalated(reason) => escalated(&run, vec![reason]).await?,
        End::Stopped(reason) => Outcome::Stopped { reason },
    };
    ended(&run, &outcome)?;
    // What commands left behind is never shown to a person's own git: the work is in the
    // run's objects, and on a branch where there is one.
    for folder in ["gate", "workspace", "caches"] {
        clear(&run.folder.join(folder))?;
    }
    told(run, outcome)
}

async fn delivered(run: &Run) -> Result<Outcome, RunError> {
    if run.tree == run.base.tree {
        return Ok(Outcome::Delivered { branch: None });
    }
    let Some(grant) = run.services.admission.delivery() else {
        let why =
            "the blueprint changed files but asks for no delivery, so nothing can be handed over";
        return escalated(run, vec![why.to_owned()]).await;
    };
    let judged = deliverable(
        grant,
        &run.tree.to_string(),
        &run.changes,
        &run.ledger.evidence,
        &[],
    );
    match judged {
        Ok(delivery) => {
            let name = format!("minion/{}", run.id.short());
            match branch(
                run,
                &calls::DELIVER_BRANCH,
                &name,
                &message(run, Some(&delivery)),
            )
            .await?
            {
                Ok(branch) => Ok(Outcome::Delivered {
                    branch: Some(branch),
                }),
                Err(failure) => {
                    escalated(
                        run,
                        vec![format!("the branch could not be made: {failure}")],
                    )
                    .await
                }
            }
        }
        Err(refusals) => {
            escalated(
                run,
                refusals.iter().map(DeliveryRefusal::to_string).collect(),
            )
            .await
        }
    }
}

async fn escalated(run: &Run, mut reasons: Vec<String>) -> Result<Outcome, RunError> {
    for trick in tricks(run) {
        if !reasons.contains(&trick) {
            reasons.push(trick);
        }
    }
    let kept = if run.tree == run.base.tree || run.services.admission.delivery().is_none() {
        None
    } else {
        let name = format!("minion-escalated/{}", run.id.short());
        match branch(run, &calls::KEEP_BRANCH, &name, &message(run, None)).await? {
            Ok(branch) => Some(branch),
            Err(failure) => {
                reasons.push(format!("the work could not be kept on a branch: {failure}"));
                None
            }
        }
    };
    Ok(Outcome::Escalated { reasons, kept })
}

fn word(change: ChangeKind) -> &'static str {
    match change {
        ChangeKind::Added => "added",
        ChangeKind::Modified => "changed",
        ChangeKind::Deleted => "deleted",
    }
}

/// What in the change steers its own verdict, and what was written where no gate sees it.
fn tricks(run: &Run) -> Vec<String> {
    let mut found: Vec<String> = run
        .steering
        .iter()
        .map(|change| {
            format!(
                "{} {}: {}",
                word(change.change),
                shown(&change.path),
                change.why
            )
        })
        .collect();
    if let Some(gone) = run.ledger.missing.get(&run.tree.to_string()) {
        found.extend(
            gone.iter()
                .take(20)
                .map(|test| format!("missing test {}: it ran at the base", shown(test))),
        );
    }
    let hidden = run
        .beside
        .ignored
        .iter()
        .filter(|path| steering(path).is_some());
    found.extend(hidden.map(|path| {
        format!(
            "ignored {}: it was written but is not in the tree, so no gate saw it",
            shown(path)
        )
    }));
    found.extend(
        run.beside
            .refused
            .iter()
            .take(20)
            .map(|what| format!("left in the workspace, in no tree: {}", shown(what))),
    );
    found
}

async fn branch(
    run: &Run,
    kind: &'static CallKind,
    name: &str,
    message: &str,
) -> Result<Result<Branch, Failure>, RunError> {
    let caller = Caller {
        visit: run.visits,
        node: "end".to_owned(),
        round: 1,
        authority: Arc::new(Authority::default()),
        within: Vec::new(),
        parent: None,
    };
    let request = json!({ "branch": name, "tree": run.tree.to_string() });
    let verdict = Verdict::Allow {
        rule: "delivery-grant".to_owned(),
    };
    let effect = |_permit| async { make(run, name, message) };
    Ok(run
        .services
        .door
        .pass_judged(&caller, kind, request, verdict, effect)
        .await?)
}

fn make(run: &Run, name: &str, message: &str) -> Answer<Branch> {
    let commit = run
        .services
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
    let repository = match run.repository.kind() {
        Kind::Git => run.repository.top().to_owned(),
        Kind::Folder => run.folder.join("objects.git"),
    };
    let branch = Branch {
        name: name.to_owned(),
        commit,
        repository,
    };
    Ok((branch, json!({ "commit": commit.to_string() })))
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
fn message(run: &Run, delivery: Option<&Delivery>) -> String {
    let verified = delivery.is_some();
    let task: String = shown(&run.task).chars().take(72).collect();
    let subject = if verified {
        task
    } else {
        format!("UNVERIFIED: {task}")
    };
    let mut text = format!("{}\n\n", subject.replace('\n', " "));
    let mut trailer = |name: &str, value: &dyn std::fmt::Display| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name}: {value}");
    };
    trailer("Minion-Run", &run.id);
    trailer("Minion-Verified", &if verified { "yes" } else { "no" });
    for used in delivery.iter().flat_map(|delivery| &delivery.gates) {
        trailer(
            "Minion-Gate",
            &format_args!("{} {}", used.gate, used.plugin),
        );
    }
    trailer("Minion-Journal", &run.services.door.journal().head().hash);
    text
}

fn ended(run: &Run, outcome: &Outcome) -> Result<(), RunError> {
    use minion_journal::Outcome as Word;
    let (word, reason, branch) = match outcome {
        Outcome::Delivered { branch } => (Word::Delivered, None, branch.as_ref()),
        Outcome::Failed { reason } => (Word::Failed, Some(reason.clone()), None),
        Outcome::Escalated { reasons, kept } => {
            (Word::Escalated, Some(reasons.join("\n")), kept.as_ref())
        }
        Outcome::Stopped { reason } => (Word::Limited, Some(reason.clone()), None),
    };
    let spent = run.services.door.meter().spent();
    let totals = [
        ("visits", run.visits),
        ("turns", spent.turns),
        ("input-tokens", spent.input_tokens),
        ("output-tokens", spent.output_tokens),
        ("tool-calls", spent.tool_calls),
        ("commands", spent.commands),
        ("denied", spent.denied),
    ];
    run.services.door.journal().end(Ending {
        outcome: word,
        reason,
        branch: branch.map(|branch| branch.name.clone()),
        tree: Some(run.tree.to_string()),
        totals: totals
            .into_iter()
            .map(|(name, count)| (name.to_owned(), count))
            .collect(),
    })?;
    Ok(())
}

fn told(run: Run, outcome: Outcome) -> Result<Finished, RunError> {
    let changes = run.services.objects.changes(run.base.tree, run.tree)?;
    let agents = run.services.agents();
    Ok(Finished {
        run: run.id,
        outcome,
        tree: run.tree,
        changes,
        evidence: run.ledger.evidence,
        denied: run.services.door.denied(),
        warnings: run.services.door.warnings(),
        beside: run.beside,
        spent: run.services.door.meter().spent(),
        cost_microdollars: agents.spent.cost_microdollars,
        last_words: agents.last_words,
        base: described(&run.base),
        head: run.services.door.journal().head().hash,
        objects: run.folder.join("objects.git"),
    })
}
