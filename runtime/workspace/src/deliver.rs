//! Delivery: a tree becomes a commit on a new branch of the user's repository.
//!
//! The missing objects are added, then one ref is created, and only if it does
//! not exist. Working tree, index, `HEAD`, configuration, other refs and reflogs
//! stay as they are; no hook runs.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use gix::objs::{Kind, WriteTo};
use gix::refs::Target;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};
use gix::{ObjectId, actor, date};

use crate::objects::{ObjectError, Objects, Reader};
use crate::repository::{Repository, open_plainly};
use crate::tree::{MAX_ENTRIES, TreeError, entries, flatten};
use crate::{CommitId, RunStore, TreeId};

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
        let git = match repository.git() {
            Some(git) => git,
            None => self.own_git()?,
        };
        let name = full_name(branch)?;
        refuse_existing(&git, branch, &name)?;
        let folder = git.common_dir().join("objects");
        let objects = Objects::open(&folder)?;
        let mut missing = Missing::new(self, &objects, parent)?;
        missing.tree(tree)?;
        let made = commit(tree, parent, message, author);
        let mut content = Vec::new();
        made.write_to(&mut content)
            .map_err(|error| DeliverError::Commit(error.to_string()))?;
        let commit = missing.put(Kind::Commit, &content)?;
        create_ref(git, branch, &name, commit)?;
        Ok(CommitId(commit))
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

/// The objects that the user's repository lacks.
struct Missing<'m> {
    from: Reader,
    there: Reader,
    to: crate::objects::Writer,
    folder: &'m Path,
    /// Reachable from the parent, so complete down to the last file.
    complete: HashSet<ObjectId>,
}

impl<'m> Missing<'m> {
    fn new(
        store: &RunStore,
        objects: &'m Objects,
        parent: Option<CommitId>,
    ) -> Result<Self, DeliverError> {
        let from = store.objects().reader();
        let complete = match parent {
            None => HashSet::new(),
            Some(parent) => {
                let flat = flatten(&from, TreeId(from.tree_of(&parent.0)?), MAX_ENTRIES)?;
                let leaves = flat.leaves.into_iter().map(|leaf| leaf.id);
                flat.folders.into_iter().chain(leaves).collect()
            }
        };
        Ok(Self {
            from,
            there: objects.reader(),
            to: objects.writer(),
            folder: objects.path(),
            complete,
        })
    }

    /// Copies `tree` with all that it holds, leaves first.
    fn tree(&mut self, tree: TreeId) -> Result<(), DeliverError> {
        let mut folders = vec![(String::new(), tree.0)];
        let mut found = Vec::new();
        let mut buffer = Vec::new();
        while let Some((folder, id)) = folders.pop() {
            if !self.complete.insert(id) {
                continue;
            }
            for entry in entries(&self.from, &folder, id, &mut buffer)? {
                if entry.mode.is_tree() {
                    folders.push((entry.path, entry.id));
                } else if !entry.mode.is_commit() && self.complete.insert(entry.id) {
                    self.copy(entry.id, Kind::Blob)?;
                }
            }
            found.push(id);
        }
        found
            .into_iter()
            .rev()
            .try_for_each(|id| self.copy(id, Kind::Tree))
    }

    fn copy(&self, id: ObjectId, kind: Kind) -> Result<(), DeliverError> {
        if self.there.holds(&id) {
            return Ok(());
        }
        let mut buffer = Vec::new();
        let content = self.from.get(&id, kind, &mut buffer)?;
        let copied = self.put(kind, content)?;
        if copied == id {
            Ok(())
        } else {
            let why = format!("its content is that of {copied}");
            Err(ObjectError::Damaged { id, why }.into())
        }
    }

    fn put(&self, kind: Kind, content: &[u8]) -> Result<ObjectId, DeliverError> {
        let id = self.to.put(kind, content)?;
        give_to_owner(self.folder, &self.to.file_of(&id)).map_err(|error| {
            DeliverError::System {
                path: self.folder.to_owned(),
                why: error.to_string(),
            }
        })?;
        Ok(id)
    }
}

/// What root wrote into another's repository becomes theirs, or they could
/// not go on using it.
fn give_to_owner(folder: &Path, file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, lchown};
    let owner = folder.metadata()?;
    for path in file.ancestors().take_while(|path| *path != folder) {
        let found = path.symlink_metadata()?;
        if found.uid() != owner.uid() && rustix::process::geteuid().is_root() {
            lchown(path, Some(owner.uid()), Some(owner.gid()))?;
        }
    }
    Ok(())
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

fn full_name(branch: &str) -> Result<gix::refs::FullName, DeliverError> {
    let refused = |why: String| DeliverError::Branch {
        branch: branch.to_owned(),
        why,
    };
    if branch.starts_with('-') || branch == "HEAD" {
        return Err(refused("git takes no such name for a branch".to_owned()));
    }
    format!("refs/heads/{branch}")
        .try_into()
        .map_err(|error: gix::validate::reference::name::Error| refused(error.to_string()))
}

fn refuse_existing(
    git: &gix::Repository,
    branch: &str,
    name: &gix::refs::FullName,
) -> Result<(), DeliverError> {
    match git.try_find_reference(name.as_ref()) {
        Ok(None) => refuse_nested(git, branch),
        Ok(Some(found)) => Err(DeliverError::BranchExists {
            branch: branch.to_owned(),
            at: found.try_id().map(|id| CommitId(id.detach())),
        }),
        Err(error) => Err(DeliverError::Branch {
            branch: branch.to_owned(),
            why: error.to_string(),
        }),
    }
}

/// Refs are files or stand in a packed list; only the first kind refuses by
/// itself to be folder and file at once.
fn refuse_nested(git: &gix::Repository, branch: &str) -> Result<(), DeliverError> {
    let refused = |why: String| DeliverError::Branch {
        branch: branch.to_owned(),
        why,
    };
    let above = branch.match_indices('/').map(|(at, _)| &branch[..at]);
    for outer in above {
        let found = git
            .try_find_reference(format!("refs/heads/{outer}").as_str())
            .map_err(|error| refused(error.to_string()))?;
        if found.is_some() {
            return Err(refused(format!("there is a branch `{outer}`")));
        }
    }
    let prefix = format!("refs/heads/{branch}/");
    let platform = git
        .references()
        .map_err(|error| refused(error.to_string()))?;
    let mut inner = platform
        .prefixed(prefix.as_str())
        .map_err(|error| refused(error.to_string()))?;
    match inner.next() {
        None => Ok(()),
        Some(_) => Err(refused(format!("there are branches below `{branch}/`"))),
    }
}

fn create_ref(
    mut git: gix::Repository,
    branch: &str,
    name: &gix::refs::FullName,
    commit: ObjectId,
) -> Result<(), DeliverError> {
    git.refs.write_reflog = gix::refs::store::WriteReflog::Disable;
    let edit = RefEdit {
        change: Change::Update {
            log: LogChange {
                mode: RefLog::AndReference,
                force_create_reflog: false,
                message: "".into(),
            },
            expected: PreviousValue::MustNotExist,
            new: Target::Object(commit),
        },
        name: name.clone(),
        deref: false,
    };
    match git.edit_references_as([edit], None) {
        Ok(_) => {
            let folder = git.common_dir().join("refs/heads");
            give_to_owner(&folder, &folder.join(branch)).map_err(|error| DeliverError::System {
                path: folder,
                why: error.to_string(),
            })
        }
        Err(error) => {
            refuse_existing(&git, branch, name)?;
            Err(DeliverError::Branch {
                branch: branch.to_owned(),
                why: error.to_string(),
            })
        }
    }
}
