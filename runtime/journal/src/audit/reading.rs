//! From records to entries: one pass, in the order in which calls came out.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::{Allowed, AuditEntry, CameOut, call};
use crate::effective::{Survey, Voids};
use crate::{Body, Decision, Payload, ReadError, Record, Records, RunId, Seq, Store, load};

/// Iterates over the audit of a run. Ends after the last entry, or at the first error.
pub struct Audit<'s> {
    store: &'s dyn Store,
    records: Records<'s>,
    voids: Voids,
    blueprint: String,
    model: Option<String>,
    /// The visit that goes on: node and round.
    visit: Option<(String, u64)>,
    open: BTreeMap<Seq, Open>,
    ready: VecDeque<AuditEntry>,
    done: bool,
}

/// A call that has begun.
struct Open {
    entry: AuditEntry,
    request: Value,
    /// Whose calls stand beneath it.
    part: String,
}

/// What of a call is judged.
struct Asked<'r> {
    call: &'r str,
    request: Value,
    rule: &'r str,
    judged: Option<&'r str>,
}

impl<'s> Audit<'s> {
    /// Of a whole run.
    pub fn of(store: &'s dyn Store, run: RunId) -> Result<Self, ReadError> {
        Ok(Self {
            store,
            records: Records::all(store, run)?,
            voids: Survey::of(store, run, None)?.voids,
            blueprint: String::new(),
            model: None,
            visit: None,
            open: BTreeMap::new(),
            ready: VecDeque::new(),
            done: false,
        })
    }

    fn take(&mut self, record: &Record) {
        match &record.body {
            Body::RunStarted(started) => {
                self.blueprint.clone_from(&started.blueprint);
                self.model.clone_from(&started.model);
            }
            Body::VisitStarted { node, visit, .. } => self.visit = Some((node.clone(), *visit)),
            Body::Checkpoint { .. } => self.visit = None,
            Body::Resumed { void_after, .. } => self.broken_off(*void_after),
            Body::Decided(decision) => {
                let entry = self.decided(record, decision);
                self.ready.push_back(entry);
            }
            body => self.called(record, body),
        }
    }

    fn called(&mut self, record: &Record, body: &Body) {
        match body {
            Body::Call {
                call,
                request,
                rule,
                judged,
                response,
                ..
            } => {
                let request = self.value(request).unwrap_or_default();
                let judged = judged.as_deref();
                let mut entry = self.allowed(
                    record,
                    &Asked {
                        call,
                        request: request.clone(),
                        rule,
                        judged,
                    },
                );
                self.come_out(&mut entry, record.micros, &request, response);
                self.ready.push_back(entry);
            }
            Body::Intent {
                call,
                request,
                rule,
                ..
            } => self.begin(record, call, request, rule),
            Body::Result { intent, response } => {
                if let Some(mut open) = self.open.remove(intent) {
                    self.come_out(&mut open.entry, record.micros, &open.request, response);
                    self.ready.push_back(open.entry);
                }
            }
            Body::Denied { .. } => {
                let entry = self.denied(record, body);
                self.ready.push_back(entry);
            }
            _ => {}
        }
    }

    fn begin(&mut self, record: &Record, name: &str, request: &Payload, rule: &str) {
        let request = self.value(request).unwrap_or_default();
        let asked = Asked {
            call: name,
            request: request.clone(),
            rule,
            judged: None,
        };
        let entry = self.allowed(record, &asked);
        let part = call::plugin(name, &request).unwrap_or_else(|| entry.part.clone());
        let open = Open {
            entry,
            request,
            part,
        };
        self.open.insert(record.seq, open);
    }

    /// An entry with what stands around a record.
    fn entry(&self, record: &Record, capability: String, operation: &str) -> AuditEntry {
        let above = record.parent.and_then(|parent| self.open.get(&parent));
        let part = above.map_or(&self.blueprint, |open| &open.part);
        let (node, round) = self.visit.clone().unzip();
        AuditEntry {
            run: record.run,
            seq: record.seq,
            at: record.at,
            node,
            round,
            part: part.clone(),
            within: above.map(|open| open.entry.operation.clone()),
            capability,
            operation: operation.to_owned(),
            target: String::new(),
            words: Vec::new(),
            verdict: Allowed::Allow,
            rule: String::new(),
            cure: None,
            outcome: CameOut::NoResult,
            bytes: None,
            micros: record.micros,
            void: self.voids.contain(record.seq),
        }
    }

    fn allowed(&self, record: &Record, asked: &Asked<'_>) -> AuditEntry {
        let name = asked.call;
        let model = self.model.as_deref();
        let told = || call::target(name, &asked.request, model);
        AuditEntry {
            target: asked.judged.map_or_else(told, |path| match path {
                "" => ".".to_owned(),
                path => path.to_owned(),
            }),
            words: call::words(name, &asked.request),
            rule: asked.rule.to_owned(),
            ..self.entry(record, call::capability(name), name)
        }
    }

    fn denied(&self, record: &Record, body: &Body) -> AuditEntry {
        let Body::Denied {
            call: name,
            capability,
            target,
            rule,
            cure,
            request,
        } = body
        else {
            return self.entry(record, String::new(), "");
        };
        let request = request.as_ref().and_then(|request| self.value(request));
        AuditEntry {
            target: target.clone(),
            words: call::words(name, &request.unwrap_or_default()),
            verdict: Allowed::Deny,
            rule: rule.clone(),
            cure: Some(cure.clone()),
            outcome: CameOut::Refused,
            ..self.entry(record, capability.clone(), name)
        }
    }

    fn decided(&self, record: &Record, decision: &Decision) -> AuditEntry {
        let accepts = match decision.accepts.as_slice() {
            [] => String::new(),
            paths => format!(", accepting {}", paths.join(" ")),
        };
        AuditEntry {
            node: Some(decision.node.clone()),
            target: format!("tree {}{accepts}", decision.tree),
            verdict: if decision.approved {
                Allowed::Allow
            } else {
                Allowed::Deny
            },
            rule: format!("decided by {}", decision.by),
            cure: None,
            outcome: CameOut::Done,
            ..self.entry(record, "approval".to_owned(), "approval.decided")
        }
    }

    fn come_out(&self, entry: &mut AuditEntry, micros: u64, request: &Value, response: &Payload) {
        entry.micros = micros;
        let Some(response) = self.value(response) else {
            entry.outcome = CameOut::Unreadable;
            return;
        };
        entry.outcome = call::came_out(&entry.operation, &response);
        entry.bytes = call::bytes(&entry.operation, request, &response);
    }

    /// Calls that a resume made void before they came out.
    fn broken_off(&mut self, void_after: Option<Seq>) {
        if let Some(after) = void_after {
            let void = self.open.split_off(&after.next());
            self.ready.extend(void.into_values().map(|open| open.entry));
        }
    }

    fn value(&self, payload: &Payload) -> Option<Value> {
        load(self.store, payload).ok()
    }
}

impl Iterator for Audit<'_> {
    type Item = Result<AuditEntry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.ready.pop_front() {
                return Some(Ok(entry));
            }
            if self.done {
                return None;
            }
            match self.records.next() {
                Some(Ok(record)) => self.take(&record),
                Some(Err(error)) => {
                    self.done = true;
                    return Some(Err(error));
                }
                None => {
                    self.done = true;
                    let open = std::mem::take(&mut self.open);
                    self.ready.extend(open.into_values().map(|open| open.entry));
                }
            }
        }
    }
}
