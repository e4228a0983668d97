//! Disks that fail, and what is left after a crash in the middle of a write.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{SqliteStore, place};
use crate::conformance::{run_id, started};
use crate::{
    AppendError, Body, Journal, JournalError, Level, OpenError, Seq, Store, StoreError,
    SystemClock, verify,
};

fn line(length: usize) -> Body {
    Body::Log {
        level: Level::Info,
        message: "x".repeat(length),
    }
}

fn begin(store: &Arc<SqliteStore>, n: u64) -> Journal {
    let store: Arc<dyn Store> = Arc::<SqliteStore>::clone(store);
    Journal::begin(store, Arc::new(SystemClock), run_id(n), started()).unwrap()
}

/// Lets the file grow by no more than `pages`: what SQLite then does is what it
/// does on a full disk.
pub(super) fn fill(store: &SqliteStore, pages: i64) {
    let writer = store.writer().unwrap();
    writer.with(|db| {
        let now: i64 = db
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .unwrap();
        db.pragma_update(None, "max_page_count", now + pages)
            .unwrap();
    });
}

#[test]
fn a_full_disk_poisons_the_journal_and_keeps_what_was_committed() {
    let (_folder, dir) = place();
    let store = Arc::new(SqliteStore::open(&dir).unwrap());
    let journal = begin(&store, 1);
    journal.note_durably(None, None, 0, line(10)).unwrap();
    let head = journal.head();
    fill(&store, 3);
    journal.note(None, None, 0, line(100_000)).unwrap();
    let full = journal.commit().expect_err("the disk is full");
    let is_full = matches!(
        full,
        JournalError::Append(AppendError::Store(StoreError::Full(_)))
    );
    assert!(is_full, "{full:?}");
    let note = journal
        .note(None, None, 0, line(1))
        .expect_err("is poisoned");
    assert!(matches!(note, JournalError::Poisoned { .. }), "{note:?}");
    assert!(note.to_string().contains("full"), "{note}");
    assert!(matches!(
        journal.commit(),
        Err(JournalError::Poisoned { .. })
    ));
    assert!(matches!(
        journal.blob(b"x"),
        Err(JournalError::Poisoned { .. })
    ));
    assert_eq!(verify(&*store, journal.run()).unwrap().head, head);
    fill(&store, 100);
    assert!(
        journal.commit().is_err(),
        "space that comes back does not heal it"
    );
    begin(&store, 2)
        .note_durably(None, None, 0, line(1))
        .unwrap();
}

#[test]
fn a_full_disk_keeps_a_run_from_beginning() {
    let (_folder, dir) = place();
    let store = Arc::new(SqliteStore::open(&dir).unwrap());
    fill(&store, 0);
    let mut large = started();
    large.task = "x".repeat(50_000);
    let shared: Arc<dyn Store> = Arc::<SqliteStore>::clone(&store);
    let refused = Journal::begin(shared, Arc::new(SystemClock), run_id(1), large);
    assert!(matches!(
        refused,
        Err(JournalError::Append(AppendError::Store(StoreError::Full(
            _
        ))))
    ));
    assert!(matches!(
        store.summary(run_id(1)),
        Err(StoreError::NoRun(_))
    ));
    let held = fs::read_dir(dir.join("held")).unwrap().count();
    assert_eq!(held, 0, "the lease of a run that is not is let go");
}

#[test]
fn a_foreign_lock_is_waited_for_and_then_named() {
    let (_folder, dir) = place();
    drop(SqliteStore::open(&dir).unwrap());
    let store = SqliteStore::open_within(&dir, Duration::from_millis(50)).unwrap();
    let foreign = Connection::open(dir.join("journal.sqlite")).unwrap();
    foreign.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = Instant::now();
    assert!(matches!(store.put_blob(b"x"), Err(StoreError::Locked(_))));
    assert!(begun.elapsed() >= Duration::from_millis(50));
    foreign.execute_batch("ROLLBACK").unwrap();
    store.put_blob(b"x").unwrap();
}

#[test]
fn an_exclusively_locked_file_is_not_opened() {
    let (_folder, dir) = place();
    drop(SqliteStore::open(&dir).unwrap());
    let foreign = Connection::open(dir.join("journal.sqlite")).unwrap();
    let lock =
        "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE runs SET ended = 1; COMMIT";
    foreign.execute_batch(lock).unwrap();
    let refused = SqliteStore::open_within(&dir, Duration::from_millis(50));
    assert!(
        matches!(refused, Err(OpenError::Locked { .. })),
        "{refused:?}"
    );
}

/// Copies what a machine that lost power would find: file and log, no index.
fn crash(from: &Path, to: &Path, log: &[u8]) {
    drop(SqliteStore::open(to).unwrap());
    fs::copy(from.join("journal.sqlite"), to.join("journal.sqlite")).unwrap();
    fs::write(to.join("journal.sqlite-wal"), log).unwrap();
}

#[test]
fn a_torn_log_leaves_whole_batches_in_one_chain() {
    let (folder, dir) = place();
    let store = Arc::new(SqliteStore::open(&dir).unwrap());
    let journal = begin(&store, 1);
    for batch in 0..12 {
        for _ in 0..5 {
            journal.note(None, None, 0, line(batch * 90)).unwrap();
        }
        journal.commit().unwrap();
    }
    let log = fs::read(dir.join("journal.sqlite-wal")).unwrap();
    let (mut seen, mut last) = (std::collections::BTreeSet::new(), 0);
    for cut in (0..=log.len()).step_by(log.len() / 97) {
        let to = folder.path().join(format!("cut-{cut}"));
        crash(&dir, &to, &log[..cut]);
        let Ok(torn) = SqliteStore::open(&to) else {
            panic!("cut at {cut} must open")
        };
        let records = match verify(&torn, journal.run()) {
            Ok(verified) => verified.records,
            Err(crate::VerifyError::Store(StoreError::NoRun(_))) => 0,
            Err(other) => panic!("cut at {cut}: {other}"),
        };
        assert!(
            records == 0 || records % 5 == 1,
            "{records} records are no whole batches"
        );
        assert!(records >= last, "a longer log holds no less");
        last = records;
        seen.insert(records);
    }
    assert!(
        seen.len() > 8,
        "the cuts must fall between many batches: {seen:?}"
    );
}

#[test]
fn a_flipped_bit_in_the_log_ends_it_there() {
    let (folder, dir) = place();
    let store = Arc::new(SqliteStore::open(&dir).unwrap());
    let journal = begin(&store, 1);
    for _ in 0..8 {
        journal.note_durably(None, None, 0, line(500)).unwrap();
    }
    let log = fs::read(dir.join("journal.sqlite-wal")).unwrap();
    for at in (40..log.len()).step_by(log.len() / 23) {
        let mut flipped = log.clone();
        flipped[at] ^= 0x10;
        let to = folder.path().join(format!("flip-{at}"));
        crash(&dir, &to, &flipped);
        let torn = SqliteStore::open(&to).unwrap();
        match verify(&torn, journal.run()) {
            Ok(verified) => assert!(verified.head.seq < Seq(9), "flip at {at} was not noticed"),
            Err(crate::VerifyError::Store(StoreError::NoRun(_))) => {}
            Err(other) => panic!("flip at {at}: {other}"),
        }
    }
}
