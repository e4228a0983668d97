//! Why a folder cannot be the base of a run, each with its cure.

use std::path::PathBuf;

use crate::objects::ObjectError;
use crate::{CommitId, SnapshotError, TreeId};

/// Why a folder cannot be the base of a run.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// The path leads nowhere, or to no folder.
    #[error("`{}` is not a folder: {source}", path.display())]
    NoFolder {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A repository without a working tree.
    #[error("`{}` is a bare repository or a git folder; name a clone of it (`git clone {}`)", .0.display(), .0.display())]
    Bare(PathBuf),
    /// There is no commit to start from.
    #[error("`{}` has no commit yet; make one (`git add -A && git commit`)", .0.display())]
    Empty(PathBuf),
    /// A format that is not read.
    #[error("`{}` uses {what}, which is not supported; only SHA-1 repositories with file refs are", path.display())]
    Format {
        /// The top of the repository.
        path: PathBuf,
        /// The format.
        what: String,
    },
    /// There is a `.git`, and git itself could not read it.
    #[error("the repository at `{}` cannot be read: {why}; `git fsck` says more", path.display())]
    Broken {
        /// The top of the repository.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The revision names no commit.
    #[error("`{revision}` names no commit in `{}`: {why}", path.display())]
    Revision {
        /// The top of the repository.
        path: PathBuf,
        /// What was asked for.
        revision: String,
        /// What is wrong with it.
        why: String,
    },
    /// The commit that a run started from is not there any more.
    #[error("`{}` does not hold commit {commit}, which the run started from; bring it back (`git fetch` from where it is), name the repository that has it, or start a new run", path.display())]
    BaseGone {
        /// The top of the repository.
        path: PathBuf,
        /// The commit.
        commit: CommitId,
    },
    /// The commit that a run started from has another tree than was recorded.
    #[error("commit {commit} in `{}` has tree {found}, and the run recorded {recorded}; start a new run", path.display())]
    BaseDiffers {
        /// The top of the repository.
        path: PathBuf,
        /// The commit.
        commit: CommitId,
        /// Its tree.
        found: TreeId,
        /// The tree that was recorded.
        recorded: TreeId,
    },
    /// A folder without git has no revisions.
    #[error("`{}` is no git repository, so it has no revision `{revision}`", path.display())]
    NoRevisions {
        /// The folder.
        path: PathBuf,
        /// What was asked for.
        revision: String,
    },
    /// An object is missing or damaged.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// A folder without git could not be read.
    #[error("cannot take `{}` as a base: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: SnapshotError,
    },
}
