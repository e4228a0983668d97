//! Delivery: a tree becomes a commit on a new branch of the user's repository.
//!
//! The missing objects are added and made durable, then one ref is created, and
//! only if it does not exist; a kill in between leaves objects that nothing
//! names, or at most the lock of the new ref. Working tree, index, `HEAD`, configuration, other refs and reflogs
//! stay as they are; no hook runs.

use std::path::{Path, PathBuf};

use gix::objs::{Kind, WriteTo};
use gix::{actor, date};

use crate::objects::{ObjectError, Objects};
use crate::repository::{Repository, open_plainly};
use crate::tree::TreeError;
use crate::{CommitId, RunStore, TreeId};

mod branch;
mod delivered;
mod missing;

pub use delivered::Delivered;

use missing::Missing;

/// Why a tree was not delivered. Nothing but unreferenced objects is left.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The branch is there already, perhaps from a delivery before.
    #[error("branch `{branch}` exists already{}; nothing was changed", .at.map(|at| format!(" at {at}")).unwrap_or_default())]
    BranchExists {
        /// The branch.
        branch: String,
        /// The commit that it names.
        at: Option<CommitId>,
    },
    /// The branch cannot be made.
    #[error("branch `{branch}` cannot be made: {why}")]
    Branch {
        /// The branch.
        branch: String,
        /// What is wrong.
        why: String,
    },
    /// The lock of the branch is held.
    #[error("`{}` is in the way: a git is at work on the branch, or was killed; if none runs, remove that file", .0.display())]
    Locked(PathBuf),
    /// Author or message cannot stand in a commit.
    #[error("the commit cannot be written: {0}")]
    Commit(String),
    /// A tree or object is missing or damaged.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// An object cannot be read or written.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The user's repository cannot be written.
    #[error("cannot write to `{}`: {why}", path.display())]
    System {
        /// The path.
        path: PathBuf,
        /// What went wrong.
        why: String,
    },
}

/// Who made a commit, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// A name.
    pub name: String,
    /// A mail address.
    pub email: String,
    /// Since 1970.
    pub seconds: i64,
    /// East of Greenwich.
    pub offset_minutes: i32,
}

impl RunStore {
    /// Commits `tree` onto the new branch `branch`, on top of `parent`. For a
    /// folder without git the branch is made in the run's own repository
    /// ([`RunStore::path`]).
    pub fn deliver(
        &self,
        repository: &Repository,
        tree: TreeId,
        parent: Option<CommitId>,
        branch: &str,
        message: &str,
        author: &Signature,
    ) -> Result<CommitId, DeliverError> {
        let (git, objects) = self.receiver(repository)?;
        let name = branch::full_name(branch)?;
        branch::refuse_existing(&git, branch, &name)?;
        let mut missing = Missing::new(self, &objects, parent)?;
        missing.tree(tree)?;
        let made = commit(tree, parent, message, author);
        let mut content = Vec::new();
        made.write_to(&mut content)
            .map_err(|error| DeliverError::Commit(error.to_string()))?;
        let commit = missing.put(Kind::Commit, &content)?;
        objects.sync()?;
        branch::create(&git, branch, &name, commit)?;
        Ok(CommitId(commit))
    }

    /// Where deliveries to `repository` go, and its objects.
    fn receiver(
        &self,
        repository: &Repository,
    ) -> Result<(gix::Repository, Objects), DeliverError> {
        match repository.git() {
            Some(git) => {
                let objects = Objects::open(&git.common_dir().join("objects"))?;
                Ok((git, objects))
            }
            // What its writers wrote is known to these objects alone.
            None => Ok((self.own_git()?, self.objects().clone())),
        }
    }

    fn own_git(&self) -> Result<gix::Repository, DeliverError> {
        open_plainly(self.path().to_owned())
            .map(|git| git.to_thread_local())
            .map_err(|error| DeliverError::System {
                path: self.path().to_owned(),
                why: error.to_string(),
            })
    }
}

pub(crate) fn commit(
    tree: TreeId,
    parent: Option<CommitId>,
    message: &str,
    author: &Signature,
) -> gix::objs::Commit {
    let author = actor::Signature {
        name: author.name.as_str().into(),
        email: author.email.as_str().into(),
        time: date::Time::new(author.seconds, author.offset_minutes * 60),
    };
    gix::objs::Commit {
        tree: tree.0,
        parents: parent.map(|parent| parent.0).into_iter().collect(),
        committer: author.clone(),
        author,
        encoding: None,
        message: message.into(),
        extra_headers: Vec::new(),
    }
}

/// What root wrote into another's repository becomes theirs, or they could
/// not go on using it.
fn give_to_owner(folder: &Path, file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, lchown};
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let owner = folder.metadata()?;
    for path in file.ancestors().take_while(|path| *path != folder) {
        if path.symlink_metadata()?.uid() != owner.uid() {
            lchown(path, Some(owner.uid()), Some(owner.gid()))?;
        }
    }
    Ok(())
}

/// Refuses a symlink between `folder` and `file`: what is delivered must not
/// land outside of the repository.
fn refuse_links(folder: &Path, file: &Path) -> std::io::Result<()> {
    let is_link = |path: &&Path| {
        path.symlink_metadata()
            .is_ok_and(|found| found.is_symlink())
    };
    match file
        .ancestors()
        .take_while(|path| *path != folder)
        .find(is_link)
    {
        None => Ok(()),
        Some(link) => Err(std::io::Error::other(format!(
            "`{}` is a symlink",
            link.display()
        ))),
    }
}

fn system(path: &Path, error: &dyn std::fmt::Display) -> DeliverError {
    DeliverError::System {
        path: path.to_owned(),
        why: error.to_string(),
    }
}
