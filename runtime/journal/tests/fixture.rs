//! The journal of version 1 that is kept: it must open, verify and read for as
//! long as this program exists. A later version adds a fixture beside it.
//!
//! Made with `MAKE_FIXTURE=1 cargo test -p minion-journal --test fixture`, which
//! refuses to overwrite.

#![expect(clippy::unwrap_used, reason = "a test stops when it fails")]

use std::collections::HashSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use minion_journal::{
    Body, Claim, Clock, Effect, Ending, Head, InDoubt, Journal, Level, Outcome, Part, Payload,
    Record, Records, Resumption, RunFilter, RunId, RunStarted, RunState, Seq, SqliteStore, Store,
    Timestamp, Totals, keep, load, resolve, verify, verify_against,
};
use serde_json::json;
use tempfile::TempDir;

const RUN: &str = "01J9QXQXQX0000000000F1XT0R";
const HEAD: &str = "b277b7c246f4e6390c0e9d6df698c30dc4a9d5fbe6f8c1cd55af5780ac3e912e";
const RECORDS: u64 = 13;

struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1_000_000, Ordering::Relaxed))
    }
}

fn clock(second: u64) -> Arc<Ticking> {
    Arc::new(Ticking(AtomicU64::new(
        (1_795_253_400 + second) * 1_000_000,
    )))
}

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journal-v1.sqlite")
}

fn run() -> RunId {
    RUN.parse().unwrap()
}

/// One record of every kind, with every effect, and large payloads.
fn write(dir: &Path) -> Head {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir).unwrap());
    let start = started(keep(&*store, json!({"files": vec!["src/**"; 4000]})).unwrap());
    let first = Journal::begin(Arc::clone(&store), clock(0), run(), start).unwrap();
    visit(&first);
    drop(first);
    let second = Journal::claim(Arc::clone(&store), clock(60), run(), Claim::IfFree).unwrap();
    second
        .resume(Resumption {
            runtime_version: "0.1.0".into(),
            checkpoint: store.summary(run()).unwrap().checkpoint,
            ..Resumption::default()
        })
        .unwrap();
    effects(&second);
    second
        .end(Ending {
            outcome: Outcome::Delivered,
            reason: Some("every gate passed".into()),
            branch: Some("minion/f1xt0r".into()),
            tree: Some("e77a".into()),
            totals: Totals::from([("tokens".into(), 6100), ("turns".into(), 4)]),
        })
        .unwrap()
}

fn started(admission: Payload) -> RunStarted {
    RunStarted {
        blueprint: "acme/fix-bug".into(),
        version: "1.4.0".into(),
        component: "sha256:3f9c21".into(),
        contract: "0.1.0".into(),
        base_commit: Some("8c1f0e2".into()),
        base_tree: "5d01".into(),
        repository: "/home/dana/parser".into(),
        task: "the parser drops the last line".into(),
        inputs: Payload::Inline(json!({"issue": 12})),
        admission,
        sandbox: "full".into(),
        runtime_version: "0.1.0".into(),
        model: Some("cassette".into()),
        parts: vec![Part {
            name: "std:lint".into(),
            digest: "sha256:7c2e".into(),
            origin: "shipped".into(),
        }],
        setup: None,
        forked: None,
    }
}

fn visit(journal: &Journal) {
    let (node, tree): (String, String) = ("gather".into(), "5d01".into());
    let begun = Body::VisitStarted {
        node: node.clone(),
        visit: 1,
        tree: tree.clone(),
    };
    let parent = journal.note(Some(1), None, 0, begun).ok();
    let read = Body::Call {
        call: "workspace.read".into(),
        effect: Effect::Observe,
        request: journal.payload(json!({"path": "src/lib.rs"})).unwrap(),
        rule: "src/**".into(),
        judged: None,
        response: journal.blob(b"fn last_line() {}\n").unwrap(),
    };
    journal.note(Some(1), parent, 41, read).unwrap();
    let denied = Body::Denied {
        call: "workspace.read".into(),
        capability: "files".into(),
        target: ".env".into(),
        rule: "secret-looking-file".into(),
        cure: "files.read = [\".env\"]".into(),
        request: None,
    };
    journal.note(Some(1), parent, 2, denied).unwrap();
    let line = Body::Log {
        level: Level::Warn,
        message: "\u{1b}[31m é\n".into(),
    };
    journal.note(Some(1), parent, 0, line).unwrap();
    let state = Payload::Inline(json!({"rounds": 0, "ratio": 0.1, "large": u64::MAX}));
    let end = Body::Checkpoint {
        node,
        visit: 1,
        label: "done".into(),
        state,
        tree,
        findings: None,
        spent: None,
    };
    journal.note_durably(Some(1), None, 41_000, end).unwrap();
}

