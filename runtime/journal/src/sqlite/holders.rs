//! Who holds a run: one locked file per lease, `held/<run>.<epoch>`.
//!
//! The system drops the lock when its process dies, so there is nothing to time
//! out. A lease's file is locked before its epoch can be seen; no file, or one
//! that can be locked, means that nobody lives who holds it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::RunId;

/// Name of the folder.
pub(super) const FOLDER: &str = "held";

/// The folder of the locks.
pub(super) struct Holders {
    folder: PathBuf,
}

impl Holders {
    pub(super) fn at(dir: &Path) -> Self {
        Self {
            folder: dir.join(FOLDER),
        }
    }

    /// Locks the file of a lease that is about to be handed out.
    pub(super) fn hold(&self, run: RunId, epoch: u64) -> io::Result<Arc<Guard>> {
        let path = self.path(run, epoch);
        let mut options = OpenOptions::new();
        let file = options
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)?;
        file.try_lock().map_err(io::Error::from)?;
        Ok(Arc::new(Guard { path, _file: file }))
    }

    /// Whether somebody lives who holds this lease.
    pub(super) fn lives(&self, run: RunId, epoch: u64) -> io::Result<bool> {
        locked(&self.path(run, epoch))
    }

    /// Whether somebody lives who holds any lease.
    pub(super) fn anybody(&self) -> io::Result<bool> {
        for entry in fs::read_dir(&self.folder)? {
            if locked(&entry?.path())? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes what a dead process left behind.
    pub(super) fn forget(&self, run: RunId, epoch: u64) {
        let _ = fs::remove_file(self.path(run, epoch));
    }

    fn path(&self, run: RunId, epoch: u64) -> PathBuf {
        self.folder.join(format!("{run}.{epoch}"))
    }
}

fn locked(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    // Shared, so that two who look do not take each other for the holder.
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// A lease that lives.
pub(super) struct Guard {
    path: PathBuf,
    _file: File,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
