//! An object database: reading any object, writing loose ones, making durable
//! what was written.
//!
//! Replacement refs and grafts never apply. Handles are cheap and belong to
//! one thread each; the database itself is shared.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::hash::Kind as HashKind;
use gix::objs::{Find, Kind, Write};
use gix::odb::pack::cache::lru::MemoryCappedHashmap;
use gix::odb::store::init::Options;
use gix::{ObjectId, oid};

mod unsynced;

use unsynced::Unsynced;

/// What a reader keeps of packed objects that others are deltas of, in bytes.
const DELTA_BASES: usize = 16 << 20;

/// Why an object could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The object isn't there; in a partial clone it was never fetched.
    #[error(
        "object {0} is missing from the repository; `git fsck` says more, in a partial clone `git fetch --refetch` brings it"
    )]
    Missing(ObjectId),
    /// The object is there and is something else than it should be.
    #[error("object {id} is a {found}, not a {expected}")]
    Kind {
        /// The object.
        id: ObjectId,
        /// What it is.
        found: Kind,
        /// What it was used as.
        expected: Kind,
    },
    /// The object cannot be decoded.
    #[error("object {id} is damaged: {why}")]
    Damaged {
        /// The object.
        id: ObjectId,
        /// What is wrong with it.
        why: String,
    },
    /// What was written cannot be brought to the disk.
    #[error(
        "cannot make the objects in `{}` durable: {why}; see to the disk, then resume the run", path.display()
    )]
    Flush {
        /// The folder of the database.
        path: PathBuf,
        /// What went wrong.
        why: String,
    },
    /// The database itself fails.
    #[error("the object database at `{}` fails: {why}", path.display())]
    Database {
        /// The folder of the database.
        path: PathBuf,
        /// What went wrong.
        why: String,
    },
}

/// A database of objects, in a folder `objects` and its alternates. Clones
/// share what was written and not yet flushed.
#[derive(Clone)]
pub(crate) struct Objects {
    store: Arc<gix::odb::Store>,
    path: PathBuf,
    unsynced: Arc<Unsynced>,
}

impl std::fmt::Debug for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Objects").field(&self.path).finish()
    }
}

impl Objects {
    /// Opens the database in `path`.
    pub(crate) fn open(path: &Path) -> Result<Self, ObjectError> {
        let store = gix::odb::Store::at_opts(
            path.to_owned(),
            HashKind::Sha1,
            &mut std::iter::empty(),
            Options::default(),
        )
        .map_err(|error| database(path, &error))?;
        Ok(Self {
            store: Arc::new(store),
            path: path.to_owned(),
            unsynced: Arc::default(),
        })
    }

    /// The folder of the database.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A reader for one thread.
    pub(crate) fn reader(&self) -> Reader {
        let mut handle = self.store.to_cache_arc();
        handle.set_pack_cache(|| Box::new(MemoryCappedHashmap::new(DELTA_BASES)));
        Reader {
            handle,
            path: self.path.clone(),
        }
    }

    /// A writer of loose objects for one thread.
    pub(crate) fn writer(&self) -> Writer {
        Writer {
            loose: self.loose(),
            unsynced: Arc::clone(&self.unsynced),
        }
    }

    /// Brings to the disk what was written since the last time. After a failure
    /// it fails for ever.
    pub(crate) fn sync(&self) -> Result<(), ObjectError> {
        let loose = self.loose();
        self.unsynced
            .flush(&self.path, |id| loose.object_path(id))
            .map_err(|why| ObjectError::Flush {
                path: self.path.clone(),
                why,
            })
    }

    /// Lets the next [`Objects::sync`] flush these too, files before the folders
    /// that name them or not: none of them counts before all are flushed.
    pub(crate) fn note(&self, paths: impl IntoIterator<Item = PathBuf>) {
        self.unsynced.note_others(paths);
    }

