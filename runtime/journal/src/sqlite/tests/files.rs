//! What is taken as a journal, and what is refused by name.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rusqlite::Connection;

use super::{SqliteStore, place};
use crate::conformance::{run_id, started};
use crate::journal::Journal;
use crate::{OpenError, RunFilter, Store, StoreError, SystemClock};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A closed journal with one run in it.
fn written(dir: &Path) {
    let store = std::sync::Arc::new(SqliteStore::open(dir).unwrap());
    Journal::begin(
        store,
        std::sync::Arc::new(SystemClock),
        run_id(1),
        started(),
    )
    .unwrap();
}

fn refusal(dir: &Path) -> (OpenError, OpenError) {
    let writing = SqliteStore::open(dir).expect_err("must be refused for writing");
    let reading = SqliteStore::open_read_only(dir).expect_err("must be refused for reading");
    (writing, reading)
}

#[test]
fn only_the_owner_may_enter_what_is_made() {
    let (_folder, dir) = place();
    let nested = dir.join("of/its/own");
    let store = SqliteStore::open(&nested).unwrap();
    store.put_blob(b"so that there is a log").unwrap();
    for folder in [&dir, &dir.join("of"), &nested, &nested.join("held")] {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
    let mut files = 0;
    for entry in fs::read_dir(&nested).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            assert_eq!(mode(&entry.path()), 0o600, "{}", entry.path().display());
            files += 1;
        }
    }
    assert_eq!(files, 5, "journal, log, index of the log, two locks");
}

#[test]
fn what_others_can_enter_is_refused_with_its_cure() {
    let (_folder, dir) = place();
    written(&dir);
    let file = dir.join("journal.sqlite");
    for (path, loose, tight, cure) in [
        (&dir, 0o750, 0o700, "chmod 700"),
        (&file, 0o644, 0o600, "chmod 600"),
    ] {
        set_mode(path, loose);
        let error = SqliteStore::open(&dir).expect_err("must be refused");
        assert!(matches!(&error, OpenError::Exposed { path: found, .. } if found == path));
        assert!(error.to_string().contains(cure), "{error}");
        set_mode(path, tight);
    }
    SqliteStore::open(&dir).unwrap();
}

#[test]
fn a_read_only_file_is_refused_for_writing_and_can_be_read() {
    let (_folder, dir) = place();
    written(&dir);
    set_mode(&dir.join("journal.sqlite"), 0o400);
    let error = SqliteStore::open(&dir).expect_err("must be refused");
    assert!(matches!(error, OpenError::ReadOnly(_)), "{error}");
    let store = SqliteStore::open_read_only(&dir).unwrap();
    assert_eq!(store.runs(&RunFilter::default()).unwrap().len(), 1);
}

#[test]
fn a_store_that_was_opened_for_reading_writes_nothing() {
    let (_folder, dir) = place();
    written(&dir);
    let store = SqliteStore::open_read_only(&dir).unwrap();
    assert!(matches!(store.put_blob(b"x"), Err(StoreError::ReadOnly)));
    assert!(store.claim(run_id(1), crate::Claim::TakeOver).is_err());
    assert_eq!(store.summary(run_id(1)).unwrap().epoch, 1);
}

#[test]
fn reading_makes_no_journal() {
    let (_folder, dir) = place();
    let error = SqliteStore::open_read_only(&dir).expect_err("there is none");
    assert!(matches!(error, OpenError::NotFound(_)), "{error}");
    assert!(!dir.exists());
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let (_folder, dir) = place();
    written(&dir);
    let file = dir.join("journal.sqlite");
    Connection::open(&file)
        .unwrap()
        .pragma_update(None, "user_version", 3)
        .unwrap();
    let before = fs::read(&file).unwrap();
    let (writing, reading) = refusal(&dir);
    for error in [writing, reading] {
        assert!(
            matches!(
                error,
                OpenError::Newer {
                    found: 3,
                    known: 2,
                    ..
                }
            ),
            "{error}"
        );
    }
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn a_foreign_database_is_refused_and_left_alone() {
    let (_folder, dir) = place();
    written(&dir);
    let file = dir.join("journal.sqlite");
    fs::remove_file(&file).unwrap();
    Connection::open(&file)
        .unwrap()
        .execute_batch("CREATE TABLE runs (id TEXT)")
        .unwrap();
    set_mode(&file, 0o600);
    let before = fs::read(&file).unwrap();
    let (writing, reading) = refusal(&dir);
    for error in [writing, reading] {
        assert!(matches!(error, OpenError::Foreign(_)), "{error}");
    }
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn bytes_that_are_no_database_are_refused_as_corrupt() {
    for bytes in [
        &b"minion"[..],
        &[0x55; 10_000],
        &b"SQLite format 3\0".repeat(64),
    ] {
        let (_folder, dir) = place();
        written(&dir);
        let file = dir.join("journal.sqlite");
        fs::write(&file, bytes).unwrap();
        let (writing, reading) = refusal(&dir);
        for error in [writing, reading] {
            assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");
        }
    }
}

#[test]
fn an_empty_file_is_an_empty_journal() {
    let (_folder, dir) = place();
    written(&dir);
    fs::write(dir.join("journal.sqlite"), b"").unwrap();
    assert!(
        SqliteStore::open(&dir)
            .unwrap()
            .runs(&RunFilter::default())
            .unwrap()
            .is_empty()
    );
}

#[test]
fn links_and_folders_in_place_of_the_file_are_refused() {
    let (folder, dir) = place();
    written(&dir);
    let (file, elsewhere) = (dir.join("journal.sqlite"), folder.path().join("elsewhere"));
    fs::rename(&file, &elsewhere).unwrap();
    symlink(&elsewhere, &file).unwrap();
    let (writing, reading) = refusal(&dir);
    assert!(
        matches!(
            writing,
            OpenError::WrongKind {
                expected: "file",
                ..
            }
        ),
        "{writing}"
    );
    assert!(
        matches!(
            reading,
            OpenError::WrongKind {
                expected: "file",
                ..
            }
        ),
        "{reading}"
    );
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(matches!(refusal(&dir).0, OpenError::WrongKind { .. }));
    let linked = folder.path().join("linked");
    symlink(&dir, &linked).unwrap();
    assert!(matches!(
        SqliteStore::open(&linked),
        Err(OpenError::WrongKind { .. })
    ));
}

#[test]
fn a_closed_journal_is_one_file() {
    let (_folder, dir) = place();
    written(&dir);
    let store = SqliteStore::open(&dir).unwrap();
    store.put_blob(b"something in the log").unwrap();
    store.runs(&RunFilter::default()).unwrap();
    drop(store);
    assert!(
        !dir.join("journal.sqlite-wal").exists(),
        "the log was not moved into the file"
    );
}
