//! What was written and is not yet known to be on the disk.
//!
//! A file is durable once it and the folder that names it were flushed, the folder's own name
//! too when it is new. Every writer of a database notes here what it wrote; one flush settles
//! all of it. Flushing the whole file system in one call would do the same, but waits for the
//! gigabytes that builds beside it wrote.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gix::{ObjectId, oid};

use crate::parallel;

/// Written by this process: objects, and other files and folders of the store.
#[derive(Debug, Default)]
pub(super) struct Unsynced {
    noted: Mutex<Noted>,
    /// Held by a flush, so that another one waits for what the first took.
    flushed: Mutex<Flushed>,
}

#[derive(Debug, Default)]
struct Noted {
    /// Whole and written by this process; only these need not be written again.
    known: HashSet<ObjectId>,
    objects: Vec<ObjectId>,
    others: Vec<PathBuf>,
}

#[derive(Debug, Default)]
struct Flushed {
    /// Folders of objects whose own names are on the disk.
    folders: HashSet<PathBuf>,
    /// Why a flush failed. The system forgets what it could not write, so a second try would
    /// succeed and prove nothing.
    failed: Option<String>,
}

impl Unsynced {
    pub(super) fn knows(&self, id: &oid) -> bool {
        lock(&self.noted).known.contains(id)
    }

    /// Notes an object that stands whole in its file.
    pub(super) fn note(&self, id: ObjectId) {
        let mut noted = lock(&self.noted);
        noted.known.insert(id);
        noted.objects.push(id);
    }

    /// Notes other files and folders of the store.
    pub(super) fn note_others(&self, paths: impl IntoIterator<Item = PathBuf>) {
        lock(&self.noted).others.extend(paths);
    }

    /// Flushes what was noted in the database at `top`.
    pub(super) fn flush(
        &self,
        top: &Path,
        file_of: impl Fn(&oid) -> PathBuf,
    ) -> Result<(), String> {
        let mut flushed = lock(&self.flushed);
        if let Some(why) = &flushed.failed {
            return Err(format!("an earlier flush failed: {why}"));
        }
        let (objects, others) = {
            let mut noted = lock(&self.noted);
            (
                std::mem::take(&mut noted.objects),
                std::mem::take(&mut noted.others),
            )
        };
        let files: Vec<PathBuf> = objects.iter().map(|id| file_of(id)).collect();
        let done = flushed.files(top, &files, &others);
        done.inspect_err(|why| flushed.failed = Some(why.clone()))
    }
}

impl Flushed {
    fn files(&mut self, top: &Path, files: &[PathBuf], others: &[PathBuf]) -> Result<(), String> {
        let first: Vec<&Path> = files.iter().chain(others).map(PathBuf::as_path).collect();
        all(&first)?;
        let folders: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
        let mut second: Vec<&Path> = folders.into_iter().collect();
        let new = second
            .iter()
            .filter(|folder| self.folders.insert(folder.to_path_buf()))
            .count();
        if new > 0 {
            second.push(top);
        }
        all(&second)
    }
}

/// Flushes files or folders, many at a time: the disk does several in one go.
fn all(paths: &[&Path]) -> Result<(), String> {
    let flush = |(): &mut (), path: &&Path| {
        let done: io::Result<()> = File::open(path).and_then(|file| file.sync_all());
        done.map_err(|error| format!("`{}`: {error}", path.display()))
    };
    parallel::each_waiting(paths, || (), flush).map(drop)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
