//! Judge, intent, effect, result: the order that every call goes through.

use crate::{CallKind, Caller, Failure, Halt, Meter};
use minion_grants::{Denial, FileOp, Verdict};
use minion_journal::{Body, Effect, Journal, Payload, Seq};
use serde_json::Value;
use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// What a caller gets and what the journal keeps of it.
pub type Answer<T> = Result<(T, Value), Failure>;

/// Proof that the judge has said yes to one call. Only the door makes one.
#[derive(Debug)]
pub struct Permit {
    rule: String,
}

impl Permit {
    /// The rule that allowed the call.
    pub fn rule(&self) -> &str {
        &self.rule
    }
}

/// An open call with calls beneath it: an agent's work, a plugin's, a gate's.
#[derive(Debug)]
pub struct Scope {
    seq: Seq,
    since: Instant,
}

impl Scope {
    /// The record that the calls beneath name as their parent.
    pub fn seq(&self) -> Seq {
        self.seq
    }
}

/// The judge of one call that has to look at the thing itself before it can judge, as
/// files do: a path is judged when it is resolved.
#[derive(Debug)]
pub struct Judge<'a> {
    caller: &'a Caller,
    rule: RefCell<String>,
}

impl Judge<'_> {
    /// Judges one operation on a resolved path.
    pub fn file(&self, op: FileOp, path: &str) -> Result<(), Denial> {
        match self.caller.file(op, path) {
            Verdict::Allow { rule } => {
                *self.rule.borrow_mut() = rule;
                Ok(())
            }
            Verdict::Deny(denial) => Err(denial),
        }
    }
}

/// The door of one run.
#[derive(Debug)]
pub struct Door {
    journal: Arc<Journal>,
    meter: Meter,
    denied: Mutex<Vec<Denied>>,
}

/// A refusal, as the outcome shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Denied {
    /// The node in which it was.
    pub node: String,
    /// The call that was refused.
    pub call: &'static str,
    /// Why.
    pub denial: Denial,
}

/// Refusals that are kept to be shown; the journal keeps them all.
const SHOWN_DENIALS: usize = 100;

impl Door {
    /// A door that records in `journal` and counts in `meter`.
    pub fn new(journal: Arc<Journal>, meter: Meter) -> Self {
        Self {
            journal,
            meter,
            denied: Mutex::default(),
        }
    }

