//! Writing leaves where nothing stands yet: folders, then files in parallel, then
//! symlinks, and last the owners and modes of folders, from the innermost out.
//! Until the root is handed over, no one else can write below it.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use gix::objs::Kind;
use rustix::fs::{
    AtFlags, Gid, Mode, OFlags, Uid, chownat, fchmod, fchown, fstat, mkdirat, openat, symlinkat,
};
use rustix::io::Errno;

use super::{CheckoutError, CheckoutOptions, Limits};
use crate::objects::{Objects, Reader};
use crate::opening::{self, FOLDER};
use crate::stamp::{Known, Stamp, now};
use crate::tree::{Entry, folder_of};
use crate::{discard, parallel};

const NEW_FILE: OFlags = OFlags::WRONLY
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Files a thread takes at once, of one folder.
const BATCH: usize = 64;

/// Writes `leaves` into `dest` and tells what is known of each file. Leaves
/// nothing behind when it fails.
pub(super) fn into_empty(
    objects: &Objects,
    leaves: &[Entry],
    dest: &Path,
    options: &CheckoutOptions<'_>,
) -> Result<(OwnedFd, HashMap<String, Known>), CheckoutError> {
    let made = empty_folder(dest)?;
    let root = opening::root(dest).map_err(|error| system("", error))?;
    let folders = folders(leaves);
    let leaves: Vec<&Entry> = leaves.iter().collect();
    match Writing::below(&root, objects, options).run(&folders, &leaves, &folders) {
        Ok(known) => Ok((root, known)),
        Err(error) => {
            // What is left over is worth less than the reason.
            let _ = discard::contents(dest);
            if made {
                let _ = std::fs::remove_dir(dest);
            }
            Err(error)
        }
    }
}

/// Makes `dest`, closed to others, or finds that it is an empty folder already.
fn empty_folder(dest: &Path) -> Result<bool, CheckoutError> {
    let failed = |source| CheckoutError::System {
        path: dest.display().to_string(),
        source,
    };
    match std::fs::DirBuilder::new().mode(0o700).create(dest) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let found = std::fs::symlink_metadata(dest).map_err(failed)?;
            let empty = found.is_dir() && std::fs::read_dir(dest).map_err(failed)?.next().is_none();
            if empty {
                Ok(false)
            } else {
                Err(CheckoutError::Occupied(dest.to_owned()))
            }
        }
        Err(error) => Err(failed(error)),
    }
}

/// Writing below one root.
pub(super) struct Writing<'w> {
    objects: &'w Objects,
    root: &'w OwnedFd,
    owner: Option<(u32, u32)>,
    writable: bool,
    limits: Limits,
    bytes: AtomicU64,
}

impl<'w> Writing<'w> {
    pub(super) fn below(
        root: &'w OwnedFd,
        objects: &'w Objects,
        options: &CheckoutOptions<'_>,
    ) -> Self {
        Self {
            objects,
            root,
            owner: options.owner,
            writable: options.make_writable,
            limits: options.limits,
            bytes: AtomicU64::new(0),
        }
    }

    /// Makes the folders `new`, writes `leaves`, and hands over the folders
    /// `given` with the root.
    pub(super) fn run(
        &self,
        new: &BTreeSet<&str>,
        leaves: &[&Entry],
        given: &BTreeSet<&str>,
    ) -> Result<HashMap<String, Known>, CheckoutError> {
        for folder in new {
            opening::below(self.root, folder_of(folder), FOLDER)
                .and_then(|above| mkdirat(above, name_of(folder), Mode::from(0o777)))
                .map_err(|error| system(folder, error))?;
        }
        let (files, rest): (Vec<&Entry>, Vec<&Entry>) =
            leaves.iter().partition(|leaf| leaf.mode.is_blob());
        let batches: Vec<&[&Entry]> = batches(&files);
        let state = || (self.objects.reader(), Vec::new());
        let mut known = parallel::each(&batches, state, |(reader, buffer), batch| {
            self.files(reader, buffer, batch)
        })?
        .into_iter()
        .flatten()
        .collect::<HashMap<_, _>>();
        self.links(&rest)?;
        self.hand_over(given)?;
        // Nobody else could write before this moment.
        let at = now();
        for known in known.values_mut() {
            known.at = at;
        }
        Ok(known)
    }

    /// Writes files of one folder.
    fn files(
        &self,
        reader: &Reader,
        buffer: &mut Vec<u8>,
        batch: &[&Entry],
    ) -> Result<Vec<(String, Known)>, CheckoutError> {
        let Some(first) = batch.first() else {
            return Ok(Vec::new());
        };
        let folder = folder_of(&first.path);
        let opened =
            opening::below(self.root, folder, FOLDER).map_err(|error| system(folder, error))?;
        batch
            .iter()
            .map(|leaf| {
                let content = reader.get(&leaf.id, Kind::Blob, buffer)?;
                self.charge(leaf, content.len())?;
                let stamp =
                    self.file(&opened, leaf, content)
                        .map_err(|source| CheckoutError::System {
                            path: leaf.path.clone(),
                            source,
                        })?;
                Ok((leaf.path.clone(), known(leaf, stamp)))
            })
            .collect()
    }

