//! What the run digest is blind to, and what it sees.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{RunDigest, canonical};
use crate::conformance::{run_id, started};
use crate::effective::tests::{checkpoint, intent, line, result};
use crate::{
    Body, Claim, Clock, Decision, Effect, Effective, Ending, Hash, Journal, Outcome, Payload,
    Record, Resumption, Seq, SqliteStore, Standing, Store, Timestamp, Totals, load,
};

struct Ticking(AtomicU64, u64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(self.1, Ordering::Relaxed))
    }
}

/// One thing that a guest does, or its host for it.
#[derive(Clone, Debug)]
enum Deed {
    Visit(u8),
    Call(u8),
    Turn(u8),
    Nested(u8),
    Line(u8),
    Denied(u8),
    Evidence(u8),
    Checkpoint(u8),
    Decided(u8),
}

fn deed() -> impl Strategy<Value = Deed> {
    let small = || 0..4_u8;
    prop_oneof![
        small().prop_map(Deed::Visit),
        small().prop_map(Deed::Call),
        small().prop_map(Deed::Turn),
        small().prop_map(Deed::Nested),
        small().prop_map(Deed::Line),
        small().prop_map(Deed::Denied),
        small().prop_map(Deed::Evidence),
        small().prop_map(Deed::Checkpoint),
        small().prop_map(Deed::Decided),
    ]
}

fn call(n: u8) -> Body {
    Body::Call {
        call: "workspace.read".into(),
        effect: Effect::Observe,
        request: Payload::Inline(json!({"path": n})),
        rule: "src/**".into(),
        judged: None,
        response: Payload::Inline(json!({"b": n, "a": 1})),
    }
}

fn denied(n: u8) -> Body {
    Body::Denied {
        call: "workspace.read".into(),
        capability: "files".into(),
        target: format!(".env{n}"),
        rule: "secret".into(),
        cure: "name it".into(),
        request: Some(Payload::Inline(json!({"path": n}))),
    }
}

fn evidence(n: u8) -> Body {
    let evidence = json!({"gate": "std:lint", "plugin": "sha256:1", "tree": n, "verdict": "pass"});
    Body::Evidence {
        evidence: Payload::Inline(evidence),
    }
}

fn decided(n: u8) -> Body {
    Body::Decided(Decision {
        node: "approve".into(),
        approved: n.is_multiple_of(2),
        by: "dana".into(),
        comment: (n > 1).then(|| "fine".into()),
        tree: "t".into(),
        accepts: vec![format!("p{n}")],
    })
}

fn visit(n: u8) -> Body {
    Body::VisitStarted {
        node: "act".into(),
        visit: n.into(),
        tree: "t".into(),
    }
}

fn ending() -> Ending {
    Ending {
        outcome: Outcome::Delivered,
        reason: None,
        branch: None,
        tree: None,
        totals: Totals::new(),
    }
}

/// How a run is lived through: times, ids and crashes, which a guest does not see.
struct Life {
    run: u64,
    step: u64,
    crashes: Vec<usize>,
    noise: bool,
}

fn live(store: &Arc<dyn Store>, deeds: &[Deed], life: &Life) -> Hash {
    let run = run_id(life.run);
    let clock = Arc::new(Ticking(AtomicU64::new(life.run), life.step));
    let mut journal = Journal::begin(Arc::clone(store), clock.clone(), run, started()).unwrap();
    for (at, deed) in deeds.iter().enumerate() {
        if life.crashes.contains(&at) {
            // What is done in vain before the crash is done again after it.
            journal.commit().unwrap();
            let kept = journal.head().seq;
            done(&journal, &Deed::Line(99), life);
            done(&journal, deed, life);
            journal.commit().unwrap();
            drop(journal);
            let store = Arc::clone(store);
            journal = Journal::claim(store, clock.clone(), run, Claim::IfFree).unwrap();
            let void_after = Some(kept);
            let how = Resumption {
                void_after,
                ..Resumption::default()
            };
            journal.resume(how).unwrap();
        }
        done(&journal, deed, life);
    }
    journal.end(ending()).unwrap();
    RunDigest::of(&**store, run).unwrap()
}

fn done(journal: &Journal, deed: &Deed, life: &Life) {
    let note = |parent, body| journal.note(Some(1), parent, life.step, body).unwrap();
    match *deed {
        Deed::Visit(n) => drop(note(None, visit(n))),
        Deed::Call(n) => drop(note(None, call(n))),
        Deed::Turn(n) => {
            let turn = note(None, intent(Effect::External, &n.to_string()));
            if life.noise {
                note(Some(turn), line("beneath a call"));
            }
            note(None, result(turn));
        }
        Deed::Nested(n) => {
            let outer = note(None, intent(Effect::Local, "t"));
            let inner = note(Some(outer), intent(Effect::External, &n.to_string()));
            note(Some(outer), result(inner));
            if life.noise {
                note(Some(outer), call(n));
                note(Some(outer), denied(n));
            }
            note(None, result(outer));
        }
        Deed::Line(n) => drop(note(None, line(&n.to_string()))),
        Deed::Denied(n) => drop(note(None, denied(n))),
        Deed::Evidence(n) => drop(note(None, evidence(n))),
        Deed::Checkpoint(n) => drop(note(None, checkpoint(&n.to_string()))),
        Deed::Decided(n) => drop(note(None, decided(n))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn time_ids_crashes_and_nested_calls_do_not_count(deeds in vec(deed(), 1..24), crashes in vec(0..24_usize, 0..4)) {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path().join("j")).unwrap());
        let calm = Life { run: 1, step: 1, crashes: Vec::new(), noise: false };
        let rough = Life { run: 700, step: 977, crashes, noise: true };
        prop_assert_eq!(live(&store, &deeds, &calm), live(&store, &deeds, &rough));
    }
}

