//! The run's own store: a bare repository beside the run's journal, outside of
//! everything a run can write to. It borrows the user's objects and keeps its
//! own, so that snapshots leave no trace in the user's repository.

use std::path::{Path, PathBuf};

use gix::objs::Kind;

use crate::checkout::{Checkout, CheckoutError, CheckoutOptions, checkout, restore};
use crate::objects::Objects;
use crate::patch::{self, Patch, PatchOptions};
use crate::repository::{Base, Repository};
use crate::tree::{TreeError, entries};
use crate::{TreeId, changes, folder};

mod error;
mod fork;
mod layout;
mod reopen;
mod usage;

pub use error::RunStoreError;

/// A run's own bare repository.
#[derive(Debug, Clone)]
pub struct RunStore {
    path: PathBuf,
    objects: Objects,
}

impl RunStore {
    /// Makes the store in `path`, which must not exist, for a run on `base` of
    /// `repository`.
    pub fn create(
        path: &Path,
        repository: &Repository,
        base: &Base,
    ) -> Result<Self, RunStoreError> {
        let system = |source| RunStoreError::System {
            path: path.to_owned(),
            source,
        };
        let lender = lender(repository).map_err(system)?;
        layout::lay_out(path, lender.as_deref(), base.commit)
            .map_err(system)?
            .map_err(RunStoreError::Path)?;
        let store = Self::open(path)?;
        store.objects.note(layout::all(&store.path));
        if lender.is_none() {
            let top = repository.top();
            let (commit, tree) = folder::take(top, Some(&store.objects)).map_err(|source| {
                RunStoreError::Folder {
                    path: top.to_owned(),
                    source,
                }
            })?;
            if tree != base.tree || Some(commit) != base.commit {
                return Err(RunStoreError::Changed(top.to_owned()));
            }
        }
        Ok(store)
    }

    /// Whether a store in `path` is all there is of what was made in it: it borrows from no
    /// repository, which could have the branches.
    pub fn stands_alone(path: &Path) -> bool {
        path.join("objects").is_dir() && !path.join(layout::ALTERNATES).exists()
    }

    /// Opens a store that was made before.
    pub fn open(path: &Path) -> Result<Self, RunStoreError> {
        let path = path
            .canonicalize()
            .map_err(|source| RunStoreError::System {
                path: path.to_owned(),
                source,
            })?;
        let objects = Objects::open(&path.join("objects"))?;
        Ok(Self { path, objects })
    }

    /// Makes durable all objects that this store, its clones and its checkouts
    /// wrote since the last time, and the store itself when it is new. A record
    /// that names a tree is committed after this, never before. Costs nothing
    /// when nothing was written; once it failed, it always fails.
    pub fn sync(&self) -> Result<(), RunStoreError> {
        Ok(self.objects.sync()?)
    }

    /// The bare repository itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `tree` into `dest`, an empty folder or none yet.
    pub fn checkout(
        &self,
        tree: TreeId,
        dest: &Path,
        options: CheckoutOptions<'_>,
    ) -> Result<Checkout, CheckoutError> {
        checkout(&self.objects, tree, dest, options)
    }

    /// Brings `dest`, a folder as a killed process or anybody left it, to
    /// exactly `tree`, and makes it when it is missing: the first snapshot of it
    /// gives `tree`. Only what differs is written. Files that the base's rules
    /// ignore stay, unless they stand in the way; what a snapshot refuses and
    /// what is left out of the checkout goes. After an error, or a kill, it can
    /// be done again.
    pub fn restore(
        &self,
        tree: TreeId,
        dest: &Path,
        options: CheckoutOptions<'_>,
    ) -> Result<Checkout, CheckoutError> {
        restore(&self.objects, tree, dest, options)
    }

    /// What differs from tree `a` to tree `b`, sorted by path.
    pub fn changes(&self, a: TreeId, b: TreeId) -> Result<Vec<changes::Change>, TreeError> {
        changes::changes(&self.objects.reader(), a, b)
    }

    /// The unified diff from tree `a` to tree `b`, as `git diff` would show it
    /// without renames. Without binary and omitted files it applies with
    /// `git apply`. Names and contents are data: whoever shows them on a terminal
    /// escapes them.
    pub fn patch(&self, a: TreeId, b: TreeId, options: PatchOptions) -> Result<Patch, TreeError> {
        patch::patch(&self.objects.reader(), a, b, options)
    }

    /// The symlinks of `tree`.
    pub fn links(&self, tree: TreeId) -> Result<crate::Links, TreeError> {
        crate::links::links(&self.objects.reader(), tree)
    }

    /// The content of the regular file `path` in `tree`; none when there is no
    /// such file.
    pub fn read_file(&self, tree: TreeId, path: &str) -> Result<Option<Vec<u8>>, TreeError> {
        let reader = self.objects.reader();
        let mut buffer = Vec::new();
        let mut folder = tree.0;
        let mut parts = path.split('/').peekable();
        let mut at = String::new();
        while let Some(part) = parts.next() {
            let path = crate::tree::join(&at, part);
            let found = entries(&reader, &at, folder, &mut buffer)?
                .into_iter()
                .find(|entry| entry.path == path);
            match (found, parts.peek()) {
                (Some(entry), Some(_)) if entry.mode.is_tree() => folder = entry.id,
                (Some(entry), None) if entry.mode.is_blob() => {
                    return Ok(Some(
                        reader.get(&entry.id, Kind::Blob, &mut buffer)?.to_vec(),
                    ));
                }
                _ => return Ok(None),
            }
            at = path;
        }
        Ok(None)
    }

    pub(crate) fn objects(&self) -> &Objects {
        &self.objects
    }
}

/// The folder of the repository's objects; none for a folder without git.
fn lender(repository: &Repository) -> std::io::Result<Option<PathBuf>> {
    let folder = repository.objects_folder();
    folder.map(|path| path.canonicalize()).transpose()
}