    /// What the run has spent and may spend.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The refusals so far, the first hundred of them.
    pub fn denied(&self) -> Vec<Denied> {
        self.denied
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The run's journal.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// A call on files: `effect` asks the judge about each resolved path.
    ///
    /// # Errors
    /// [`Halt`] when the journal cannot be written; the inner error is the caller's.
    pub fn pass<T>(
        &self,
        caller: &Caller,
        kind: &'static CallKind,
        request: Value,
        effect: impl FnOnce(&Judge<'_>) -> Answer<T>,
    ) -> Result<Result<T, Failure>, Halt> {
        debug_assert!(
            kind.effect != Effect::External,
            "an external effect needs its intent first"
        );
        let since = Instant::now();
        let judge = Judge {
            caller,
            rule: RefCell::default(),
        };
        let answer = effect(&judge);
        self.record(
            caller,
            kind,
            request,
            judge.rule.into_inner(),
            since,
            answer,
        )
    }

    /// A call that is judged before it begins. An external one commits its intent first and
    /// its result before the caller hears of it.
    ///
    /// # Errors
    /// [`Halt`] when the journal cannot be written; the inner error is the caller's.
    pub async fn pass_judged<T, F>(
        &self,
        caller: &Caller,
        kind: &'static CallKind,
        request: Value,
        verdict: Verdict,
        effect: impl FnOnce(Permit) -> F,
    ) -> Result<Result<T, Failure>, Halt>
    where
        F: Future<Output = Answer<T>>,
    {
        let rule = match verdict {
            Verdict::Allow { rule } => rule,
            Verdict::Deny(denial) => return self.deny(caller, kind, denial).map(Err),
        };
        let since = Instant::now();
        if kind.effect != Effect::External {
            let answer = effect(Permit { rule: rule.clone() }).await;
            return self.record(caller, kind, request, rule, since, answer);
        }
        let intent = self.intent(caller, kind, request, rule.clone())?;
        self.journal.commit()?;
        let answer = effect(Permit { rule }).await;
        let (result, response) = split(answer);
        self.result(caller, intent, since, response)?;
        self.journal.commit()?;
        Ok(result)
    }

    /// Opens a call that has others beneath it.
    ///
    /// # Errors
    /// The inner error when the verdict denies; [`Halt`] when the journal cannot be written.
    pub fn open(
        &self,
        caller: &Caller,
        kind: &'static CallKind,
        request: Value,
        verdict: Verdict,
    ) -> Result<Result<Scope, Failure>, Halt> {
        match verdict {
            Verdict::Deny(denial) => self.deny(caller, kind, denial).map(Err),
            Verdict::Allow { rule } => {
                let seq = self.intent(caller, kind, request, rule)?;
                Ok(Ok(Scope {
                    seq,
                    since: Instant::now(),
                }))
            }
        }
    }

    /// Closes it with what it came to.
    #[expect(clippy::needless_pass_by_value, reason = "a scope is closed once")]
    pub fn close<T>(
        &self,
        caller: &Caller,
        scope: Scope,
        answer: Answer<T>,
    ) -> Result<Result<T, Failure>, Halt> {
        let (result, response) = split(answer);
        self.result(caller, scope.seq, scope.since, response)?;
        Ok(result)
    }

    /// Records a refusal and gives it back typed.
    pub fn deny(
        &self,
        caller: &Caller,
        kind: &'static CallKind,
        denial: Denial,
    ) -> Result<Failure, Halt> {
        self.meter.denial();
        self.remember(caller, kind, &denial);
        self.note(
            caller,
            0,
            Body::Denied {
                call: kind.name.to_owned(),
                capability: denial.capability.to_string(),
                target: denial.target.clone(),
                rule: denial.rule.clone(),
                cure: denial.cure.clone(),
                request: None,
            },
        )?;
        Ok(Failure::Denied(denial))
    }

    fn remember(&self, caller: &Caller, kind: &'static CallKind, denial: &Denial) {
        let mut denied = self.denied.lock().unwrap_or_else(PoisonError::into_inner);
        if denied.len() < SHOWN_DENIALS {
            denied.push(Denied {
                node: caller.node.clone(),
                call: kind.name,
                denial: denial.clone(),
            });
        }
    }

    /// A record of the host's own: a checkpoint, evidence, a line of a log.
    pub fn note(&self, caller: &Caller, micros: u64, body: Body) -> Result<Seq, Halt> {
        Ok(self
            .journal
            .note(Some(caller.visit), caller.parent, micros, body)?)
    }

    fn record<T>(
        &self,
        caller: &Caller,
        kind: &'static CallKind,
        request: Value,
        rule: String,
        since: Instant,
        answer: Answer<T>,
    ) -> Result<Result<T, Failure>, Halt> {
        if let Err(Failure::Denied(denial)) = answer {
            return self.deny(caller, kind, denial).map(Err);
        }
        let (result, response) = split(answer);
        let (request, response) = (self.payload(request)?, self.payload(response)?);
        let call = kind.name.to_owned();
        self.note(
            caller,
            micros(since),
            Body::Call {
                call,
                effect: kind.effect,
                request,
                rule,
                response,
            },
        )?;
        Ok(result)
    }

    fn intent(
        &self,
        caller: &Caller,
        kind: &'static CallKind,
        request: Value,
        rule: String,
    ) -> Result<Seq, Halt> {
        let (call, request) = (kind.name.to_owned(), self.payload(request)?);
        let body = Body::Intent {
            call,
            effect: kind.effect,
            request,
            rule,
            policy: kind.in_doubt,
            tree: None,
        };
        self.note(caller, 0, body)
    }

    fn result(
        &self,
        caller: &Caller,
        intent: Seq,
        since: Instant,
        response: Value,
    ) -> Result<(), Halt> {
        let response = self.payload(response)?;
        self.note(caller, micros(since), Body::Result { intent, response })
            .map(|_| ())
    }

    fn payload(&self, value: Value) -> Result<Payload, Halt> {
        Ok(self.journal.payload(value)?)
    }
}

fn split<T>(answer: Answer<T>) -> (Result<T, Failure>, Value) {
    match answer {
        Ok((value, response)) => (Ok(value), response),
        Err(failure) => {
            let response = failure.to_json();
            (Err(failure), response)
        }
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
