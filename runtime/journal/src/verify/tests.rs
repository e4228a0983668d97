//! Tampering at random with the file itself, behind the store's back: none may
//! go unnoticed.

mod tamper;

use std::collections::HashSet;
use std::fs;
use std::mem::discriminant;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::conformance::{resumed, run_id, started};
use tamper::{File, Forge, Tamper, tamper};

use crate::effective::tests::{intent, line, result};
use crate::{
    Body, Decision, Effect, Effective, Ending, Flaw, Head, Journal, Moved, Outcome, Payload,
    ReadError, Records, Resumption, Seq, SqliteStore, Store, SystemClock, Totals, Verified,
    VerifyError, keep, verify, verify_against, verify_holds,
};

const VISITS: u64 = 4;

/// Records that both runs have.
const COMMON: u64 = 1 + VISITS * 3 + 9;

/// Two runs of the same shape, with records of every kind: one that ended and one that was
/// stopped.
fn journal(dir: &Path) -> Vec<Head> {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir).unwrap());
    let write = |n| {
        let mut begin = started();
        begin.admission = keep(&*store, "admitted ".repeat(5_000).into()).unwrap();
        let clock = Arc::new(SystemClock);
        let journal = Journal::begin(Arc::clone(&store), clock, run_id(n), begin).unwrap();
        (1..=VISITS).for_each(|visit| stay(&journal, visit));
        every_other_kind(&journal, &*store);
        if n == 1 {
            let (outcome, totals) = (Outcome::Delivered, Totals::from([("turns".into(), 3)]));
            let (branch, tree) = (Some("minion/x".into()), Some("e77a".into()));
            journal
                .end(Ending {
                    outcome,
                    reason: None,
                    branch,
                    tree,
                    totals,
                })
                .unwrap();
        }
        journal.head()
    };
    vec![write(1), write(2)]
}

fn every_other_kind(journal: &Journal, store: &dyn Store) {
    let large = |word: &str| keep(store, word.repeat(9_000).into()).unwrap();
    let (node, tree): (String, String) = ("approve".into(), "e77a".into());
    let fact = |body| journal.note(Some(9), None, 3, body).unwrap();
    fact(Body::Denied {
        call: "workspace.read".into(),
        capability: "files".into(),
        target: ".env".into(),
        rule: "secret-looking-file".into(),
        cure: "files.read = [\".env\"]".into(),
        request: Some(large("asked ")),
    });
    fact(line("é"));
    let intent = fact(intent(Effect::External, &tree));
    fact(result(intent));
    fact(Body::Evidence {
        evidence: large("proof "),
    });
    fact(Body::Waiting {
        node: node.clone(),
        visit: 1,
        tree: tree.clone(),
    });
    fact(Body::Decided(Decision {
        node,
        approved: true,
        by: "dana".into(),
        comment: Some("go".into()),
        tree,
        accepts: vec!["build.rs".into()],
    }));
    let moved = Moved {
        version: "2.0.0".into(),
        component: "sha256:00".into(),
        admission: large("moved "),
        setup: Some(large("moved by ")),
    };
    let how = Resumption {
        runtime_version: "0.1.0".into(),
        checkpoint: Some(Seq(13)),
        void_after: Some(Seq(13)),
        in_doubt: Some(intent),
        moved: Some(moved),
    };
    journal.resume(how).unwrap();
    let reason = "ctrl-c".into();
    journal
        .note_durably(None, None, 0, Body::Stopped { reason })
        .unwrap();
}

fn stay(journal: &Journal, visit: u64) {
    let (node, tree): (String, String) = ("lint".into(), "5d01".into());
    let start = Body::VisitStarted {
        node: node.clone(),
        visit,
        tree: tree.clone(),
    };
    let parent = journal.note(Some(visit), None, 0, start).unwrap();
    let call = Body::Call {
        call: "workspace.read".into(),
        effect: Effect::Observe,
        request: journal.payload("src/lib.rs".into()).unwrap(),
        rule: "src/**".into(),
        judged: None,
        response: journal
            .blob(format!("the file at visit {visit}").as_bytes())
            .unwrap(),
    };
    journal.note(Some(visit), Some(parent), 7, call).unwrap();
    let state = Payload::Inline(serde_json::json!({"rounds": visit}));
    let end = Body::Checkpoint {
        node,
        visit,
        label: "pass".into(),
        state,
        tree,
        findings: None,
        spent: None,
    };
    journal.note(Some(visit), None, 9, end).unwrap();
    journal.commit().unwrap();
}

fn written() -> (TempDir, PathBuf, Vec<Head>) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("journal");
    let heads = journal(&dir);
    (folder, dir, heads)
}

fn both(dir: &Path) -> Result<[Verified; 2], VerifyError> {
    let store = SqliteStore::open_read_only(dir).unwrap();
    Ok([verify(&store, run_id(1))?, verify(&store, run_id(2))?])
}

#[test]
fn what_was_not_altered_is_verified() {
    let (_folder, dir, heads) = written();
    let [ended, interrupted] = both(&dir).unwrap();
    assert_eq!(
        (ended.head, ended.ended, ended.records),
        (heads[0], true, COMMON + 1)
    );
    assert_eq!((interrupted.head, interrupted.ended), (heads[1], false));
    let store = SqliteStore::open_read_only(&dir).unwrap();
    let all = Records::all(&store, run_id(1)).unwrap();
    let kinds: HashSet<_> = all
        .map(|record| discriminant(&record.unwrap().body))
        .collect();
    assert_eq!(kinds.len(), 14, "every kind of record is in it");
}

