//! What only the SQLite store does: its file, its locks, its faults.

mod damage;
mod faults;
mod files;
mod full;
mod migration;
mod processes;
mod space;

use tempfile::TempDir;

use super::SqliteStore;
use crate::conformance;

/// A folder in which `journal` is not made yet.
fn place() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("journal");
    (folder, dir)
}

#[test]
fn sqlite_gives_all_guarantees_of_a_store() {
    conformance::suite(|| {
        let (folder, dir) = place();
        move || {
            let _keep = &folder;
            SqliteStore::open(&dir).unwrap()
        }
    });
}
