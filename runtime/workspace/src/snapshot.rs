//! Snapshots: the tree of what stands in a checkout, right now.
//!
//! Tracked files of the base are in, whatever ignore rules say; untracked ones
//! are in unless the base's rules ignore them; submodules and left-out files
//! are as at the base. Bytes and modes are raw. Only files whose stamp changed
//! are read again. Refused: files past the limits, a folder that changes while
//! it is read.

use std::collections::{BTreeMap, HashMap};
use std::os::fd::OwnedFd;

use gix::ObjectId;
use gix::objs::Kind;
use gix::objs::tree::EntryKind;
use rustix::fs::{FileType, fstat, readlinkat};
use rustix::io::Errno;

use crate::checkout::{Checkout, Limits};
use crate::objects::{ObjectError, Objects, hash};
use crate::opening::{self, FILE, LINK};
use crate::stamp::{Known, Stamp, now};
use crate::tree::{Entry, build, file_mode, folder_of};
use crate::walk::{Refused, Tracked, Walk, WalkError, Walked};
use crate::{TreeId, parallel};

/// Why no snapshot could be taken.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Reading the folder failed.
    #[error("cannot read `{path}`: {source}")]
    System {
        /// The path below the root; empty for the root itself.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something else writes in the folder.
    #[error("`{0}` changed while the snapshot was taken; end what writes there first")]
    Moving(String),
    /// More files than the limits allow.
    #[error("more than {0} files and folders")]
    TooMany(usize),
    /// More bytes than the limits allow.
    #[error("`{path}` goes past the limit of {allowed} bytes")]
    TooLarge {
        /// The file at which it happened.
        path: String,
        /// The limit.
        allowed: u64,
    },
    /// An object could not be written.
    #[error(transparent)]
    Object(#[from] ObjectError),
}

/// What stands in a checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its tree, whose objects the run's store holds.
    pub tree: TreeId,
    /// Untracked paths that the base's rules ignore; a folder that is ignored
    /// as a whole stands there once, with a `/` at its end.
    pub ignored: Vec<String>,
    /// What no tree can hold, and so is not in this one.
    pub refused: Vec<Refused>,
}

impl Checkout {
    /// Takes the tree of what stands in the checkout.
    pub fn snapshot(&mut self) -> Result<Snapshot, SnapshotError> {
        let walked = walk(
            &self.folder,
            &self.tracked,
            &mut self.rules,
            false,
            self.limits,
        )?;
        let taking = Taking {
            root: &self.folder,
            objects: Some(&self.objects),
            tracked: &self.tracked,
            limits: self.limits,
        };
        let leaves = taking.leaves(&walked, &mut self.known)?;
        let leaves = self.with_left_out(leaves);
        let writer = self.objects.writer();
        let folders = &mut self.known_folders;
        let tree = build(&leaves, |content| {
            let id = hash(Kind::Tree, content)?;
            if folders.insert(id) {
                writer.put(Kind::Tree, content)?;
            }
            Ok::<ObjectId, ObjectError>(id)
        })?;
        Ok(Snapshot {
            tree,
            ignored: walked.ignored,
            refused: walked.refused,
        })
    }

    /// Adds the files that were never written, where nothing took their place.
    fn with_left_out(&self, mut leaves: BTreeMap<String, Entry>) -> Vec<Entry> {
        for leaf in &self.left_out {
            let below = format!("{}/", leaf.path);
            let taken = leaves
                .range(leaf.path.clone()..)
                .take_while(|(path, _)| path.starts_with(&leaf.path))
                .any(|(path, _)| *path == leaf.path || path.starts_with(&below));
            if !taken && !covered(&leaves, &leaf.path) {
                leaves.insert(leaf.path.clone(), leaf.clone());
            }
        }
        leaves.into_values().collect()
    }
}

/// Whether a file stands where `path` would need a folder.
fn covered(leaves: &BTreeMap<String, Entry>, path: &str) -> bool {
    let mut folder = folder_of(path);
    while !folder.is_empty() {
        if leaves.contains_key(folder) {
            return true;
        }
        folder = folder_of(folder);
    }
    false
}

/// Walks `root`, within `limits`.
pub(crate) fn walk(
    root: &OwnedFd,
    tracked: &Tracked,
    rules: &mut crate::ignore::IgnoreRules,
    live: bool,
    limits: Limits,
) -> Result<Walked, SnapshotError> {
    let walk = Walk {
        root,
        tracked,
        rules,
        live,
        limit: limits.files,
    };
    walk.run().map_err(|error| match error {
        WalkError::TooMany => SnapshotError::TooMany(limits.files),
        WalkError::System {
            path,
            error: Errno::NOENT | Errno::LOOP | Errno::NOTDIR,
        } => SnapshotError::Moving(path),
        WalkError::System { path, error } => system(&path, error),
    })
}

/// Reading the files that a walk found. Without `objects` they are only hashed.
pub(crate) struct Taking<'t> {
    pub(crate) root: &'t OwnedFd,
    pub(crate) objects: Option<&'t Objects>,
    pub(crate) tracked: &'t Tracked,
    pub(crate) limits: Limits,
}

