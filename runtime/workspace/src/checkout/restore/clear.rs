//! Clearing away what a tree does not hold, by the rules of a snapshot: what it
//! would take or refuse goes, what it would leave as ignored stays.

use std::collections::{BTreeSet, HashMap};
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, Dir, FileType, fstat, statat, unlinkat};
use rustix::io::Errno;

use super::super::write::{name_of, system};
use super::super::{CheckoutError, CheckoutOptions, Plan};
use crate::stamp::Stamp;
use crate::tree::{Entry, folder_of, join};
use crate::walk::named;
use crate::{discard, opening};

/// What of a tree stands there still.
#[derive(Debug, Default)]
pub(super) struct Left<'c> {
    /// Files and symlinks where one of that kind should be.
    pub(super) files: Vec<&'c Entry>,
    /// Folders.
    pub(super) folders: BTreeSet<&'c str>,
    /// Those of them that have the right owner.
    pub(super) owned: BTreeSet<&'c str>,
}

/// One pass over the folder, from the root down.
pub(super) struct Clearing<'c> {
    root: &'c OwnedFd,
    plan: &'c Plan,
    leaves: HashMap<&'c str, &'c Entry>,
    wanted: &'c BTreeSet<&'c str>,
    owner: Option<(u32, u32)>,
    left: Left<'c>,
    /// Folders that no tree needs, outer first.
    spare: Vec<String>,
}

/// A folder still to be looked at.
struct Folder {
    path: String,
    ignored: bool,
}

impl<'c> Clearing<'c> {
    pub(super) fn new(
        root: &'c OwnedFd,
        plan: &'c Plan,
        wanted: &'c BTreeSet<&'c str>,
        options: &CheckoutOptions<'_>,
    ) -> Self {
        let leaves = plan.written.iter();
        Self {
            root,
            plan,
            leaves: leaves.map(|leaf| (leaf.path.as_str(), leaf)).collect(),
            wanted,
            owner: options.owner,
            left: Left::default(),
            spare: Vec::new(),
        }
    }

    pub(super) fn run(mut self) -> Result<Left<'c>, CheckoutError> {
        let mut todo = vec![Folder {
            path: String::new(),
            ignored: false,
        }];
        while let Some(folder) = todo.pop() {
            let opened = self.open(&folder)?;
            let names = names(&opened).map_err(|error| system(&folder.path, error))?;
            for name in names {
                self.entry(&folder, &opened, &name, &mut todo)?;
            }
        }
        for folder in self.spare.iter().rev() {
            self.remove_if_empty(folder)?;
        }
        self.left.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(self.left)
    }

    fn open(&mut self, folder: &Folder) -> Result<OwnedFd, CheckoutError> {
        let failed = |error| system(&folder.path, error);
        let opened = opening::below_freed(self.root, folder.path.as_bytes()).map_err(failed)?;
        let Some(wanted) = self.wanted.get(folder.path.as_str()) else {
            return Ok(opened);
        };
        let stat = fstat(&opened).map_err(failed)?;
        if self
            .owner
            .is_none_or(|owner| owner == (stat.st_uid, stat.st_gid))
        {
            self.left.owned.insert(wanted);
        }
        Ok(opened)
    }

    fn entry(
        &mut self,
        folder: &Folder,
        opened: &OwnedFd,
        name: &[u8],
        todo: &mut Vec<Folder>,
    ) -> Result<(), CheckoutError> {
        let failed = |error| system(&join(&folder.path, &name.escape_ascii().to_string()), error);
        let kind = match statat(opened, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Stamp::of(&stat).kind(),
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        let stays = match named(&folder.path, name) {
            Err(_) => false,
            Ok((path, _)) if kind == FileType::Directory => self.folder(folder, path, todo),
            Ok((path, _)) => self.file(folder, &path, kind),
        };
        if stays {
            return Ok(());
        }
        remove(opened, name, kind).map_err(failed)
    }

    /// Whether a folder stays; what is in it is looked at later.
    fn folder(&mut self, above: &Folder, path: String, todo: &mut Vec<Folder>) -> bool {
        let ignored = above.ignored || self.plan.rules.ignores(&path, true);
        if self.leaves.contains_key(path.as_str()) {
            // Also a submodule's: nothing in it stays, so it is made anew.
            return false;
        }
        if let Some(wanted) = self.wanted.get(path.as_str()) {
            self.left.folders.insert(wanted);
        } else if self.plan.tracked.is_submodule(&path) {
            return false;
        } else if ignored && !self.plan.tracked.holds_below(&path) {
            return true;
        } else {
            self.spare.push(path.clone());
        }
        todo.push(Folder { path, ignored });
        true
    }

    /// Whether something that is no folder stays.
    fn file(&mut self, above: &Folder, path: &str, kind: FileType) -> bool {
        if let Some(leaf) = self.leaves.get(path) {
            let fit = match kind {
                FileType::RegularFile => leaf.mode.is_blob(),
                FileType::Symlink => leaf.mode.is_link(),
                _ => false,
            };
            if fit {
                self.left.files.push(leaf);
            }
            return fit;
        }
        !self.wanted.contains(path)
            && self.plan.tracked.get(path).is_none()
            && (above.ignored || self.plan.rules.ignores(path, false))
    }

    /// A folder that holds ignored files stays for them.
    fn remove_if_empty(&self, path: &str) -> Result<(), CheckoutError> {
        let above = opening::below_freed(self.root, folder_of(path).as_bytes());
        let removed = above.and_then(|above| unlinkat(above, name_of(path), AtFlags::REMOVEDIR));
        match removed {
            Ok(()) | Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOENT) => Ok(()),
            Err(error) => Err(system(path, error)),
        }
    }
}

/// The names in a folder, all read before any is removed.
fn names(folder: &OwnedFd) -> Result<Vec<Vec<u8>>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(name);
        }
    }
    Ok(names)
}

/// Removes an entry with everything in it.
fn remove(folder: &OwnedFd, name: &[u8], kind: FileType) -> Result<(), Errno> {
    if kind != FileType::Directory {
        return unlinkat(folder, name, AtFlags::empty());
    }
    let inner = opening::below_freed(folder, name)?;
    discard::contents_held(&inner)
        .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    unlinkat(folder, name, AtFlags::REMOVEDIR)
}
