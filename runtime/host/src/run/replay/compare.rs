//! Where a replay is held against the record: what a visit left with, how the run ended, and
//! how a difference is told.

use super::Replay;
use super::facts::{Handed, writes_nothing};
use crate::run::assemble::RunError;
use crate::run::machine::{self, Visit};
use crate::run::walk::End;
use minion_door::{Caller, Divergence, Halt};
use minion_grants::Node;
use minion_journal::{Body, Ending, Outcome, Record};
use serde_json::{Value, json};
use std::sync::Arc;

impl Replay {
    /// Holds what a visit left with against its checkpoint, and goes on from there.
    pub(super) fn left(
        &mut self,
        caller: &Caller,
        node: &Node,
        visit: Visit,
    ) -> Result<(), RunError> {
        let taken = self
            .door()
            .take(|body| matches!(body, Body::Checkpoint { .. }))?;
        let Some(record) = taken else {
            let actual = format!("the visit left with `{}`", visit.label);
            return Err(self.unexpected(caller, "checkpoint", &actual));
        };
        let Body::Checkpoint {
            node: at,
            label,
            state,
            findings,
            tree,
            ..
        } = &record.body
        else {
            return Err(Halt::RecordEnds.into());
        };
        let recorded = json!({
            "node": at, "label": label, "state": self.load(state)?,
            "findings": findings.as_ref().map_or(Ok(json!([])), |found| self.load(found))?,
        });
        let now = json!({
            "node": caller.node, "label": visit.label, "state": visit.state,
            "findings": visit.findings,
        });
        if recorded != now {
            let halt = divergence(caller, "checkpoint", &record, &recorded, &now.to_string());
            return Err(halt.into());
        }
        if writes_nothing(node) {
            self.stands_on(caller, "checkpoint", &record)?;
        }
        self.tree.clone_from(tree);
        let next = machine::follow(node, visit.label, visit.state, visit.findings);
        self.at = next.map_err(|undeclared| {
            divergence(caller, "checkpoint", &record, &recorded, &undeclared)
        })?;
        Ok(())
    }

    /// The run came to an end of its graph: the record has to say so too.
    pub(super) fn ended(&self, end: &End) -> Result<Ending, RunError> {
        let (ending, handed) = self.last()?;
        if ending.outcome == Outcome::Delivered {
            self.rests(&ending, &handed)?;
        }
        let fits = match end {
            End::Delivered => [Outcome::Delivered, Outcome::Escalated].contains(&ending.outcome),
            End::Failed(_) => ending.outcome == Outcome::Failed,
            End::Escalated(_) => ending.outcome == Outcome::Escalated,
            End::Limited(_) | End::Waiting(_) | End::Stopped(_) => true,
        };
        if fits || cut(ending.outcome) {
            return Ok(ending);
        }
        let caller = self.nobody();
        let actual = format!("the graph ended: {end:?}");
        Err(divergence_words(&caller, "end", ending.outcome.name(), &actual).into())
    }

    /// A visit failed: so it has to stand in the record.
    pub(super) fn failed(&self, caller: &Caller, reason: &str) -> Result<Ending, RunError> {
        let (ending, _) = self.last()?;
        if ending.outcome == Outcome::Failed && ending.reason.as_deref() == Some(reason) {
            return Ok(ending);
        }
        let recorded = format!(
            "{} {}",
            ending.outcome,
            ending.reason.as_deref().unwrap_or_default()
        );
        Err(divergence_words(caller, "end", &recorded, &format!("failed {reason}")).into())
    }

    /// The record ends before the walk: the run has not ended, or a limit cut it off.
    pub(super) fn cut_off(&self) -> Result<Option<Ending>, RunError> {
        match self.door().take(|body| matches!(body, Body::Ended(_)))? {
            Some(Record {
                body: Body::Ended(ending),
                ..
            }) if cut(ending.outcome) => Ok(Some(ending)),
            Some(record) => Err(divergence(
                &self.nobody(),
                "end",
                &record,
                &Value::Null,
                "the visit goes on",
            )
            .into()),
            None => match self.door().peek(|body| Some(format!("{body:?}")))? {
                None => Ok(None),
                Some(more) => {
                    Err(
                        divergence_words(&self.nobody(), "end", &more, "nothing more happens")
                            .into(),
                    )
                }
            },
        }
    }

    /// How the run ended, with what the host handed over before.
    fn last(&self) -> Result<(Ending, Vec<Handed>), RunError> {
        let mut handed: Vec<Handed> = Vec::new();
        loop {
            let taken = self.door().take(|body| {
                matches!(
                    body,
                    Body::Ended(_) | Body::Intent { .. } | Body::Result { .. }
                )
            })?;
            match taken.map(|record| record.body) {
                Some(Body::Ended(ending)) => return Ok((ending, handed)),
                Some(Body::Intent { call, request, .. }) => handed.push(Handed {
                    call,
                    request: self.load(&request)?,
                    response: None,
                }),
                Some(Body::Result { response, .. }) => {
                    let response = self.load(&response)?;
                    handed
                        .iter_mut()
                        .next_back()
                        .map(|last| last.response.insert(response));
                }
                Some(_) => {}
                None => return Err(Halt::RecordEnds.into()),
            }
        }
    }

    pub(super) fn nobody(&self) -> Caller {
        Caller {
            visit: self.visits.all,
            node: self.at.node.to_string(),
            round: 0,
            authority: Arc::default(),
            within: Vec::new(),
            parent: None,
        }
    }

    pub(super) fn unexpected(&self, caller: &Caller, call: &str, actual: &str) -> RunError {
        match self.door().peek(|body| Some(format!("{body:?}"))) {
            Ok(Some(next)) => divergence_words(caller, call, &next, actual).into(),
            Ok(None) => Halt::RecordEnds.into(),
            Err(halt) => halt.into(),
        }
    }

    pub(super) fn differs(
        &self,
        node: &str,
        round: u32,
        call: &str,
        record: &Record,
        actual: &str,
    ) -> RunError {
        let caller = Caller {
            node: node.to_owned(),
            round,
            ..self.nobody()
        };
        divergence(
            &caller,
            call,
            record,
            &json!(format!("{:?}", record.body)),
            actual,
        )
        .into()
    }
}

/// Outcomes that end a run in the middle of a visit.
fn cut(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Limited | Outcome::Cancelled | Outcome::Faulted
    )
}

pub(super) fn divergence(
    caller: &Caller,
    call: &str,
    record: &Record,
    recorded: &Value,
    actual: &str,
) -> Halt {
    let mut found = Divergence::new(caller, call, &recorded.to_string(), actual);
    found.record = Some(record.seq);
    Halt::Diverged(Box::new(found))
}

pub(super) fn divergence_words(caller: &Caller, call: &str, recorded: &str, actual: &str) -> Halt {
    Halt::Diverged(Box::new(Divergence::new(caller, call, recorded, actual)))
}
