//! Why a store could not be made or opened.

use std::io;
use std::path::PathBuf;

use crate::objects::ObjectError;
use crate::tree::TreeError;
use crate::{CommitId, SnapshotError};

/// Why a store could not be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum RunStoreError {
    /// The system refused.
    #[error("cannot keep the run's objects in `{}`: {source}", path.display())]
    System {
        /// The folder of the store.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The path of the user's objects cannot stand in an alternates file.
    #[error("the path of the repository's objects, {0:?}, holds a line break; move the repository")]
    Path(PathBuf),
    /// The objects cannot be read or written.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// What the run started from is not where its objects are borrowed.
    #[error("`{}` does not hold what the run started from, commit {commit}: {why}; bring the commit back (`git fetch` from where it is), name the repository that has it, or start a new run", repository.display())]
    Lender {
        /// The repository.
        repository: PathBuf,
        /// The commit of the base.
        commit: CommitId,
        /// What is missing.
        why: String,
    },
    /// A folder without git could not be read.
    #[error("cannot take `{}` as a base: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: SnapshotError,
    },
    /// A tree that is to be taken along is missing or damaged.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A folder without git changed between being named the base and being taken.
    #[error("`{}` changed while it was taken as a base; run again", .0.display())]
    Changed(PathBuf),
}
