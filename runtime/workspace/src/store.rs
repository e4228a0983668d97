//! The run's own store: a bare repository beside the run's journal, outside of
//! everything a run can write to. It borrows the user's objects and keeps its
//! own, so that snapshots leave no trace in the user's repository.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use gix::objs::Kind;

use crate::checkout::{Checkout, CheckoutError, CheckoutOptions, checkout, restore};
use crate::objects::{ObjectError, Objects};
use crate::repository::{Base, Repository};
use crate::tree::{TreeError, entries};
use crate::{SnapshotError, TreeId, changes, folder};

/// The folders of a bare repository, outer first.
const FOLDERS: [&str; 5] = [
    "objects",
    "objects/info",
    "objects/pack",
    "refs",
    "refs/heads",
];
/// Names the database that objects are borrowed from.
const ALTERNATES: &str = "objects/info/alternates";

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
    /// A folder without git could not be read.
    #[error("cannot take `{}` as a base: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: SnapshotError,
    },
    /// A folder without git changed between being named the base and being taken.
    #[error("`{}` changed while it was taken as a base; run again", .0.display())]
    Changed(PathBuf),
}

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
        let lender = repository
            .objects_folder()
            .map(|path| path.canonicalize())
            .transpose()
            .map_err(system)?;
        lay_out(path, lender.as_deref())
            .map_err(system)?
            .map_err(RunStoreError::Path)?;
        let store = Self::open(path)?;
        store.note_layout();
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

    /// Everything that [`lay_out`] made, for the first flush.
    fn note_layout(&self) {
        let inner = FOLDERS.iter().chain(&["HEAD", "config", "."]);
        let inner = inner.map(|name| self.path.join(name));
        let alternates = Some(self.path.join(ALTERNATES)).filter(|path| path.exists());
        let above = self.path.parent().map(Path::to_owned);
        self.objects.note(inner.chain(alternates).chain(above));
    }

    pub(crate) fn objects(&self) -> &Objects {
        &self.objects
    }
}

/// Makes the files of a bare repository that git itself accepts.
fn lay_out(path: &Path, lender: Option<&Path>) -> io::Result<Result<(), PathBuf>> {
    if let Some(lender) = lender.filter(|lender| lender.as_os_str().as_bytes().contains(&b'\n')) {
        return Ok(Err(lender.to_owned()));
    }
    std::fs::DirBuilder::new().mode(0o700).create(path)?;
    for folder in FOLDERS {
        std::fs::create_dir(path.join(folder))?;
    }
    std::fs::write(path.join("HEAD"), "ref: refs/heads/main\n")?;
    std::fs::write(
        path.join("config"),
        "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
    )?;
    if let Some(lender) = lender {
        let mut line = lender.as_os_str().as_bytes().to_vec();
        line.push(b'\n');
        std::fs::write(path.join(ALTERNATES), line)?;
    }
    Ok(Ok(()))
}