    fn loose(&self) -> gix::odb::loose::Store {
        gix::odb::loose::Store::at(&self.path, HashKind::Sha1)
    }
}

/// Reads objects, for one thread.
pub(crate) struct Reader {
    handle: gix::odb::Cache<gix::odb::store::Handle<Arc<gix::odb::Store>>>,
    path: PathBuf,
}

impl Reader {
    /// The content of object `id`, which has to be of `kind`, and what its name says: a
    /// database takes names as given, and what a gate judges and a branch delivers both
    /// come from here.
    pub(crate) fn get<'b>(
        &self,
        id: &oid,
        kind: Kind,
        buffer: &'b mut Vec<u8>,
    ) -> Result<&'b [u8], ObjectError> {
        let data = self
            .handle
            .try_find(id, buffer)
            .map_err(|error| database(&self.path, &error))?
            .ok_or_else(|| ObjectError::Missing(id.to_owned()))?;
        if data.kind != kind {
            return Err(ObjectError::Kind {
                id: id.to_owned(),
                found: data.kind,
                expected: kind,
            });
        }
        let found = hash(kind, data.data)?;
        if *found != *id {
            return Err(ObjectError::Damaged {
                id: id.to_owned(),
                why: format!("its content is that of {found}"),
            });
        }
        Ok(data.data)
    }

    /// Whether the database or its alternates hold `id`.
    pub(crate) fn holds(&self, id: &oid) -> bool {
        gix::objs::Exists::exists(&self.handle, id)
    }

    /// How long the content of `id` is, if it is there.
    pub(crate) fn size_of(&self, id: &oid) -> Option<u64> {
        let header = gix::odb::Header::try_header(&self.handle, id);
        header.ok().flatten().map(|header| header.size())
    }

    /// The tree of commit `id`.
    pub(crate) fn tree_of(&self, id: &oid) -> Result<ObjectId, ObjectError> {
        let mut buffer = Vec::new();
        let data = self.get(id, Kind::Commit, &mut buffer)?;
        gix::objs::CommitRefIter::from_bytes(data, HashKind::Sha1)
            .tree_id()
            .map_err(|error| ObjectError::Damaged {
                id: id.to_owned(),
                why: error.to_string(),
            })
    }
}

/// Writes loose objects, for one thread.
pub(crate) struct Writer {
    loose: gix::odb::loose::Store,
    unsynced: Arc<Unsynced>,
}

impl Writer {
    /// Writes an object unless this process wrote it already. A file that some
    /// other process left is replaced: it may be torn, or only in memory after
    /// a flush that failed.
    pub(crate) fn put(&self, kind: Kind, content: &[u8]) -> Result<ObjectId, ObjectError> {
        let id = hash(kind, content)?;
        if !(self.unsynced.knows(&id) && self.loose.contains(&id)) {
            self.loose
                .write_buf_with_known_id(kind, content, id)
                .map_err(|error| database(self.loose.path(), &error))?;
            self.unsynced.note(id);
        }
        Ok(id)
    }

    /// Counts a whole object that stands in a file of its own here among what
    /// was written; whether there is such a file.
    pub(crate) fn adopt(&self, id: ObjectId) -> bool {
        let there = self.loose.contains(&id);
        if there && !self.unsynced.knows(&id) {
            self.unsynced.note(id);
        }
        there
    }

    /// The file that `id` is or would be stored in.
    pub(crate) fn file_of(&self, id: &oid) -> PathBuf {
        self.loose.object_path(id)
    }
}

/// The id of an object with this content.
pub(crate) fn hash(kind: Kind, content: &[u8]) -> Result<ObjectId, ObjectError> {
    gix::objs::compute_hash(HashKind::Sha1, kind, content)
        .map_err(|error| database(Path::new("<memory>"), &error))
}

fn database(path: &Path, error: &dyn std::fmt::Display) -> ObjectError {
    ObjectError::Database {
        path: path.to_owned(),
        why: error.to_string(),
    }
}