fn record(body: Body) -> Record {
    Record {
        run: run_id(1),
        seq: Seq(7),
        visit: None,
        parent: None,
        at: Timestamp(0),
        micros: 0,
        body,
        prev: Hash::ZERO,
        hash: Hash::ZERO,
    }
}

/// Of records within a visit.
fn digest(records: &[Record]) -> Hash {
    let mut digest = RunDigest::new();
    for record in [&record(visit(0))].into_iter().chain(records) {
        let taken: Result<(), Infallible> = digest.record(record, &mut |payload| match payload {
            Payload::Inline(value) => Ok(value.clone()),
            Payload::Blob { .. } => Ok(Value::Null),
        });
        let Ok(()) = taken;
    }
    digest.finish()
}

fn blob(value: &Value) -> Payload {
    let bytes = canonical::to_vec(value).unwrap();
    Payload::Blob {
        digest: Hash::of(&bytes),
        bytes: bytes.len() as u64,
    }
}

#[test]
fn every_guest_visible_part_counts() {
    let bodies: Vec<_> = [visit, call, denied, evidence, decided]
        .into_iter()
        .flat_map(|make| [make(1), make(2)])
        .chain([line("1"), line("2"), checkpoint("1"), checkpoint("2")])
        .chain(Outcome::ALL.map(|outcome| {
            Body::Ended(Ending {
                outcome,
                ..ending()
            })
        }))
        .collect();
    let mut digests: Vec<_> = bodies
        .iter()
        .map(|b| digest(&[record(b.clone())]))
        .collect();
    digests.push(digest(&[]));
    let twice = |b: &Body| digest(&[record(b.clone()), record(b.clone())]);
    digests.extend(bodies.iter().map(twice));
    let all = digests.len();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), all, "two different runs have one digest");
}

#[test]
fn what_the_host_does_after_the_last_visit_does_not_count() {
    let left = || record(checkpoint("done"));
    let plain = digest(&[left()]);
    for own in [
        call(1),
        intent(Effect::External, "branch"),
        line("x"),
        denied(1),
    ] {
        assert_eq!(plain, digest(&[left(), record(own)]));
    }
    assert_ne!(plain, digest(&[record(call(2)), left()]));
}

#[test]
fn each_field_of_a_transition_counts() {
    let of = |label: &str, state: Value, findings: Option<Value>| {
        digest(&[record(Body::Checkpoint {
            node: "act".into(),
            visit: 1,
            label: label.into(),
            state: Payload::Inline(state),
            tree: "t".into(),
            findings: findings.map(Payload::Inline),
            spent: None,
        })])
    };
    let base = of("pass", json!({}), None);
    assert_ne!(base, of("fail", json!({}), None));
    assert_ne!(base, of("pass", json!({"a": 1}), None));
    assert_ne!(base, of("pass", json!({}), Some(json!([]))));
}

#[test]
fn a_value_counts_the_same_inline_and_as_a_blob() {
    let value = json!({"b": [1.5, null], "a": "é"});
    let of = |request: Payload, response: Payload| {
        digest(&[record(Body::Call {
            call: "c".into(),
            effect: Effect::Observe,
            request,
            rule: "r".into(),
            judged: None,
            response,
        })])
    };
    let inline = || Payload::Inline(value.clone());
    let base = of(inline(), inline());
    assert_eq!(base, of(blob(&value), inline()));
    assert_eq!(base, of(inline(), blob(&value)));
    assert_ne!(base, of(blob(&json!(1)), inline()));
}

#[test]
fn a_large_evidence_is_looked_up_for_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path().join("j")).unwrap());
    let clock = Arc::new(Ticking(AtomicU64::new(0), 1));
    let of = |run, more: Value| {
        let journal =
            Journal::begin(Arc::clone(&store), clock.clone(), run_id(run), started()).unwrap();
        let evidence =
            json!({"gate": "g", "plugin": "p", "tree": "t", "verdict": "pass", "tools": more});
        let evidence = journal.payload(evidence).unwrap();
        journal
            .note_durably(None, None, 0, Body::Evidence { evidence })
            .unwrap();
        RunDigest::of(&*store, run_id(run)).unwrap()
    };
    assert_eq!(of(1, json!(1)), of(2, json!("x".repeat(40_000))));
    let last = Effective::of(&*store, run_id(2)).unwrap().last();
    let Body::Evidence { evidence } = last.unwrap().unwrap().body else {
        panic!("evidence is last")
    };
    assert!(matches!(evidence, Payload::Blob { .. }));
    load(&*store, &evidence).unwrap();
    assert_eq!(Standing::of(&*store, run_id(2)).unwrap().mark, Seq(1));
}