impl Taking<'_> {
    /// The leaves of the tree, by path. Reads only what `known` doesn't vouch
    /// for, and leaves in `known` what is true now.
    pub(crate) fn leaves(
        &self,
        walked: &Walked,
        known: &mut HashMap<String, Known>,
    ) -> Result<BTreeMap<String, Entry>, SnapshotError> {
        let mut now_known = HashMap::with_capacity(walked.files.len());
        let mut unread = Vec::new();
        for (path, stamp) in &walked.files {
            match known.remove(path).filter(|known| known.vouches_for(stamp)) {
                Some(same) => drop(now_known.insert(path.clone(), same)),
                None => unread.push((path, *stamp)),
            }
        }
        self.check_size(&unread)?;
        let writer = || self.objects.map(Objects::writer);
        let read = parallel::each(&unread, writer, |writer, (path, _)| {
            self.read(path, writer.as_ref())
        })?;
        let paths = unread.into_iter().map(|(path, _)| path.clone());
        now_known.extend(paths.zip(read));
        *known = now_known;
        let mut leaves: BTreeMap<String, Entry> = known
            .iter()
            .map(|(path, known)| (path.clone(), self.leaf(path, known)))
            .collect();
        let submodules = walked
            .submodules
            .iter()
            .filter_map(|path| self.tracked.get(path));
        leaves.extend(submodules.map(|leaf| (leaf.path.clone(), leaf.clone())));
        Ok(leaves)
    }

    fn leaf(&self, path: &str, known: &Known) -> Entry {
        // Old repositories hold modes such as 100664: kept while they mean the same.
        let mode = match self.tracked.get(path) {
            Some(base) if base.mode.kind() == known.mode.kind() => base.mode,
            _ => known.mode,
        };
        Entry {
            path: path.to_owned(),
            mode,
            id: known.id,
        }
    }

    fn check_size(&self, unread: &[(&String, Stamp)]) -> Result<(), SnapshotError> {
        let mut total: u64 = 0;
        for (path, stamp) in unread {
            total = total.saturating_add(stamp.size());
            for (size, allowed) in [
                (stamp.size(), self.limits.file_bytes),
                (total, self.limits.total_bytes),
            ] {
                if size > allowed {
                    let path = (*path).clone();
                    return Err(SnapshotError::TooLarge { path, allowed });
                }
            }
        }
        Ok(())
    }

    fn read(
        &self,
        path: &str,
        writer: Option<&crate::objects::Writer>,
    ) -> Result<Known, SnapshotError> {
        let at = now();
        let (stamp, content) = self.content(path)?;
        let id = hash(Kind::Blob, &content)?;
        let at_base = self.tracked.get(path).is_some_and(|base| base.id == id);
        if let Some(writer) = writer.filter(|_| !at_base) {
            writer.put(Kind::Blob, &content)?;
        }
        let mode = match stamp.kind() {
            FileType::Symlink => EntryKind::Link.into(),
            _ => file_mode(stamp.executable()),
        };
        Ok(Known {
            stamp,
            mode,
            id,
            at,
        })
    }

    /// Stamp and bytes of a file, or the target of a symlink.
    fn content(&self, path: &str) -> Result<(Stamp, Vec<u8>), SnapshotError> {
        let failed = |error| match error {
            Errno::NOENT | Errno::NOTDIR | Errno::NXIO => SnapshotError::Moving(path.to_owned()),
            error => system(path, error),
        };
        let file = match opening::below(self.root, path, FILE) {
            Err(Errno::LOOP) => return self.target(path),
            answer => answer.map_err(failed)?,
        };
        let stamp = Stamp::of(&fstat(&file).map_err(failed)?);
        if stamp.kind() != FileType::RegularFile {
            return Err(SnapshotError::Moving(path.to_owned()));
        }
        let allowed = self.limits.file_bytes;
        let mut content =
            Vec::with_capacity(usize::try_from(stamp.size().min(allowed)).unwrap_or(0));
        let mut bounded = std::io::Read::take(std::fs::File::from(file), allowed + 1);
        std::io::Read::read_to_end(&mut bounded, &mut content).map_err(|source| {
            let path = path.to_owned();
            SnapshotError::System { path, source }
        })?;
        if content.len() as u64 > allowed {
            let path = path.to_owned();
            return Err(SnapshotError::TooLarge { path, allowed });
        }
        Ok((stamp, content))
    }

    fn target(&self, path: &str) -> Result<(Stamp, Vec<u8>), SnapshotError> {
        let failed = |_| SnapshotError::Moving(path.to_owned());
        let link = opening::below(self.root, path, LINK).map_err(failed)?;
        let stamp = Stamp::of(&fstat(&link).map_err(failed)?);
        let target = readlinkat(&link, "", Vec::new()).map_err(failed)?;
        Ok((stamp, target.into_bytes()))
    }
}

fn system(path: &str, error: Errno) -> SnapshotError {
    SnapshotError::System {
        path: path.to_owned(),
        source: error.into(),
    }
}