/// The bytes of a closed file that keeps no log beside it, so that a copy is one file.
fn alone(dir: &Path) -> Vec<u8> {
    let file = dir.join("journal.sqlite");
    let db = Connection::open(&file).unwrap();
    db.pragma_update(None, "journal_mode", "DELETE").unwrap();
    db.close().unwrap();
    fs::read(file).unwrap()
}

/// Opens the file for tampering, which need not be durable.
fn fast(file: &Path) -> Connection {
    let db = Connection::open(file).unwrap();
    db.pragma_update(None, "journal_mode", "MEMORY").unwrap();
    db.pragma_update(None, "synchronous", "OFF").unwrap();
    db.execute_batch("BEGIN").unwrap();
    db
}

/// Whether a tamper with a run is found: by the journal itself, or, where the whole chain
/// was computed anew, by the head that was kept elsewhere.
fn found(dir: &Path, run: u64, heads: &[Head], tamper: Tamper) -> Result<(), TestCaseError> {
    if let Tamper::Forge(forge) = tamper {
        let store = SqliteStore::open_read_only(dir).unwrap();
        if matches!(forge, Forge::Edit(_)) {
            prop_assert!(verify(&store, run_id(run)).is_ok(), "it fits itself");
        }
        let kept = heads[usize::from(run == 2)];
        prop_assert!(verify_against(&store, run_id(run), kept).is_err(), "forged");
        prop_assert!(
            verify_holds(&store, run_id(run), kept.hash).is_err(),
            "forged"
        );
    } else {
        prop_assert!(both(dir).is_err(), "went unnoticed");
        prop_assert!(
            !tamper.alters_records() || reads(dir, run).is_err(),
            "was read"
        );
    }
    Ok(())
}

/// Reads a run as whoever goes on with it does.
fn reads(dir: &Path, run: u64) -> Result<usize, ReadError> {
    let store = SqliteStore::open_read_only(dir).unwrap();
    let records: Result<Vec<_>, _> = Effective::of(&store, run_id(run))?.collect();
    records.map(|records| records.len())
}

#[test]
fn ten_thousand_random_tampers_are_all_found() {
    const THREADS: u32 = 4;
    let (_folder, dir, heads) = written();
    let original = alone(&dir);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| tampers_are_found(&original, &heads, 10_000 / THREADS));
        }
    });
}

fn tampers_are_found(original: &[u8], heads: &[Head], cases: u32) {
    let folder = tempfile::tempdir().unwrap();
    let altered = folder.path().join("altered");
    drop(SqliteStore::open(&altered).unwrap());
    let file = altered.join("journal.sqlite");
    fs::write(&file, original).unwrap();
    both(&altered).expect("the copy is whole");
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let tampers = (1..=2_u64, tamper());
    let all = TestRunner::new(config).run(&tampers, |(run, tamper)| {
        fs::write(&file, original).unwrap();
        let db = fast(&file);
        File(&db).apply(run, tamper);
        db.execute_batch("COMMIT").unwrap();
        db.close().unwrap();
        found(&altered, run, heads, tamper)
    });
    all.unwrap();
}

#[test]
fn a_chain_computed_anew_is_found_by_a_head_kept_elsewhere() {
    let (_folder, dir, heads) = written();
    let db = Connection::open(dir.join("journal.sqlite")).unwrap();
    let (hash, bytes) = File(&db).row(1, 5);
    let lie = String::from_utf8(bytes).unwrap().replace("lint", "limt");
    File(&db).put(1, 5, &(hash, lie.into_bytes()));
    File(&db).rewrite(1, 5);
    db.close().unwrap();
    let store = SqliteStore::open_read_only(&dir).unwrap();
    let forged = verify(&store, run_id(1)).expect("the forged chain fits itself");
    assert_ne!(forged.head, heads[0]);
    let found = verify_against(&store, run_id(1), heads[0]);
    assert!(
        matches!(&found, Err(VerifyError::Tampered(t)) if matches!(t.what, Flaw::OtherHead)),
        "{found:?}"
    );
}

#[test]
fn a_kept_head_proves_a_journal_that_went_on_since() {
    let (_folder, dir, heads) = written();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&dir).unwrap());
    verify_against(&*store, run_id(2), heads[1]).unwrap();
    let claim = crate::Claim::IfFree;
    let clock = Arc::new(SystemClock);
    resumed(&store, clock, run_id(2), claim, "0.1.0");
    let gone_on = verify_against(&*store, run_id(2), heads[1]).unwrap();
    assert_eq!(gone_on.head.seq, heads[1].seq.next());
    assert_eq!(
        verify_holds(&*store, run_id(2), heads[1].hash).unwrap(),
        gone_on
    );
    let other = verify_holds(&*store, run_id(2), heads[0].hash);
    assert!(other.is_err(), "the head of another run");
    let later = Head {
        seq: Seq(99),
        hash: heads[1].hash,
    };
    assert!(
        verify_against(&*store, run_id(2), later).is_err(),
        "an older copy of the file"
    );
}

#[test]
fn the_first_altered_record_is_named() {
    let (_folder, dir, _) = written();
    let db = Connection::open(dir.join("journal.sqlite")).unwrap();
    File(&db).apply(1, Tamper::FlipByte(6, 77));
    db.close().unwrap();
    let store = SqliteStore::open_read_only(&dir).unwrap();
    let error = verify(&store, run_id(1))
        .expect_err("was altered")
        .to_string();
    assert_eq!(
        error,
        format!(
            "run `{}` was altered at record 6: its bytes do not give its hash",
            run_id(1).short()
        )
    );
}
