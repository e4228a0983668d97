//! Files of version 1: read as they are, brought to version 2 when they are written.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use super::{SqliteStore, place};
use crate::sqlite::schema;
use crate::{Hash, OpenError, RunFilter, RunState, RunSummary, Store, Swept, verify};

/// A copy of the file that version 1 wrote and that is kept for ever.
fn version_1() -> (TempDir, PathBuf) {
    let (folder, dir) = place();
    drop(SqliteStore::open(&dir).unwrap());
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journal-v1.sqlite");
    let file = dir.join("journal.sqlite");
    fs::copy(kept, &file).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    assert_eq!(schema_of(&dir), 1);
    (folder, dir)
}

fn schema_of(dir: &Path) -> i32 {
    let db = Connection::open(dir.join("journal.sqlite")).unwrap();
    db.pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}

fn only(store: &SqliteStore) -> RunSummary {
    let mut runs = store.runs(&RunFilter::default()).unwrap();
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

#[test]
fn version_1_is_read_as_it_is_and_left_so() {
    let (_folder, dir) = version_1();
    let before = fs::read(dir.join("journal.sqlite")).unwrap();
    let store = SqliteStore::open_read_only(&dir).unwrap();
    let summary = only(&store);
    let run = summary.begun.run;
    assert_eq!((summary.state, summary.holder), (RunState::Ended, None));
    assert!(!summary.imported && summary.pause.is_none());
    verify(&store, run).unwrap();
    assert!(store.signals(run, 0).unwrap().is_empty());
    assert!(store.references(run).unwrap().is_empty());
    assert_eq!(store.sweep(true).unwrap(), Swept::default());
    assert_eq!(store.size(&[run]).unwrap().records, 13);
    drop(store);
    assert_eq!(fs::read(dir.join("journal.sqlite")).unwrap(), before);
}

#[test]
fn opening_for_writing_makes_version_2_and_keeps_what_is_referred_to() {
    let (_folder, dir) = version_1();
    let before = only(&SqliteStore::open_read_only(&dir).unwrap());
    let run = before.begun.run;
    let store = SqliteStore::open(&dir).unwrap();
    assert_eq!(schema_of(&dir), schema::VERSION);
    assert_eq!(only(&store), before);
    let refers = store.references(run).unwrap();
    assert_eq!(refers.len(), 2, "the admission and a file that was read");
    assert!(refers.contains(&Hash::of(b"fn last_line() {}\n")));
    store.put_blob(b"nobody's").unwrap();
    assert_eq!(store.sweep(false).unwrap().blobs, 1);
    verify(&store, run).expect("its blobs were kept");
    drop(store);
    verify(&SqliteStore::open(&dir).unwrap(), run).unwrap();
}

#[test]
fn a_new_file_and_a_migrated_one_have_the_same_tables() {
    let tables = |dir: &Path| -> Vec<String> {
        drop(SqliteStore::open(dir).unwrap());
        let db = Connection::open(dir.join("journal.sqlite")).unwrap();
        let sql = "SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name";
        let mut query = db.prepare(sql).unwrap();
        let rows = query.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let ((_old, migrated), (_new, fresh)) = (version_1(), place());
    assert_eq!(tables(&migrated), tables(&fresh));
}

#[test]
fn a_file_that_an_earlier_program_writes_is_not_migrated() {
    let (_folder, dir) = version_1();
    let lease = fs::File::create(dir.join("held/somebody.1")).unwrap();
    lease.lock().unwrap();
    let refused = SqliteStore::open(&dir).expect_err("it is in use");
    assert!(matches!(refused, OpenError::InUse(_)), "{refused}");
    assert_eq!(schema_of(&dir), 1);
    lease.unlock().unwrap();
    SqliteStore::open(&dir).unwrap();
}
