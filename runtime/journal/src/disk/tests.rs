//! Every record reads back as it was, in the same bytes every time.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Number, Value, json};

use super::{DecodeError, Envelope, decode, encode, kind};
use crate::{
    Body, Decision, Effect, Ending, Forked, Hash, InDoubt, Level, Moved, Outcome, Part, Payload,
    Record, RunId, RunStarted, Seq, StoredRecord, Timestamp, canonical,
};

fn text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..8).prop_map(|chars| chars.into_iter().collect())
}

fn value() -> impl Strategy<Value = Value> {
    let number = any::<f64>().prop_map(|n| Number::from_f64(n).map_or(Value::Null, Value::Number));
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        number,
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(text(), inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn payload() -> impl Strategy<Value = Payload> {
    prop_oneof![
        3 => value().prop_map(Payload::Inline),
        1 => (any::<[u8; 32]>(), any::<u64>())
            .prop_map(|(digest, bytes)| Payload::Blob { digest: Hash(digest), bytes }),
    ]
}

fn started() -> impl Strategy<Value = Body> {
    let part = (text(), text(), text());
    let part = part.prop_map(|(name, digest, origin)| Part {
        name,
        digest,
        origin,
    });
    let texts = (
        text(),
        text(),
        text(),
        text(),
        text(),
        text(),
        text(),
        text(),
        text(),
    );
    let rest = (
        option::of(text()),
        option::of(text()),
        payload(),
        payload(),
        vec(part, 0..3),
        option::of(payload()),
        option::of(forked()),
    );
    (texts, rest).prop_map(|(texts, rest)| {
        let (base_commit, model, inputs, admission, parts, setup, forked) = rest;
        let (blueprint, version, component, contract, base_tree, repository, task, sandbox, last) =
            texts;
        Body::RunStarted(Box::new(RunStarted {
            blueprint,
            version,
            component,
            contract,
            base_commit,
            base_tree,
            repository,
            task,
            inputs,
            admission,
            sandbox,
            runtime_version: last,
            model,
            parts,
            setup,
            forked,
        }))
    })
}

fn forked() -> impl Strategy<Value = Forked> {
    (any::<u128>(), any::<u64>(), any::<[u8; 32]>()).prop_map(|(run, checkpoint, hash)| Forked {
        run: RunId::from_bits(run),
        checkpoint: Seq(checkpoint),
        hash: Hash(hash),
    })
}

fn resumed() -> impl Strategy<Value = Body> {
    let moved = (text(), text(), payload()).prop_map(|(version, component, admission)| {
        Box::new(Moved {
            version,
            component,
            admission,
        })
    });
    let place = || option::of(any::<u64>().prop_map(Seq));
    let places = (place(), place(), place());
    (any::<u64>(), text(), places, option::of(moved)).prop_map(
        |(epoch, runtime_version, (checkpoint, void_after, in_doubt), moved)| Body::Resumed {
            epoch,
            runtime_version,
            checkpoint,
            void_after,
            in_doubt,
            moved,
        },
    )
}

fn waits() -> impl Strategy<Value = Body> {
    let waiting = (text(), any::<u64>(), text()).prop_map(|(node, visit, tree)| Body::Waiting {
        node,
        visit,
        tree,
    });
    let words = (text(), text(), text(), option::of(text()));
    let decided = (words, any::<bool>(), vec(text(), 0..3)).prop_map(
        |((node, by, tree, comment), approved, accepts)| {
            Body::Decided(Decision {
                node,
                approved,
                by,
                comment,
                tree,
                accepts,
            })
        },
    );
    let stopped = text().prop_map(|reason| Body::Stopped { reason });
    prop_oneof![waiting, decided, stopped]
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![
        Just(Effect::Observe),
        Just(Effect::Local),
        Just(Effect::External)
    ]
}

fn calls() -> impl Strategy<Value = Body> {
    let policy = prop_oneof![
        Just(InDoubt::Again),
        Just(InDoubt::Look),
        Just(InDoubt::Ask)
    ];
    prop_oneof![
        (
            text(),
            effect(),
            payload(),
            text(),
            option::of(text()),
            payload()
        )
            .prop_map(|(call, effect, request, rule, judged, response)| {
                Body::Call {
                    call,
                    effect,
                    request,
                    rule,
                    judged,
                    response,
                }
            }),
        (
            text(),
            effect(),
            payload(),
            text(),
            policy,
            option::of(text())
        )
            .prop_map(|(call, effect, request, rule, policy, tree)| {
                Body::Intent {
                    call,
                    effect,
                    request,
                    rule,
                    policy,
                    tree,
                }
            }),
        (any::<u64>(), payload()).prop_map(|(intent, response)| Body::Result {
            intent: Seq(intent),
            response
        }),
        (
            text(),
            text(),
            text(),
            text(),
            text(),
            option::of(payload())
        )
            .prop_map(|(call, capability, target, rule, cure, request)| {
                Body::Denied {
                    call,
                    capability,
                    target,
                    rule,
                    cure,
                    request,
                }
            }),
    ]
}

fn ending() -> impl Strategy<Value = Body> {
    let totals = btree_map(text(), any::<u64>(), 0..4);
    let outcome = proptest::sample::select(&Outcome::ALL[..]);
    let texts = (option::of(text()), option::of(text()), option::of(text()));
    (outcome, texts, totals).prop_map(|(outcome, (reason, branch, tree), totals)| {
        Body::Ended(Ending {
            outcome,
            reason,
            branch,
            tree,
            totals,
        })
    })
}

fn body() -> impl Strategy<Value = Body> {
    let level = [Level::Debug, Level::Info, Level::Warn, Level::Error];
    prop_oneof![
        started(),
        calls(),
        ending(),
        resumed(),
        waits(),
        (text(), any::<u64>(), text()).prop_map(|(node, visit, tree)| Body::VisitStarted {
            node,
            visit,
            tree
        }),
        (proptest::sample::select(level.to_vec()), text())
            .prop_map(|(level, message)| Body::Log { level, message }),
        payload().prop_map(|evidence| Body::Evidence { evidence }),
        (
            text(),
            any::<u64>(),
            text(),
            payload(),
            text(),
            option::of(payload())
        )
            .prop_map(|(node, visit, label, state, tree, findings)| {
                Body::Checkpoint {
                    node,
                    visit,
                    label,
                    state,
                    tree,
                    spent: findings.clone(),
                    findings,
                }
            }),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    let numbers = (1..u64::MAX, any::<u64>(), any::<u64>());
    let options = (option::of(any::<u64>()), option::of(any::<u64>()));
    (
        numbers,
        options,
        any::<[u8; 32]>(),
        any::<[u8; 32]>(),
        body(),
    )
        .prop_map(
            |((seq, at, micros), (visit, parent), prev, hash, body)| Record {
                run: RunId::from_bits(7),
                seq: Seq(seq),
                visit,
                parent: parent.map(Seq),
                at: Timestamp(at),
                micros,
                body,
                prev: Hash(prev),
                hash: Hash(hash),
            },
        )
}

fn encoded(record: &Record) -> Vec<u8> {
    let Record {
        seq,
        visit,
        parent,
        at,
        micros,
        ..
    } = *record;
    encode(
        Envelope {
            seq,
            visit,
            parent,
            at,
            micros,
        },
        &record.body,
    )
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn records_read_back_as_they_were(record in record()) {
        let bytes = encoded(&record);
        let stored = StoredRecord { seq: record.seq, hash: record.hash, bytes };
        let again = decode(record.run, record.prev, &stored).unwrap();
        prop_assert_eq!(&again, &record);
        prop_assert_eq!(encoded(&again), stored.bytes);
    }

    #[test]
    fn stored_bytes_are_canonical(record in record()) {
        let bytes = encoded(&record);
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(canonical::to_vec(&value).unwrap(), bytes);
    }

    #[test]
    fn any_bytes_are_a_record_or_an_error(bytes in vec(any::<u8>(), 0..64), cut in any::<u16>(), record in record()) {
        let run = RunId::from_bits(7);
        let stored = StoredRecord { seq: Seq(1), hash: Hash::ZERO, bytes };
        prop_assert!(decode(run, Hash::ZERO, &stored).is_err());
        let mut torn = encoded(&record);
        torn.truncate(usize::from(cut) % torn.len());
        let stored = StoredRecord { seq: record.seq, hash: Hash::ZERO, bytes: torn };
        prop_assert!(decode(run, Hash::ZERO, &stored).is_err());
    }
}

fn read(value: &Value) -> Result<Record, DecodeError> {
    let bytes = serde_json::to_vec(value).unwrap();
    decode(
        RunId::from_bits(7),
        Hash::ZERO,
        &StoredRecord {
            seq: Seq(4),
            hash: Hash::ZERO,
            bytes,
        },
    )
}

fn log() -> Value {
    json!({"at": 1, "body": {"log": {"level": "info", "message": "m"}}, "micros": 2, "seq": 4, "v": 1})
}

#[test]
fn a_newer_record_is_named_whatever_its_shape() {
    read(&log()).unwrap();
    for newer in [json!({"v": 2}), json!({"v": 7, "seq": 4, "cbor": "…"})] {
        let error = read(&newer).expect_err("is newer");
        assert!(
            matches!(error, DecodeError::Newer { seq: Seq(4), .. }),
            "{error}"
        );
    }
    let mut shaped_alike = log();
    shaped_alike["v"] = json!(2);
    assert!(matches!(
        read(&shaped_alike),
        Err(DecodeError::Newer { found: 2, .. })
    ));
}

#[test]
fn what_version_one_does_not_know_is_refused() {
    for (pointer, wrong) in [
        ("/seq", json!(5)),
        ("/v", json!(0)),
        ("/body/log/level", json!("loud")),
        ("/body/log/message", json!(null)),
        ("/body", json!({"unheard": {}})),
        (
            "/body",
            json!({"log": {"level": "info", "message": "m", "more": 1}}),
        ),
        ("/at", json!(-1)),
    ] {
        let mut record = log();
        *record.pointer_mut(pointer).unwrap() = wrong;
        read(&record).expect_err(pointer);
    }
    let mut more = log();
    more["more"] = json!(1);
    read(&more).expect_err("an unknown field");
}

#[test]
fn the_shape_of_version_one_stays() {
    let body = Body::Checkpoint {
        node: "lint".into(),
        visit: 2,
        label: "pass".into(),
        state: Payload::Inline(json!({"b": 1, "a": BTreeMap::from([("z", 0.5)])})),
        tree: "e77a".into(),
        findings: None,
        spent: None,
    };
    let (seq, visit, parent) = (Seq(12), Some(5), Some(Seq(9)));
    let envelope = Envelope {
        seq,
        visit,
        parent,
        at: Timestamp(3),
        micros: 4,
    };
    let bytes = encode(envelope, &body).unwrap();
    let shape = r#"{"at":3,"body":{"checkpoint":{"label":"pass","node":"lint","state":{"inline":{"a":{"z":0.5},"b":1}},"tree":"e77a","visit":2}},"micros":4,"parent":9,"seq":12,"v":1,"visit":5}"#;
    assert_eq!(String::from_utf8(bytes).unwrap(), shape);
}

#[test]
fn the_kind_is_told_from_the_first_bytes_and_from_nothing_else() {
    let envelope = Envelope {
        seq: Seq(4),
        visit: None,
        parent: None,
        at: Timestamp(u64::MAX),
        micros: 0,
    };
    let message = r#"{"at":1,"body":{"resumed":"#.into();
    let level = Level::Info;
    let bytes = encode(envelope, &Body::Log { level, message }).unwrap();
    assert_eq!(kind(&bytes), Some(&b"log"[..]));
    let reason = "ctrl-c".into();
    let bytes = encode(envelope, &Body::Stopped { reason }).unwrap();
    assert_eq!(kind(&bytes), Some(&b"stopped"[..]));
    for unknown in [&b""[..], b"{}", br#"{"at": 1"#, br#"{"at":1,"body":{"#] {
        assert_eq!(kind(unknown), None);
    }
}
