//! The user's repository: found, judged fit, and from then on only read.
//!
//! In: any path. Out: its top folder and the base of a run. Refused, each with
//! its cure: no such folder, bare repositories, repositories without a commit,
//! SHA-256 object names, reftables. Of all configuration only the repository's
//! own format and refs are read, includes are not followed, and nothing in it
//! is executed.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use gix::objs::Kind as ObjectKind;

use crate::folder;
use crate::objects::{ObjectError, Objects};
use crate::{CommitId, TreeId};

mod dirty;
mod error;

pub use error::RepositoryError;

/// What a run starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A git repository.
    Git,
    /// A folder without git; its content is one commit, in the run's own store.
    Folder,
}

/// Where a run starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The commit.
    pub commit: Option<CommitId>,
    /// Its tree.
    pub tree: TreeId,
    /// The branch that `HEAD` names, when the base is `HEAD`.
    pub branch: Option<String>,
}

/// A git repository with a working tree, or a folder without git.
#[derive(Debug, Clone)]
pub struct Repository {
    top: PathBuf,
    git: Option<gix::ThreadSafeRepository>,
}

impl Repository {
    /// Opens the repository that `path` lies in, or the folder itself when it
    /// lies in none.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RepositoryError> {
        let path = path.as_ref();
        let no_folder = |source| RepositoryError::NoFolder {
            path: path.to_owned(),
            source,
        };
        let start = path.canonicalize().map_err(no_folder)?;
        if !start.is_dir() {
            return Err(no_folder(std::io::ErrorKind::NotADirectory.into()));
        }
        if start.join("HEAD").is_file()
            && start.join("objects").is_dir()
            && start.join("refs").is_dir()
        {
            return Err(RepositoryError::Bare(start));
        }
        let Some(top) = find_top(&start) else {
            return Ok(Self {
                top: start,
                git: None,
            });
        };
        let git = Some(open_git(&top)?);
        Ok(Self { top, git })
    }

    /// The top folder: the one that holds `.git`.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// Whether this is a git repository.
    pub fn kind(&self) -> Kind {
        if self.git.is_some() {
            Kind::Git
        } else {
            Kind::Folder
        }
    }

    /// The commit and tree of `rev`, or of `HEAD`. Of a folder without git: its
    /// content now.
    pub fn base(&self, rev: Option<&str>) -> Result<Base, RepositoryError> {
        let Some(git) = &self.git else {
            return self.base_of_folder(rev);
        };
        let git = git.to_thread_local();
        let (commit, branch) = match rev {
            None => self.head(&git)?,
            Some(rev) => (self.revision(&git, rev)?, None),
        };
        let tree = self.objects()?.reader().tree_of(&commit)?;
        Ok(Base {
            commit: Some(CommitId(commit)),
            tree: TreeId(tree),
            branch,
        })
    }

    /// The base that a journal recorded, held against the repository. A folder
    /// without git may have changed since: its base stands in the run's own
    /// store alone, which [`crate::RunStore::open_for`] looks at.
    pub fn base_at(
        &self,
        commit: CommitId,
        tree: TreeId,
        branch: Option<String>,
    ) -> Result<Base, RepositoryError> {
        if self.git.is_some() {
            let found = match self.objects()?.reader().tree_of(&commit.0) {
                Ok(found) => TreeId(found),
                Err(ObjectError::Missing(_)) => {
                    return Err(RepositoryError::BaseGone {
                        path: self.top.clone(),
                        commit,
                    });
                }
                Err(error) => return Err(error.into()),
            };
            if found != tree {
                return Err(RepositoryError::BaseDiffers {
                    path: self.top.clone(),
                    commit,
                    found,
                    recorded: tree,
                });
            }
        }
        Ok(Base {
            commit: Some(commit),
            tree,
            branch,
        })
    }

    /// Whether tracked files differ from `HEAD`, in the index or in the working
    /// tree. For information: nothing of them is in the base of a run.
    /// Untracked files don't count.
    pub fn is_dirty(&self) -> bool {
        self.git.as_ref().is_some_and(|git| {
            let head = self.base(None).ok().map(|base| base.tree);
            dirty::is_dirty(&git.to_thread_local(), &self.top, head)
        })
    }

    /// The commit that a local branch names, if there is such a branch.
    pub fn branch(&self, name: &str) -> Result<Option<CommitId>, RepositoryError> {
        let Some(git) = &self.git else {
            return Ok(None);
        };
        let git = git.to_thread_local();
        let found = git
            .try_find_reference(format!("refs/heads/{name}").as_str())
            .map_err(|error| self.broken(&error))?;
        match found {
            None => Ok(None),
            Some(mut found) => {
                let id = found.peel_to_id().map_err(|error| self.broken(&error))?;
                Ok(Some(CommitId(id.detach())))
            }
        }
    }

    pub(crate) fn git(&self) -> Option<gix::Repository> {
        self.git
            .as_ref()
            .map(gix::ThreadSafeRepository::to_thread_local)
    }

    /// The folder of the repository's objects, shared by all its worktrees.
    pub(crate) fn objects_folder(&self) -> Option<PathBuf> {
        self.git().map(|git| git.common_dir().join("objects"))
    }

    fn objects(&self) -> Result<Objects, RepositoryError> {
        let folder = self.objects_folder().unwrap_or_else(|| self.top.clone());
        let folder = folder.canonicalize().map_err(|error| self.broken(&error))?;
        Ok(Objects::open(&folder)?)
    }

    fn head(
        &self,
        git: &gix::Repository,
    ) -> Result<(gix::ObjectId, Option<String>), RepositoryError> {
        let mut head = git.head().map_err(|error| self.broken(&error))?;
        if head.is_unborn() {
            return Err(RepositoryError::Empty(self.top.clone()));
        }
        let branch = head.referent_name().map(|name| name.shorten().to_string());
        let commit = head.peel_to_commit().map_err(|error| self.broken(&error))?;
        Ok((commit.id, branch))
    }

    fn revision(&self, git: &gix::Repository, rev: &str) -> Result<gix::ObjectId, RepositoryError> {
        let failed = |why: String| RepositoryError::Revision {
            path: self.top.clone(),
            revision: rev.to_owned(),
            why,
        };
        let found = git
            .rev_parse_single(rev)
            .map_err(|error| failed(error.to_string()))?;
        let object = found.object().map_err(|error| failed(error.to_string()))?;
        let commit = object
            .peel_to_kind(ObjectKind::Commit)
            .map_err(|error| failed(error.to_string()))?;
        Ok(commit.id)
    }

    fn base_of_folder(&self, rev: Option<&str>) -> Result<Base, RepositoryError> {
        if let Some(rev) = rev {
            return Err(RepositoryError::NoRevisions {
                path: self.top.clone(),
                revision: rev.to_owned(),
            });
        }
        let (commit, tree) =
            folder::take(&self.top, None).map_err(|source| RepositoryError::Folder {
                path: self.top.clone(),
                source,
            })?;
        Ok(Base {
            commit: Some(commit),
            tree,
            branch: None,
        })
    }

    fn broken(&self, error: &dyn std::fmt::Display) -> RepositoryError {
        broken(&self.top, error)
    }
}