fn effects(journal: &Journal) {
    for (call, effect, policy) in [
        ("plugins.run", Effect::Local, InDoubt::Again),
        ("agent.turn", Effect::External, InDoubt::Ask),
    ] {
        let request = journal.payload(json!({"call": call})).unwrap();
        let (call, rule) = (call.into(), "asked".into());
        let intent = Body::Intent {
            call,
            effect,
            request,
            rule,
            policy,
            tree: None,
        };
        let intent = journal.note_durably(Some(2), None, 0, intent).unwrap();
        let response = journal.payload(json!(null)).unwrap();
        journal
            .note_durably(Some(2), None, 900, Body::Result { intent, response })
            .unwrap();
    }
    let evidence = journal
        .payload(json!({"gate": "std:lint", "verdict": "pass"}))
        .unwrap();
    journal
        .note(Some(2), None, 0, Body::Evidence { evidence })
        .unwrap();
}

/// A copy of the kept file, closed to others as a journal must be.
fn opened() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("journal");
    drop(SqliteStore::open(&dir).unwrap());
    let file = dir.join("journal.sqlite");
    fs::copy(kept(), &file).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    (folder, dir)
}

fn records(store: &dyn Store) -> Vec<Record> {
    Records::all(store, run())
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn make_fixture() {
    if std::env::var_os("MAKE_FIXTURE").is_none() {
        return;
    }
    assert!(!kept().exists(), "a kept fixture is never made again");
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("journal");
    let head = write(&dir);
    fs::copy(dir.join("journal.sqlite"), kept()).unwrap();
    panic!("made; its head is {} at {}", head.hash, head.seq);
}

#[test]
fn the_kept_journal_opens_and_verifies() {
    let (_folder, dir) = opened();
    for store in [
        SqliteStore::open_read_only(&dir).unwrap(),
        SqliteStore::open(&dir).unwrap(),
    ] {
        let head = Head {
            seq: Seq(RECORDS),
            hash: HEAD.parse().unwrap(),
        };
        let verified = verify_against(&store, run(), head).unwrap();
        assert_eq!((verified.head, verified.ended), (head, true));
    }
}

#[test]
fn the_kept_journal_reads_as_it_was_meant() {
    let (_folder, dir) = opened();
    let store = SqliteStore::open_read_only(&dir).unwrap();
    assert_eq!(resolve(&store, "f1xt0r").unwrap(), run());
    let summary = store.runs(&RunFilter::default()).unwrap().remove(0);
    assert_eq!((summary.state, summary.epoch), (RunState::Ended, 2));
    assert_eq!(
        (summary.begun.blueprint.as_str(), summary.checkpoint),
        ("acme/fix-bug", Some(Seq(6)))
    );
    let found = records(&store);
    let kinds: HashSet<_> = found.iter().map(|record| kind(&record.body)).collect();
    assert_eq!(kinds.len(), 11, "every kind of record is in it");
    let Body::RunStarted(begun) = &found[0].body else {
        panic!("the first record begins the run")
    };
    assert_eq!(
        load(&store, &begun.admission).unwrap(),
        json!({"files": vec!["src/**"; 4000]})
    );
    let Body::Checkpoint { state, .. } = &found[5].body else {
        panic!("the checkpoint is sixth")
    };
    assert_eq!(load(&store, state).unwrap()["large"], json!(u64::MAX));
}

fn kind(body: &Body) -> std::mem::Discriminant<Body> {
    std::mem::discriminant(body)
}

#[test]
fn the_same_facts_still_give_the_same_bytes() {
    let (_folder, dir) = opened();
    let old = SqliteStore::open_read_only(&dir).unwrap();
    let again = tempfile::tempdir().unwrap();
    let head = write(&again.path().join("journal"));
    let new = SqliteStore::open_read_only(again.path().join("journal")).unwrap();
    assert_eq!(records(&new), records(&old));
    assert_eq!(
        (head.seq, head.hash.to_string().as_str()),
        (Seq(RECORDS), HEAD)
    );
    verify(&new, run()).unwrap();
}
