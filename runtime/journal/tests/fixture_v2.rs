//! The second journal that is kept: a file of schema 2 with every kind of record that
//! there is by now, void ones too. It must open, verify and read for as long as this
//! program exists; a later kind makes a third.
//!
//! Made with `MAKE_FIXTURE=1 cargo test -p minion-journal --test fixture_v2`, which refuses
//! to overwrite.

#![expect(clippy::unwrap_used, reason = "a test stops when it fails")]

use std::collections::HashSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use minion_journal::{
    Blob, Body, Claim, Clock, Decision, Effect, Effective, Enclosed, Ending, Forked, Hash, Head,
    InDoubt, Journal, Level, Moved, Outcome, Payload, Record, Records, Resumption, RunDigest,
    RunId, RunStarted, RunState, Seq, Signal, SqliteStore, Standing, Store, Timestamp, Totals,
    export, keep, verify_against,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const RUN: &str = "01J9QXQXQX0000000000F1XT2R";
const HEAD: &str = "bcaa917bb19bb2f6c410cdc759c42778d6226ae553f46b98b792dd74e6ea8786";
const DIGEST: &str = "72416729f789336bf1797a09c5b88c5535cd18ae44a6ca328ebf74ee7428be00";
const EXPORT: &str = "82588ed133907fc330d6c185d33387be7218bdbbfb09eae060f6d8e4013e22ed";
const COUNTS: [u64; 18] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19, 22,
];
const RECORDS: u64 = 22;

struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1_000_000, Ordering::Relaxed))
    }
}

fn clock(second: u64) -> Arc<Ticking> {
    let micros = (1_795_253_400 + second) * 1_000_000;
    Arc::new(Ticking(AtomicU64::new(micros)))
}

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journal-v2.sqlite")
}

fn run() -> RunId {
    RUN.parse().unwrap()
}

fn inline(value: Value) -> Payload {
    Payload::Inline(value)
}

/// A run that is begun from another, crashes in doubt, waits, is moved, stopped, and ends.
fn write(dir: &Path) -> Head {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir).unwrap());
    let component = Blob::new(b"\0asm\x0d\0\x01\0".to_vec());
    let start = started(&*store, component.digest());
    let enclosed = Enclosed {
        blobs: vec![component],
        refs: Vec::new(),
    };
    let first = Journal::begin_with(Arc::clone(&store), clock(0), run(), start, enclosed);
    let intent = first_life(&first.unwrap());
    second_life(&claimed(&store, 60), intent);
    let signal = Signal {
        name: "approve".into(),
        body: json!({"é": [1.5, null]}),
        dedupe: Some("one".into()),
    };
    store.signal(run(), &signal).unwrap();
    third_life(&claimed(&store, 120), &*store);
    let last = claimed(&store, 180);
    resume(&last, Seq(20), None, None);
    last.end(Ending {
        outcome: Outcome::Escalated,
        reason: Some("after 2 of 2 rounds".into()),
        branch: Some("minion-escalated/f1xt2r".into()),
        tree: Some("e77a".into()),
        totals: Totals::from([("tokens".into(), 6100)]),
    })
    .unwrap()
}

fn claimed(store: &Arc<dyn Store>, second: u64) -> Journal {
    Journal::claim(Arc::clone(store), clock(second), run(), Claim::IfFree).unwrap()
}

fn resume(journal: &Journal, after: Seq, in_doubt: Option<Seq>, moved: Option<Moved>) {
    let how = Resumption {
        runtime_version: "0.1.0".into(),
        checkpoint: Some(Seq(6)),
        void_after: Some(after),
        in_doubt,
        moved,
    };
    journal.resume(how).unwrap();
}

fn started(store: &dyn Store, component: Hash) -> RunStarted {
    let forked = Forked {
        run: "01J9QXQXQX0000000000F1XT0R".parse().unwrap(),
        checkpoint: Seq(6),
        hash: Hash::of(b"its hash there"),
    };
    RunStarted {
        blueprint: "acme/fix-bug".into(),
        version: "1.4.0".into(),
        component: format!("sha256:{component}"),
        contract: "0.1.0".into(),
        base_commit: Some("8c1f0e2".into()),
        base_tree: "5d01".into(),
        repository: "/home/dana/parser".into(),
        task: "the parser drops the last line".into(),
        inputs: inline(json!({"issue": 12})),
        admission: keep(store, json!({"files": vec!["src/**"; 4000]})).unwrap(),
        sandbox: "full".into(),
        runtime_version: "0.1.0".into(),
        model: Some("cassette".into()),
        parts: Vec::new(),
        setup: Some(inline(json!({"grants": "grants.toml"}))),
        forked: Some(forked),
    }
}

/// Records 2 to 10; gives the intent that has no result.
fn first_life(journal: &Journal) -> Seq {
    let note = |body| journal.note(Some(1), None, 5, body).unwrap();
    note(visit("act", 1));
    note(Body::Call {
        call: "workspace.read".into(),
        effect: Effect::Observe,
        request: inline(json!({"path": "src/lib.rs"})),
        rule: "src/**".into(),
        judged: None,
        response: journal.blob(b"fn last_line() {}\n").unwrap(),
    });
    note(Body::Denied {
        call: "workspace.read".into(),
        capability: "files".into(),
        target: ".env".into(),
        rule: "secret-looking-file".into(),
        cure: "files.read = [\".env\"]".into(),
        request: Some(inline(json!({"path": ".env"}))),
    });
    note(line("\u{1b}[31m é\n"));
    note(checkpoint("act", Some(inline(json!([{"file": "a.rs"}])))));
    journal.commit().unwrap();
    note(visit("lint", 1));
    note(Body::Evidence {
        evidence: inline(
            json!({"gate": "std:lint", "plugin": "p", "tree": "5d01", "verdict": "pass"}),
        ),
    });
    let body = Body::Intent {
        call: "model.turn".into(),
        effect: Effect::External,
        request: inline(json!({"messages": []})),
        rule: "model".into(),
        policy: InDoubt::Ask,
        tree: Some("5d01".into()),
    };
    let intent = journal.note_durably(Some(2), None, 0, body).unwrap();
    note(line("void"));
    journal.commit().unwrap();
    intent
}