/// The nearest folder from `start` upwards that holds a `.git`, on the same
/// file system.
fn find_top(start: &Path) -> Option<PathBuf> {
    let device = |path: &Path| path.metadata().ok().map(|found| found.dev());
    start
        .ancestors()
        .take_while(|folder| device(folder) == device(start))
        .find(|folder| folder.join(".git").symlink_metadata().is_ok())
        .map(Path::to_owned)
}

fn open_git(top: &Path) -> Result<gix::ThreadSafeRepository, RepositoryError> {
    let git = open_plainly(top.join(".git")).map_err(|error| broken(top, &error))?;
    check_format(top, &git.to_thread_local())?;
    Ok(git)
}

/// Opens a git folder with its own configuration alone, as if its owner were
/// a stranger.
pub(crate) fn open_plainly(git_folder: PathBuf) -> gix::Result<gix::ThreadSafeRepository> {
    gix::open::Options::isolated()
        .with(gix::sec::Trust::Reduced)
        .open_path_as_is(true)
        .config_overrides(["core.useReplaceRefs=false"])
        .open(git_folder)
}

fn check_format(top: &Path, git: &gix::Repository) -> Result<(), RepositoryError> {
    let config = git.config_snapshot();
    for (key, fit) in [
        ("extensions.objectFormat", "sha1"),
        ("extensions.refStorage", "files"),
    ] {
        if let Some(value) = config
            .string(key)
            .filter(|value| !value.eq_ignore_ascii_case(fit.as_bytes()))
        {
            return Err(RepositoryError::Format {
                path: top.to_owned(),
                what: format!("`{key} = {value}`"),
            });
        }
    }
    if config.boolean("core.bare") == Some(true) {
        return Err(RepositoryError::Bare(top.to_owned()));
    }
    Ok(())
}

fn broken(top: &Path, error: &dyn std::fmt::Display) -> RepositoryError {
    RepositoryError::Broken {
        path: top.to_owned(),
        why: error.to_string(),
    }
}
