//! What is removed makes the file smaller.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::{SqliteStore, place};
use crate::conformance::{run_id, started};
use crate::{
    AppendError, Blob, Body, Enclosed, Hash, Journal, JournalError, Level, Store, StoreError,
    SystemClock, verify,
};

const LARGE: usize = 400_000;

/// Two runs, each with a large blob and some hundred records.
fn filled() -> (TempDir, PathBuf, Arc<SqliteStore>) {
    let (folder, dir) = place();
    let store = Arc::new(SqliteStore::open(&dir).unwrap());
    for n in 1..=2_u8 {
        let shared: Arc<dyn Store> = Arc::<SqliteStore>::clone(&store);
        let clock = Arc::new(SystemClock);
        let journal = Journal::begin(shared, clock, run_id(n.into()), started()).unwrap();
        let evidence = journal.blob(&vec![n; LARGE]).unwrap();
        journal
            .note(None, None, 0, Body::Evidence { evidence })
            .unwrap();
        for _ in 0..500 {
            let (level, message) = (Level::Info, "x".repeat(500));
            journal
                .note(None, None, 0, Body::Log { level, message })
                .unwrap();
        }
        journal.commit().unwrap();
    }
    (folder, dir, store)
}

fn bytes(dir: &Path) -> u64 {
    let size = |name: &str| fs::metadata(dir.join(name)).map_or(0, |found| found.len());
    size("journal.sqlite") + size("journal.sqlite-wal")
}

#[test]
fn a_sweep_gives_the_space_of_a_removed_run_back() {
    let (_folder, dir, store) = filled();
    let size = store.size(&[run_id(1)]).unwrap();
    let told = size.record_bytes + size.blob_bytes;
    assert!(told > 600_000, "{size:?}");
    store.sweep(false).unwrap();
    let before = bytes(&dir);
    store.remove(run_id(1)).unwrap();
    store.sweep(false).unwrap();
    let freed = before - bytes(&dir);
    assert!(freed >= told, "{freed} of {told} bytes were given back");
    verify(&*store, run_id(2)).unwrap();
}

#[test]
fn a_file_that_was_made_without_it_learns_to_give_space_back() {
    let (_folder, dir, store) = filled();
    store.writer().unwrap().with(|db| {
        db.execute_batch("PRAGMA auto_vacuum = NONE; VACUUM")
            .unwrap();
    });
    drop(store);
    let store = SqliteStore::open(&dir).unwrap();
    let before = bytes(&dir);
    store.remove(run_id(1)).unwrap();
    store.sweep(false).unwrap();
    assert!(bytes(&dir) + 600_000 < before);
    let mode = |db: &rusqlite::Connection| {
        let mode: i32 = db
            .pragma_query_value(None, "auto_vacuum", |row| row.get(0))
            .unwrap();
        assert_eq!(mode, 2);
    };
    store.writer().unwrap().with(mode);
    verify(&store, run_id(2)).unwrap();
}

#[test]
fn the_bytes_of_a_component_stay_as_long_as_a_run_needs_them() {
    let (_folder, _dir, store) = filled();
    let shared = || -> Arc<dyn Store> { Arc::<SqliteStore>::clone(&store) };
    let (clock, component) = (Arc::new(SystemClock), Blob::new(b"\0asm".to_vec()));
    let digest = component.digest();
    let begin = |n, blobs, refs| {
        let enclosed = Enclosed { blobs, refs };
        Journal::begin_with(shared(), clock.clone(), run_id(n), started(), enclosed)
    };
    let refused = begin(3, vec![], vec![digest]).expect_err("it was never put");
    let named = matches!(refused, JournalError::Append(AppendError::Store(StoreError::NoBlob(d))) if d == digest);
    assert!(named, "{refused}");
    drop(begin(3, vec![component], vec![]).unwrap());
    drop(begin(4, vec![], vec![digest]).unwrap());
    let moved = store.put_blob(b"\0asm of the next version").unwrap();
    let journal = begin(5, vec![], vec![]).unwrap();
    journal.refer(moved).unwrap();
    let (level, message) = (Level::Info, "moved".into());
    journal
        .note_durably(None, None, 0, Body::Log { level, message })
        .unwrap();
    store.remove(run_id(3)).unwrap();
    assert_eq!(store.sweep(false).unwrap().blobs, 0);
    assert_eq!(store.get_blob(&digest).unwrap(), b"\0asm");
    store.remove(run_id(4)).unwrap();
    assert_eq!(store.sweep(false).unwrap().blobs, 1);
    assert!(!store.has_blob(&digest).unwrap() && store.has_blob(&moved).unwrap());
    assert_eq!(store.references(run_id(5)).unwrap(), [moved]);
    assert!(!store.has_blob(&Hash::ZERO).unwrap());
}