/// Records 11 to 15: settles the intent, goes on and waits.
fn second_life(journal: &Journal, intent: Seq) {
    resume(journal, intent, Some(intent), None);
    let response = inline(json!(null));
    let note = |body| journal.note(Some(2), None, 900, body).unwrap();
    note(Body::Result { intent, response });
    note(checkpoint("lint", None));
    note(visit("approve", 1));
    note(Body::Waiting {
        node: "approve".into(),
        visit: 1,
        tree: "e77a".into(),
    });
    journal.commit().unwrap();
}

/// Records 16 to 20: a decision, a move to a new version, a stop.
fn third_life(journal: &Journal, store: &dyn Store) {
    let note = |body| journal.note(None, None, 0, body).unwrap();
    note(Body::Decided(Decision {
        node: "approve".into(),
        approved: false,
        by: "dana".into(),
        comment: Some("not yet".into()),
        tree: "e77a".into(),
        accepts: vec!["build.rs".into()],
    }));
    let component = store.put_blob(b"\0asm\x0d\0\x01\0 of 2.0.0").unwrap();
    journal.refer(component).unwrap();
    let moved = Moved {
        version: "2.0.0".into(),
        component: format!("sha256:{component}"),
        admission: inline(json!({"files": []})),
    };
    resume(journal, Seq(16), None, Some(moved));
    note(line("in the new version"));
    note(checkpoint("approve", None));
    let reason = "ctrl-c".into();
    note(Body::Stopped { reason });
    journal.commit().unwrap();
}

fn visit(node: &str, visit: u64) -> Body {
    let (node, tree) = (node.into(), "5d01".into());
    Body::VisitStarted { node, visit, tree }
}

fn line(message: &str) -> Body {
    Body::Log {
        level: Level::Warn,
        message: message.into(),
    }
}

fn checkpoint(node: &str, findings: Option<Payload>) -> Body {
    Body::Checkpoint {
        node: node.into(),
        visit: 1,
        label: "done".into(),
        state: inline(json!({"rounds": 0, "ratio": 0.1, "large": u64::MAX})),
        tree: "5d01".into(),
        findings,
        spent: None,
    }
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
    let all = Records::all(store, run()).unwrap();
    all.map(Result::unwrap).collect()
}

fn exported(store: &dyn Store) -> Hash {
    let mut file = Vec::new();
    export(store, run(), &mut file).unwrap();
    Hash::of(&file)
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
    let store = SqliteStore::open(&dir).unwrap();
    let digest = RunDigest::of(&store, run()).unwrap();
    let export = exported(&store);
    drop(store);
    fs::copy(dir.join("journal.sqlite"), kept()).unwrap();
    let head = (head.hash, head.seq);
    panic!("made; its head is {head:?}, digest {digest}, export {export}");
}

#[test]
fn the_kept_journal_opens_verifies_and_goes_out_in_the_same_bytes() {
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
        assert_eq!(RunDigest::of(&store, run()).unwrap().to_string(), DIGEST);
        assert_eq!(exported(&store).to_string(), EXPORT);
    }
}

#[test]
fn the_kept_journal_reads_as_it_was_meant() {
    let (_folder, dir) = opened();
    let store = SqliteStore::open_read_only(&dir).unwrap();
    let summary = store.summary(run()).unwrap();
    assert_eq!((summary.state, summary.epoch), (RunState::Ended, 4));
    let found = records(&store);
    let kind = |record: &Record| std::mem::discriminant(&record.body);
    let kinds: HashSet<_> = found.iter().map(kind).collect();
    assert_eq!(kinds.len(), 14, "every kind of record is in it");
    let counts = Effective::of(&store, run()).unwrap();
    let counts: Vec<_> = counts.map(|record| record.unwrap().seq.0).collect();
    assert_eq!(counts, COUNTS);
    let standing = Standing::of(&store, run()).unwrap();
    assert_eq!(standing.checkpoint, Some(Seq(19)));
    let component = Hash::of(b"\0asm\x0d\0\x01\0 of 2.0.0");
    assert_eq!(standing.component, Some(format!("sha256:{component}")));
    let refers = store.references(run()).unwrap();
    assert!(refers.len() == 4 && refers.contains(&component));
    let signals = store.signals(run(), 0).unwrap();
    assert_eq!(signals[0].1.body, json!({"é": [1.5, null]}));
}

#[test]
fn the_same_facts_still_give_the_same_bytes() {
    let (_folder, dir) = opened();
    let old = SqliteStore::open_read_only(&dir).unwrap();
    let again = tempfile::tempdir().unwrap();
    let head = write(&again.path().join("journal"));
    let new = SqliteStore::open_read_only(again.path().join("journal")).unwrap();
    assert_eq!(records(&new), records(&old));
    assert_eq!(head.hash.to_string(), HEAD);
    assert_eq!(exported(&new), exported(&old));
}
