//! The door of one run: its journal, its meter, what it refused, and what of an earlier
//! process's record it still goes through.

use crate::script::{Said, Script};
use crate::{After, CallKind, Caller, Failure, Halt, Meter, Records, Warnings};
use minion_grants::Denial;
use minion_journal::{Body, Journal, JournalError, Payload, Record, RunId, Seq, Store};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The door of one run.
pub struct Door {
    /// None in a replay, which writes nothing.
    journal: Option<Arc<Journal>>,
    meter: Meter,
    denied: Mutex<Vec<Denied>>,
    warnings: Mutex<Warnings>,
    script: Mutex<Option<Script>>,
    /// Whether there is a script: asked at every call, so without a lock.
    scripted: AtomicBool,
}

/// A refusal, as the outcome shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Denied {
    /// The node in which it was.
    pub node: String,
    /// The call that was refused.
    pub call: String,
    /// Why.
    pub denial: Denial,
}

/// Refusals that are kept to be shown; the journal keeps them all.
pub const SHOWN_DENIALS: usize = 100;

impl Door {
    /// A door that records in `journal` and counts in `meter`.
    pub fn new(journal: Arc<Journal>, meter: Meter) -> Self {
        Self {
            journal: Some(journal),
            meter,
            denied: Mutex::default(),
            warnings: Mutex::default(),
            script: Mutex::default(),
            scripted: AtomicBool::new(false),
        }
    }

    /// The same, going through `records` before anything happens anew: the rest of a visit
    /// that another process began. `denied` is what was refused before them.
    #[must_use]
    pub fn resuming(self, records: Records, store: Arc<dyn Store>, denied: Vec<Denied>) -> Self {
        Self {
            denied: Mutex::new(denied),
            script: Mutex::new(Some(Script::new(records, store, After::Live))),
            scripted: AtomicBool::new(true),
            ..self
        }
    }

    /// A door behind which nothing happens: every call is answered from `records`.
    pub fn replaying(records: Records, store: Arc<dyn Store>) -> Self {
        Self {
            journal: None,
            meter: Meter::default(),
            denied: Mutex::default(),
            warnings: Mutex::default(),
            script: Mutex::new(Some(Script::new(records, store, After::Nothing))),
            scripted: AtomicBool::new(true),
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

    /// What guests warned of so far, the first lines of it.
    pub fn warnings(&self) -> Warnings {
        self.warnings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether calls are answered from the record alone.
    pub fn replays(&self) -> bool {
        self.journal.is_none()
    }

    /// The run.
    pub fn run(&self) -> Option<RunId> {
        self.journal.as_ref().map(|journal| journal.run())
    }

    /// The journal, for what only the host writes.
    ///
    /// # Errors
    /// In a replay, which has none.
    pub fn journal(&self) -> Result<&Arc<Journal>, Halt> {
        self.journal.as_ref().ok_or(Halt::RecordEnds)
    }

    /// A refusal that was decided before the door was asked, such as a call that a model may
    /// not make. It is recorded, and given back typed.
    pub fn refuse(
        &self,
        caller: &Caller,
        kind: &'static CallKind,
        request: Value,
        denial: Denial,
    ) -> Result<Failure, Halt> {
        if let Some(mut script) = self.script() {
            let said = script.with(|script| script.call(caller, kind.name, &request))?;
            drop(script);
            if let Said::Denied(denial) = said {
                self.remember(caller, kind, &denial);
                return Ok(Failure::Denied(denial));
            }
        }
        self.deny(caller, kind, request, denial)
    }

    /// Records a refusal and gives it back typed.
    pub(crate) fn deny(
        &self,
        caller: &Caller,
        kind: &'static CallKind,
        request: Value,
        denial: Denial,
    ) -> Result<Failure, Halt> {
        let request = self.payload(request)?;
        self.remember(caller, kind, &denial);
        self.write(
            caller,
            0,
            Body::Denied {
                call: kind.name.to_owned(),
                capability: denial.capability.to_string(),
                target: denial.target.clone(),
                rule: denial.rule.clone(),
                cure: denial.cure.clone(),
                request: Some(request),
            },
        )?;
        Ok(Failure::Denied(denial))
    }

    /// Counts a refusal, whether it is new or read from the record.
    pub(crate) fn remember(&self, caller: &Caller, kind: &'static CallKind, denial: &Denial) {
        self.meter.denial();
        let mut denied = self.denied.lock().unwrap_or_else(PoisonError::into_inner);
        if denied.len() < SHOWN_DENIALS {
            denied.push(Denied {
                node: caller.node.clone(),
                call: kind.name.to_owned(),
                denial: denial.clone(),
            });
        }
    }

    /// A record of the host's own: a visit's start, evidence, a line of a log. Where the
    /// record says so already, it is held against it.
    pub fn note(&self, caller: &Caller, micros: u64, body: Body) -> Result<(), Halt> {
        self.warnings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .hear(&caller.node, &body);
        if let Some(mut script) = self.script()
            && script.with(|script| script.fact(caller, &body))?.is_some()
        {
            return Ok(());
        }
        self.write(caller, micros, body).map(|_| ())
    }

    /// The next record of a replay, if `wanted` says yes to it.
    pub fn take(&self, wanted: impl FnOnce(&Body) -> bool) -> Result<Option<Record>, Halt> {
        match self.script() {
            Some(mut script) => script.with(|script| script.take(wanted)),
            None => Ok(None),
        }
    }

    /// Something of the next record of a replay, which stays the next.
    pub fn peek<T>(&self, of: impl FnOnce(&Body) -> Option<T>) -> Result<Option<T>, Halt> {
        match self.script() {
            Some(mut script) => script.with(|script| {
                let next = script.peek()?;
                Ok(next.and_then(|record| of(&record.body)))
            }),
            None => Ok(None),
        }
    }

    pub(crate) fn write(&self, caller: &Caller, micros: u64, body: Body) -> Result<Seq, Halt> {
        let journal = self.journal()?;
        Ok(journal.note(Some(caller.visit), caller.parent, micros, body)?)
    }

    pub(crate) fn payload(&self, value: Value) -> Result<Payload, JournalError> {
        match &self.journal {
            Some(journal) => journal.payload(value),
            None => Ok(Payload::Inline(value)),
        }
    }

    /// What is still to be gone through, if there is anything.
    pub(crate) fn script(&self) -> Option<Going<'_>> {
        if !self.scripted.load(Relaxed) {
            return None;
        }
        let script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        script.is_some().then(|| Going { door: self, script })
    }
}

/// The script, being gone through. It is put away when a resumed run has gone through it.
pub(crate) struct Going<'a> {
    door: &'a Door,
    script: MutexGuard<'a, Option<Script>>,
}

impl Going<'_> {
    pub(crate) fn with<T>(
        &mut self,
        work: impl FnOnce(&mut Script) -> Result<T, Halt>,
    ) -> Result<T, Halt> {
        let Some(script) = self.script.as_mut() else {
            return Err(Halt::RecordEnds);
        };
        let done = work(script)?;
        if script.after == After::Live && script.peek()?.is_none() {
            *self.script = None;
            self.door.scripted.store(false, Relaxed);
        }
        Ok(done)
    }
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door")
            .field("run", &self.run())
            .field("scripted", &self.scripted)
            .finish_non_exhaustive()
    }
}
