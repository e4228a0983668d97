//! Why a store did not do what it was asked.

use std::collections::BTreeSet;

use crate::{Hash, Head, RunId, RunIdError, Seq};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The store could not read or write.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such run.
    #[error("there is no run `{}` in this journal", .0.short())]
    NoRun(RunId),
    /// There is no such blob.
    #[error("blob `{0}` is missing from the journal")]
    NoBlob(Hash),
    /// The bytes of a blob are not what they were.
    #[error("blob `{0}` was altered: its bytes have another SHA-256")]
    BlobAltered(Hash),
    /// More than the store takes.
    #[error("{bytes} bytes are too much for one blob: at most {max}")]
    TooLarge {
        /// How many.
        bytes: usize,
        /// How many there may be.
        max: usize,
    },
    /// The batch itself is wrong: empty, or with gaps.
    #[error("a batch must follow the head without gaps: expected record {expected}, got {found:?}")]
    Gap {
        /// What should have come.
        expected: Seq,
        /// What came, if anything.
        found: Option<Seq>,
    },
    /// The store was opened for reading, or its file is read-only.
    #[error("the journal is read-only")]
    ReadOnly,
    /// The disk is full.
    #[error("the disk that holds the journal is full")]
    Full(#[source] Cause),
    /// Somebody else held the store for too long.
    #[error("the journal is locked by another process")]
    Locked(#[source] Cause),
    /// The store's own data makes no sense.
    #[error("the journal is corrupt: {what}")]
    Corrupt {
        /// What is wrong.
        what: String,
        /// From below, if it was found there.
        source: Option<Cause>,
    },
    /// A write failed in a way after which nothing can be relied upon.
    #[error("the journal failed to write before and must be opened again")]
    Broken,
    /// Whatever else the disk or the database said.
    #[error("the journal could not be read or written")]
    Failed(#[source] Cause),
}

/// Why nothing was appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else has claimed the run since.
    #[error("run `{}` was taken over: this writer has epoch {held}, the run has {current}", run.short())]
    Fenced {
        /// Which run.
        run: RunId,
        /// Epoch of the lease that was shown.
        held: u64,
        /// Epoch of the run.
        current: u64,
    },
    /// The head is not the expected one.
    #[error("run `{}` is at record {}, not where this writer left it", run.short(), tail.seq)]
    Conflict {
        /// Which run.
        run: RunId,
        /// The head it has.
        tail: Head,
    },
    /// The run has ended.
    #[error("run `{}` has ended", .0.short())]
    Ended(RunId),
    /// A run of that id is there already.
    #[error("there is a run `{}` already", .0.short())]
    Exists(RunId),
    /// It failed so late that it may be there after all.
    #[error("it is unknown whether the write to run `{}` is durable", run.short())]
    Unknown {
        /// Which run.
        run: RunId,
        /// What failed.
        source: StoreError,
    },
    /// It failed, and nothing was written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a run was not claimed, or not removed.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Somebody has it.
    #[error("run `{}` is held by {holder}", run.short())]
    Held {
        /// Which run.
        run: RunId,
        /// Who says to hold it.
        holder: String,
    },
    /// The run has ended.
    #[error("run `{}` has ended", .0.short())]
    Ended(RunId),
    /// The run was imported.
    #[error(
        "run `{}` was imported and can only be read and replayed: all that it says is the word of whoever made the file",
        .0.short()
    )]
    Imported(RunId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a signal was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SignalError {
    /// The run has ended.
    #[error("run `{}` has ended and hears nothing more", .0.short())]
    Ended(RunId),
    /// The run was imported.
    #[error("run `{}` was imported, and nobody here goes on with it", .0.short())]
    Imported(RunId),
    /// It is too long.
    #[error("a signal of {bytes} bytes is too long: at most {max}")]
    TooLarge {
        /// How many.
        bytes: usize,
        /// How many there may be.
        max: usize,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a fragment names no run.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// It is no fragment of an id at all.
    #[error(transparent)]
    NotAnId(#[from] RunIdError),
    /// No run fits.
    #[error("no run begins or ends with `{0}`")]
    None(String),
    /// Several fit.
    #[error("several runs begin or end with `{fragment}`: {}", list(candidates))]
    Ambiguous {
        /// What was typed.
        fragment: String,
        /// Some of those that fit, the youngest first.
        candidates: Vec<RunId>,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// As screens show them, unless that does not tell them apart.
fn list(runs: &[RunId]) -> String {
    let shown: BTreeSet<_> = runs.iter().map(|run| run.short()).collect();
    let apart = shown.len() == runs.len();
    let name = |run: &RunId| {
        let short = apart.then(|| run.short());
        format!("`{}`", short.unwrap_or_else(|| run.to_string()))
    };
    runs.iter().map(name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_runs_are_named_as_screens_show_them_where_that_tells_them_apart() {
        let (one, two) = (RunId::from_bits(1), RunId::from_bits(2));
        let twin = RunId::from_bits(1 << 100 | 1);
        assert_eq!(list(&[one, two]), "`000001`, `000002`");
        assert_eq!(list(&[one, twin]), format!("`{one}`, `{twin}`"));
        let ended = ClaimError::Ended(one).to_string();
        assert_eq!(ended, "run `000001` has ended");
    }
}
