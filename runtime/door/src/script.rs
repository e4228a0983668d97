//! What the journal already says: the records that a resumed or replayed run goes through
//! before anything happens anew.
//!
//! In come the records that count, in their order; a call that comes to the door is held
//! against the next of them. Since one thing happens at a time in a run, their order is the
//! order of the calls. When a resumed run has gone through all of them it is live; a replay
//! ends there.

mod words;

use crate::{Caller, Divergence, Halt};
use minion_grants::{CapabilityKind, Denial, shown};
use minion_journal::{Body, Hash, Outcome, Payload, ReadError, Record, Seq, Store, load};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use words::{word, words};

/// Characters of a request or response that a divergence shows.
const SHOWN: usize = 400;

/// The records to go through.
pub type Records = Box<dyn Iterator<Item = Result<Record, ReadError>> + Send>;

/// What comes after the last record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// The run goes on live.
    Live,
    /// Nothing: this is a replay.
    Nothing,
}

/// What the journal says of a call.
pub(crate) enum Said {
    /// Nothing more: it happens now.
    Nothing,
    /// It was answered in one go.
    Answered(Payload),
    /// It was refused.
    Denied(Denial),
    /// It was begun with this record, which has this hash.
    Begun(Seq, Hash),
}

impl Said {
    /// What a record of a call says of it.
    fn of(record: Record) -> Option<Self> {
        match record.body {
            Body::Call { response, .. } => Some(Self::Answered(response)),
            Body::Intent { .. } => Some(Self::Begun(record.seq, record.hash)),
            body => denial(&body).map(Self::Denied),
        }
    }
}

/// The call that a record is of, and with what it was called as far as that is kept.
fn named(body: &Body) -> Option<(&str, Option<&Payload>)> {
    match body {
        Body::Call { call, request, .. } | Body::Intent { call, request, .. } => {
            Some((call, Some(request)))
        }
        Body::Denied { call, request, .. } => Some((call, request.as_ref())),
        _ => None,
    }
}

/// Goes through records.
pub(crate) struct Script {
    records: Records,
    ahead: VecDeque<Record>,
    store: Arc<dyn Store>,
    pub(crate) after: After,
}

impl Script {
    pub(crate) fn new(records: Records, store: Arc<dyn Store>, after: After) -> Self {
        Self {
            records,
            ahead: VecDeque::new(),
            store,
            after,
        }
    }

    /// The next record, which stays the next.
    pub(crate) fn peek(&mut self) -> Result<Option<&Record>, Halt> {
        if self.ahead.is_empty()
            && let Some(record) = self.records.next()
        {
            self.ahead.push_back(record?);
        }
        Ok(self.ahead.front())
    }

    /// The next record, if it is one that `wanted` says yes to.
    pub(crate) fn take(
        &mut self,
        wanted: impl FnOnce(&Body) -> bool,
    ) -> Result<Option<Record>, Halt> {
        let fits = self.peek()?.is_some_and(|record| wanted(&record.body));
        Ok(if fits { self.ahead.pop_front() } else { None })
    }

    /// Nothing is recorded any more: the run is live, or a replay is at its end.
    fn end<T>(&self, live: T) -> Result<T, Halt> {
        match self.after {
            After::Live => Ok(live),
            After::Nothing => Err(Halt::RecordEnds),
        }
    }

    /// Holds a call against the next record.
    pub(crate) fn call(
        &mut self,
        caller: &Caller,
        call: &str,
        request: &Value,
    ) -> Result<Said, Halt> {
        let store = Arc::clone(&self.store);
        let Some(record) = self.peek()? else {
            return self.end(Said::Nothing);
        };
        let fits = record.parent == caller.parent
            && named(&record.body).is_some_and(|(name, _)| name == call);
        let recorded = named(&record.body).and_then(|(_, recorded)| recorded);
        let same = match recorded.filter(|_| fits) {
            None => fits,
            Some(Payload::Inline(recorded)) => recorded == request,
            Some(blob) => load(&*store, blob)? == *request,
        };
        if !same {
            return Err(self.diverged(caller, call, request));
        }
        let taken = self.ahead.pop_front().map(Said::of);
        taken.flatten().ok_or(Halt::RecordEnds)
    }

    /// The response to an intent whose result is the next record.
    pub(crate) fn result(&mut self, intent: Seq) -> Result<Option<Payload>, Halt> {
        let record = self.take(|body| is_result(body, intent))?;
        Ok(record.and_then(response))
    }

