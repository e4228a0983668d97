//! The store that is built in: one SQLite file, `journal.sqlite`, in a folder of
//! its own.
//!
//! WAL with `synchronous = FULL`: a commit is one flush of the log. One writer
//! connection per process; what several threads append at the same time becomes
//! one transaction. Writers of different processes queue at `writer.turn` and
//! `writer.lock`, since SQLite's own waiting starves some of them; readers use
//! connections of their own and wait for nobody. `held/` has one locked file per
//! lease that lives, so that a dead process lets go at once. Locks are those of the
//! local system: not for network file systems.
//!
//! Blobs are rows, not files: they become durable with the records that name
//! them, in the same flush, so none is ever orphaned or missing after a crash,
//! and no other file has to be synced, renamed, listed or guarded. What it costs,
//! writing large blobs twice (log and table), is less than the flushes saved.
//!
//! Folder 0700, files 0600. Refused at opening: a folder or file that others may
//! enter, what is not this store's file, a newer schema, a corrupt file, a
//! read-only one.

mod group;
mod holders;
mod open;
mod read;
mod rows;
mod schema;
mod signals;
mod space;
mod turn;
mod write;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rusqlite::Connection;

pub use open::OpenError;

use crate::{
    AppendError, Batch, Claim, ClaimError, Hash, Head, Lease, NewRun, RunFilter, RunFragment,
    RunId, RunSummary, Seq, Signal, SignalError, Size, Store, StoreError, StoredRecord, Swept,
};

/// The most bytes that one blob may have: 64 MiB.
const MAX_BLOB: usize = 64 * 1024 * 1024;

/// A [`Store`] in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    dir: PathBuf,
    // Closed before the writer: the last to close moves the log into the file,
    // and one that only reads cannot.
    readers: Mutex<Vec<Connection>>,
    writer: Option<write::Writer>,
    // Of the file: an earlier one lacks tables, and can only be read.
    schema: i32,
}

impl SqliteStore {
    /// The folder it lies in.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn holders(&self) -> holders::Holders {
        holders::Holders::at(&self.dir)
    }

    fn listing(&self) -> read::Listing {
        read::Listing {
            holders: self.holders(),
            schema: self.schema,
        }
    }

    fn writer(&self) -> Result<&write::Writer, StoreError> {
        self.writer.as_ref().ok_or(StoreError::ReadOnly)
    }
}

impl Store for SqliteStore {
    fn create(&self, run: &NewRun, first: Batch) -> Result<Lease, AppendError> {
        self.writer()?.create(run, &first, &self.holders())
    }

    fn claim(&self, run: RunId, claim: Claim) -> Result<Lease, ClaimError> {
        self.writer()?.claim(run, claim, &self.holders())
    }

    fn append(&self, lease: &Lease, expected: Head, batch: Batch) -> Result<Head, AppendError> {
        self.writer()?.append(lease, expected, batch)
    }

    fn adopt(&self, run: &NewRun, whole: Batch) -> Result<(), AppendError> {
        self.writer()?.adopt(run, &whole)
    }

    fn head(&self, run: RunId) -> Result<Head, StoreError> {
        self.reading(|db| read::head(db, run))
    }

    fn read(&self, run: RunId, from: Seq, limit: usize) -> Result<Vec<StoredRecord>, StoreError> {
        self.reading(|db| read::records(db, run, from, limit))
    }

    fn summary(&self, run: RunId) -> Result<RunSummary, StoreError> {
        self.reading(|db| read::summary(db, run, &self.listing()))
    }

    fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        self.reading(|db| read::runs(db, filter, &self.listing()))
    }

    fn candidates(&self, fragment: &RunFragment, limit: usize) -> Result<Vec<RunId>, StoreError> {
        self.reading(|db| read::candidates(db, fragment, limit))
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Hash, StoreError> {
        self.writer()?.put_blob(bytes)
    }

    fn get_blob(&self, digest: &Hash) -> Result<Vec<u8>, StoreError> {
        self.reading(|db| read::blob(db, digest))
    }

    fn has_blob(&self, digest: &Hash) -> Result<bool, StoreError> {
        self.reading(|db| read::has_blob(db, digest))
    }

    fn references(&self, run: RunId) -> Result<Vec<Hash>, StoreError> {
        self.reading(|db| space::references(db, self.schema, run))
    }

    fn signal(&self, run: RunId, signal: &Signal) -> Result<u64, SignalError> {
        self.writer()?.signal(run, signal)
    }

    fn signals(&self, run: RunId, after: u64) -> Result<Vec<(u64, Signal)>, StoreError> {
        self.reading(|db| signals::after(db, self.schema, run, after))
    }

    fn remove(&self, run: RunId) -> Result<(), ClaimError> {
        self.writer()?.remove(run, &self.holders())
    }

    fn size(&self, runs: &[RunId]) -> Result<Size, StoreError> {
        self.reading(|db| space::size(db, self.schema, runs))
    }

    fn sweep(&self, dry: bool) -> Result<Swept, StoreError> {
        if dry {
            self.reading(|db| space::unreferenced(db, self.schema))
        } else {
            self.writer()?.sweep()
        }
    }
}
