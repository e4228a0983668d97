//! How much one opened folder gives and takes.

use std::sync::atomic::Ordering::Relaxed;

use super::{FileError, Files, LimitKind};

/// Bounds of file access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLimits {
    /// The largest file read or written, in bytes.
    pub file_bytes: u64,
    /// The most bytes written together.
    pub written_bytes: u64,
    /// The most files and folders made together.
    pub created: u64,
    /// The most entries of a folder that is listed.
    pub entries: usize,
    /// The most hits of a search.
    pub hits: usize,
    /// The most files and folders a search looks at.
    pub searched: usize,
    /// The most bytes a search reads.
    pub searched_bytes: u64,
}

impl Default for FileLimits {
    /// 4 MiB a file, 1 GiB and 10,000 files written, 10,000 entries a folder,
    /// 200 hits in at most 50,000 files and 256 MiB.
    fn default() -> Self {
        Self {
            file_bytes: 4 << 20,
            written_bytes: 1 << 30,
            created: 10_000,
            entries: 10_000,
            hits: 200,
            searched: 50_000,
            searched_bytes: 256 << 20,
        }
    }
}

impl Files {
    /// Takes `amount` from a budget.
    pub(super) fn charge<D>(&self, kind: LimitKind, amount: u64) -> Result<(), FileError<D>> {
        let (counter, allowed) = match kind {
            LimitKind::Created => (&self.created, self.limits.created),
            _ => (&self.written, self.limits.written_bytes),
        };
        counter
            .fetch_update(Relaxed, Relaxed, |spent| {
                spent.checked_add(amount).filter(|spent| *spent <= allowed)
            })
            .map(drop)
            .map_err(|_| FileError::Limit { kind, allowed })
    }
}
