//! After the last visit: deliver, or keep what there is for a human.
//!
//! Delivery is decided from evidence alone, for exactly the tree that the workspace is at
//! now. Whatever a step, a model or a plugin said about it plays no part.

use super::assemble::{Run, RunError, described};
use super::hand_over::{delivered_branch, hand_over};
use super::space::clear;
use super::walk::End;
use crate::outcome::{Finished, Outcome};
use crate::services::recorded;
use minion_door::Halt;
use minion_grants::{ChangeKind, DeliveryRefusal, deliverable, shown, steering};
use minion_journal::{Body, Ending};

/// Ends the run and tells how; one that waits or was stopped is left as it stands.
pub(super) async fn finish(run: Run, end: End) -> Result<Finished, RunError> {
    match end {
        End::Waiting(node) => told(run, Outcome::Waiting { node }),
        End::Stopped(reason) => {
            let body = Body::Stopped {
                reason: reason.clone(),
            };
            let journal = run.services.door.journal()?;
            journal.note_durably(None, None, 0, body)?;
            told(run, Outcome::Stopped { reason })
        }
        end => settle(run, end).await,
    }
}

async fn settle(mut run: Run, end: End) -> Result<Finished, RunError> {
    run.view.touch();
    // A workspace that cannot be taken any more leaves the last tree that could.
    let end = match run.look() {
        Ok(()) => end,
        Err(Halt::Stopped(why)) => End::Limited(why),
        Err(halt) => return Err(halt.into()),
    };
    let outcome = match end {
        End::Delivered => delivered(&run).await?,
        End::Failed(reason) => Outcome::Failed { reason },
        End::Escalated(reason) => escalated(&run, vec![reason]).await?,
        End::Limited(reason) | End::Waiting(reason) | End::Stopped(reason) => {
            Outcome::Limited { reason }
        }
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
    let Some(grant) = run.world()?.admission.delivery() else {
        let why =
            "the blueprint changed files but asks for no delivery, so nothing can be handed over";
        return escalated(run, vec![why.to_owned()]).await;
    };
    let judged = deliverable(
        grant,
        &run.tree.to_string(),
        &run.changes,
        &run.ledger.evidence,
        &run.ledger.approvals,
    );
    match judged {
        Ok(delivery) => {
            let name = delivered_branch(run.id);
            match hand_over(run, &recorded::DELIVER, &name, Some(&delivery)).await? {
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
    let kept = if run.tree == run.base.tree || run.world()?.admission.delivery().is_none() {
        None
    } else {
        let name = format!("minion-escalated/{}", run.id.short());
        match hand_over(run, &recorded::KEEP, &name, None).await? {
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

fn ended(run: &Run, outcome: &Outcome) -> Result<(), RunError> {
    use minion_journal::Outcome as Word;
    let (word, reason, branch) = match outcome {
        Outcome::Delivered { branch } => (Word::Delivered, None, branch.as_ref()),
        Outcome::Failed { reason } => (Word::Failed, Some(reason.clone()), None),
        Outcome::Escalated { reasons, kept } => {
            (Word::Escalated, Some(reasons.join("\n")), kept.as_ref())
        }
        Outcome::Limited { reason } => (Word::Limited, Some(reason.clone()), None),
        // These two leave the run open, and never come here.
        Outcome::Waiting { .. } | Outcome::Stopped { .. } => return Ok(()),
    };
    let spent = run.services.door.meter().spent();
    let totals = [
        ("visits", run.visits.all),
        ("turns", spent.turns),
        ("input-tokens", spent.input_tokens),
        ("output-tokens", spent.output_tokens),
        ("tool-calls", spent.tool_calls),
        ("commands", spent.commands),
        ("denied", spent.denied),
    ];
    run.services.door.journal()?.end(Ending {
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
    let changes = run.world()?.objects.changes(run.base.tree, run.tree)?;
    let agents = run.services.agents();
    let grant = run.world()?.admission.delivery();
    let required = grant.map_or_else(Vec::new, |grant| {
        let gates = grant.require.iter();
        gates.map(|required| required.gate.to_string()).collect()
    });
    Ok(Finished {
        run: run.id,
        outcome,
        tree: run.tree,
        changes,
        required,
        evidence: run.ledger.evidence,
        denied: run.services.door.denied(),
        warnings: run.services.door.warnings(),
        beside: run.beside,
        spent: run.services.door.meter().spent(),
        cost_microdollars: agents.spent.cost_microdollars,
        before_agent: run.visits.before_agent,
        last_words: agents.last_words,
        base: described(&run.base),
        head: run.services.door.journal()?.head().hash,
        objects: run.folder.join("objects.git"),
    })
}