    fn file(&self, folder: &OwnedFd, leaf: &Entry, content: &[u8]) -> std::io::Result<Stamp> {
        let name = name_of(&leaf.path);
        let mode = permissions(self.writable, leaf.mode.is_executable());
        let mut file = File::from(openat(folder, name, NEW_FILE, Mode::from(mode))?);
        file.write_all(content)?;
        if let Some((user, group)) = self.owner {
            fchown(&file, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)))?;
        }
        Ok(Stamp::of(&fstat(file.as_fd())?))
    }

    fn charge(&self, leaf: &Entry, bytes: usize) -> Result<(), CheckoutError> {
        let bytes = bytes as u64;
        let limits = self.limits;
        let total = self.bytes.fetch_add(bytes, Relaxed).saturating_add(bytes);
        let allowed = if bytes > limits.file_bytes {
            limits.file_bytes
        } else if total > limits.total_bytes {
            limits.total_bytes
        } else {
            return Ok(());
        };
        Err(CheckoutError::TooLarge {
            path: leaf.path.clone(),
            allowed,
        })
    }

    /// Makes symlinks, whatever they point to. Submodules are folders already.
    fn links(&self, leaves: &[&Entry]) -> Result<(), CheckoutError> {
        let reader = self.objects.reader();
        let mut buffer = Vec::new();
        for leaf in leaves.iter().filter(|leaf| leaf.mode.is_link()) {
            let target = reader.get(&leaf.id, Kind::Blob, &mut buffer)?;
            let folder = folder_of(&leaf.path);
            let name = name_of(&leaf.path);
            opening::below(self.root, folder, FOLDER)
                .and_then(|folder| {
                    symlinkat(target, &folder, name)?;
                    self.own(&folder, name)
                })
                .map_err(|error| system(&leaf.path, error))?;
        }
        Ok(())
    }

    /// Gives folders their owner and mode, the root last.
    fn hand_over(&self, folders: &BTreeSet<&str>) -> Result<(), CheckoutError> {
        if self.owner.is_none() && self.writable {
            return Ok(());
        }
        for folder in folders.iter().rev().chain([&""]) {
            opening::below(self.root, folder, FOLDER)
                .and_then(|folder| {
                    self.own(&folder, ".")?;
                    self.seal(&folder)
                })
                .map_err(|error| system(folder, error))?;
        }
        Ok(())
    }

    fn own(&self, folder: &OwnedFd, name: &str) -> Result<(), Errno> {
        let Some((user, group)) = self.owner else {
            return Ok(());
        };
        let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
        chownat(
            folder,
            name,
            Some(user),
            Some(group),
            AtFlags::SYMLINK_NOFOLLOW,
        )
    }

    fn seal(&self, folder: &OwnedFd) -> Result<(), Errno> {
        if self.writable {
            return Ok(());
        }
        fchmod(folder, Mode::from(0o555))
    }
}

/// Files of one folder together, in portions for one thread.
pub(super) fn batches<'b, 'e>(files: &'b [&'e Entry]) -> Vec<&'b [&'e Entry]> {
    files
        .chunk_by(|a, b| folder_of(&a.path) == folder_of(&b.path))
        .flat_map(|same| same.chunks(BATCH))
        .collect()
}

/// The permissions of a new file, before the process's own mask.
pub(super) fn permissions(writable: bool, executable: bool) -> u32 {
    match (writable, executable) {
        (true, false) => 0o666,
        (true, true) => 0o777,
        (false, false) => 0o444,
        (false, true) => 0o555,
    }
}

pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Every folder above a leaf, and the empty ones of submodules, outer first.
pub(super) fn folders(leaves: &[Entry]) -> BTreeSet<&str> {
    let mut folders = BTreeSet::new();
    for leaf in leaves {
        if leaf.mode.is_commit() {
            folders.insert(leaf.path.as_str());
        }
        let mut folder = folder_of(&leaf.path);
        while !folder.is_empty() && folders.insert(folder) {
            folder = folder_of(folder);
        }
    }
    folders
}

pub(super) fn known(leaf: &Entry, stamp: Stamp) -> Known {
    Known {
        stamp,
        mode: leaf.mode,
        id: leaf.id,
        at: std::time::Duration::ZERO,
    }
}

pub(super) fn system(path: &str, error: Errno) -> CheckoutError {
    CheckoutError::System {
        path: path.to_owned(),
        source: error.into(),
    }
}