    /// The response to an intent, past everything beneath it; none when it has no result,
    /// and then nothing is passed.
    pub(crate) fn whole(&mut self, intent: Seq) -> Result<Option<Payload>, Halt> {
        let mut at = 0;
        loop {
            if at == self.ahead.len() {
                match self.records.next() {
                    Some(record) => self.ahead.push_back(record?),
                    None => return Ok(None),
                }
            }
            if is_result(&self.ahead[at].body, intent) {
                let record = self.ahead.drain(..=at).next_back();
                return Ok(record.and_then(response));
            }
            at += 1;
        }
    }

    /// Passes everything beneath an intent that has no result and is not done again.
    pub(crate) fn pass_beneath(&mut self, intent: Seq) -> Result<(), Halt> {
        let mut open = BTreeSet::from([intent]);
        while let Some(record) = self.peek()? {
            let (seq, parent) = (record.seq, record.parent);
            if !parent.is_some_and(|parent| open.contains(&parent)) {
                break;
            }
            open.insert(seq);
            self.ahead.pop_front();
        }
        Ok(())
    }

    /// Holds a fact of the host's own against the next record; its place if it stands there.
    pub(crate) fn fact(&mut self, caller: &Caller, body: &Body) -> Result<Option<Seq>, Halt> {
        let Some(record) = self.peek()? else {
            return self.end(None);
        };
        let seq = record.seq;
        if record.body != *body || record.parent != caller.parent {
            let actual = self.words(body);
            return Err(self.differs(caller, word(body), &actual));
        }
        self.ahead.pop_front();
        Ok(Some(seq))
    }

    /// Holds a response against the recorded one.
    pub(crate) fn same(
        &mut self,
        caller: &Caller,
        call: &str,
        intent: Seq,
        recorded: &Payload,
        response: &Value,
    ) -> Result<(), Halt> {
        let recorded = load(&*self.store, recorded)?;
        if recorded == *response {
            return Ok(());
        }
        let (expected, actual) = (recorded.to_string(), response.to_string());
        let mut found = Divergence::new(caller, call, &expected, &actual);
        found.record = Some(intent);
        Err(Halt::Diverged(Box::new(found)))
    }

    pub(crate) fn load(&self, payload: Payload) -> Result<Value, Halt> {
        match payload {
            Payload::Inline(value) => Ok(value),
            blob @ Payload::Blob { .. } => Ok(load(&*self.store, &blob)?),
        }
    }

    fn diverged(&mut self, caller: &Caller, call: &str, request: &Value) -> Halt {
        self.differs(caller, call, &format!("{call} {request}"))
    }

    pub(crate) fn differs(&mut self, caller: &Caller, call: &str, actual: &str) -> Halt {
        let next = self.ahead.front();
        if self.after == After::Nothing && next.is_none_or(is_cut_off) {
            return Halt::RecordEnds;
        }
        let expected = next.map_or_else(String::new, |record| self.words(&record.body));
        let mut found = Divergence::new(caller, call, &expected, actual);
        found.record = next.map(|record| record.seq);
        Halt::Diverged(Box::new(found))
    }

    /// A record in the author's words.
    fn words(&self, body: &Body) -> String {
        words(body, &|payload| match load(&*self.store, payload) {
            Ok(value) => value.to_string(),
            Err(error) => format!("({error})"),
        })
    }
}

fn is_result(body: &Body, of: Seq) -> bool {
    matches!(body, Body::Result { intent, .. } if *intent == of)
}

/// Whether the run ended here in the middle of a visit.
fn is_cut_off(record: &Record) -> bool {
    let Body::Ended(ending) = &record.body else {
        return false;
    };
    matches!(
        ending.outcome,
        Outcome::Limited | Outcome::Cancelled | Outcome::Faulted
    )
}

fn response(record: Record) -> Option<Payload> {
    match record.body {
        Body::Result { response, .. } => Some(response),
        _ => None,
    }
}

/// The refusal that a record tells of; none for a capability that this version doesn't know.
fn denial(body: &Body) -> Option<Denial> {
    let Body::Denied {
        capability,
        target,
        rule,
        cure,
        ..
    } = body
    else {
        return None;
    };
    let capability = Value::String(capability.clone());
    Some(Denial {
        capability: CapabilityKind::deserialize(capability).ok()?,
        target: target.clone(),
        rule: rule.clone(),
        cure: cure.clone(),
    })
}

/// The beginning of a text, escaped.
pub(crate) fn brief(text: &str) -> String {
    let escaped = shown(text);
    if escaped.chars().count() <= SHOWN {
        return escaped;
    }
    escaped.chars().take(SHOWN).chain(['…']).collect()
}
