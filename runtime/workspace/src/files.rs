//! Confined access to the files of one folder, for guests and agents.
//!
//! In: a path as someone else wrote it, and a judge. Out: what was asked, with
//! the path it really led to and the rule that allowed it. The path is resolved
//! first, symlink by symlink; the judge sees the resolved path, and the same
//! descriptors are then used. Refused before any judge: what leads out of the
//! folder, spells `.git`, is no regular file, or has other hard links.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::AtomicU64;

use rustix::fs::{AtFlags, Dir, FileType, Stat, fstat, statat, unlinkat};
use rustix::io::Errno;

use crate::opening::{self, FILE, FOLDER};
use crate::tree::{join, misnamed};

mod error;
mod limits;
mod resolve;
mod search;
mod write;

pub use error::{FileError, LimitKind};
pub use limits::FileLimits;
pub use search::{Found, Hit};

use resolve::{Place, resolve};

/// What is done to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileOp {
    /// Passing through a symlink.
    Stat,
    /// Listing a folder.
    List,
    /// Reading a file, or showing its name in a list.
    Read,
    /// Replacing the content of a file that is there.
    Write,
    /// Making a file that isn't there.
    Create,
    /// Removing a file.
    Delete,
}

/// Decides on one operation. The path is resolved and relative to the root;
/// `""` is the root. `R` is the rule that allows, `D` what a denial tells.
pub type Judge<'j, R, D> = &'j dyn Fn(FileOp, &str) -> Result<R, D>;

/// An answer, with what was judged to get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged<R, T> {
    /// The resolved path.
    pub path: String,
    /// The rule that allowed it.
    pub rule: R,
    /// The answer.
    pub value: T,
}

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A symlink, wherever it leads.
    Symlink,
}

/// An entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Its name, without the folder.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// The files below one folder.
#[derive(Debug)]
pub struct Files {
    root: OwnedFd,
    owner: (u32, u32),
    limits: FileLimits,
    written: AtomicU64,
    created: AtomicU64,
}

impl Files {
    /// Opens the folder `root` with the default limits. What is made in it will
    /// belong to its owner.
    pub fn open(root: &Path) -> std::io::Result<Self> {
        let root = opening::root(root)?;
        let stat = fstat(&root)?;
        Ok(Self {
            root,
            owner: (stat.st_uid, stat.st_gid),
            limits: FileLimits::default(),
            written: AtomicU64::new(0),
            created: AtomicU64::new(0),
        })
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: FileLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The whole content of a regular file.
    pub fn read<R, D>(
        &self,
        path: &str,
        judge: Judge<'_, R, D>,
    ) -> Result<Judged<R, Vec<u8>>, FileError<D>> {
        let place = self.place(path, true, FileOp::Read, judge)?;
        let rule = judge(FileOp::Read, &place.path).map_err(FileError::Denied)?;
        let value = self.content(&place)?.0;
        Ok(Judged {
            path: place.path,
            rule,
            value,
        })
    }

    /// The entries of a folder that may be read, sorted by name. Names that are
    /// not UTF-8 and git folders do not appear.
    pub fn list<R, D>(
        &self,
        path: &str,
        judge: Judge<'_, R, D>,
    ) -> Result<Judged<R, Vec<FileEntry>>, FileError<D>> {
        let place = self.place(without_slash(path), true, FileOp::List, judge)?;
        let rule = judge(FileOp::List, &place.path).map_err(FileError::Denied)?;
        let folder = open_folder(&place)?;
        let mut value = self.entries(&folder, &place.path)?;
        let mut path = join(&place.path, "");
        let above = path.len();
        value.retain(|entry| {
            let op = match entry.kind {
                EntryKind::Directory => FileOp::List,
                EntryKind::File | EntryKind::Symlink => FileOp::Read,
            };
            path.truncate(above);
            path.push_str(&entry.name);
            judge(op, &path).is_ok()
        });
        Ok(Judged {
            path: place.path,
            rule,
            value,
        })
    }

    /// Removes a regular file or a symlink, never what it leads to.
    pub fn remove<R, D>(
        &self,
        path: &str,
        judge: Judge<'_, R, D>,
    ) -> Result<Judged<R, ()>, FileError<D>> {
        let place = self.place(path, false, FileOp::Delete, judge)?;
        let rule = judge(FileOp::Delete, &place.path).map_err(FileError::Denied)?;
        let stat = place
            .stat()
            .map_err(|error| error::system(&place.path, error))?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile | FileType::Symlink => {}
            other => return Err(error::not_a_file(&place.path, other)),
        }
        unlinkat(&place.folder, place.name.as_str(), AtFlags::empty())
            .map_err(|error| error::system(&place.path, error))?;
        Ok(Judged {
            path: place.path,
            rule,
            value: (),
        })
    }

    /// Resolves a path. A denied name gets the same answer whether it is there
    /// or not, so a failure is judged by the path as it reads.
    fn place<R, D>(
        &self,
        path: &str,
        follow: bool,
        op: FileOp,
        judge: Judge<'_, R, D>,
    ) -> Result<Place, FileError<D>> {
        resolve(&self.root, path, follow, &|link| {
            judge(FileOp::Stat, link)
                .map(drop)
                .map_err(FileError::Denied)
        })
        .and_then(|place| {
            let wants_file = op != FileOp::List;
            if wants_file && (place.name.is_empty() || path.ends_with('/')) {
                return Err(FileError::Invalid {
                    path: path.to_owned(),
                    why: "it names a folder, not a file",
                });
            }
            if !place.missing.is_empty() && op != FileOp::Create {
                return Err(FileError::NotFound(place.path));
            }
            Ok(place)
        })
        .map_err(|error| match error {
            FileError::NotFound(path) => match judge(op, &path) {
                Ok(_) => FileError::NotFound(path),
                Err(denial) => FileError::Denied(denial),
            },
            other => other,
        })
    }

    /// The content of the regular file at `place`, opened without ever waiting.
    fn content<D>(&self, place: &Place) -> Result<(Vec<u8>, Stat), FileError<D>> {
        let failed = |error| error::system(&place.path, error);
        regular(&place.path, &place.stat().map_err(failed)?)?;
        let file = opening::below(&place.folder, &place.name, FILE).map_err(failed)?;
        let stat = fstat(&file).map_err(failed)?;
        regular(&place.path, &stat)?;
        let allowed = self.limits.file_bytes;
        let mut content = Vec::new();
        File::from(file)
            .take(allowed + 1)
            .read_to_end(&mut content)
            .map_err(|error| failed(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
        if content.len() as u64 > allowed {
            return Err(FileError::Limit {
                kind: LimitKind::FileBytes,
                allowed,
            });
        }
        Ok((content, stat))
    }

    /// All entries that can be named, sorted as paths are.
    fn entries<D>(&self, folder: &OwnedFd, path: &str) -> Result<Vec<FileEntry>, FileError<D>> {
        let failed = |error| error::system(path, error);
        let mut found = Vec::new();
        for entry in Dir::read_from(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if misnamed(name.as_bytes(), false).is_some() {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => statat(folder.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_or(FileType::Unknown, |stat| {
                        FileType::from_raw_mode(stat.st_mode)
                    }),
                known => known,
            };
            let Some(kind) = entry_kind(kind) else {
                continue;
            };
            if found.len() == self.limits.entries {
                return Err(FileError::Limit {
                    kind: LimitKind::Entries,
                    allowed: self.limits.entries as u64,
                });
            }
            let name = name.to_owned();
            found.push(FileEntry { name, kind });
        }
        found.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }
}

/// Opens the folder at `place`.
fn open_folder<D>(place: &Place) -> Result<OwnedFd, FileError<D>> {
    opening::below(&place.folder, &place.name, FOLDER).map_err(|error| match error {
        Errno::NOTDIR => FileError::NotAFolder(place.path.clone()),
        error => error::system(&place.path, error),
    })
}

/// A folder may be named with slashes at its end; `/` itself is no such folder.
fn without_slash(path: &str) -> &str {
    if path.starts_with('/') {
        path
    } else {
        path.trim_end_matches('/')
    }
}

fn entry_kind(kind: FileType) -> Option<EntryKind> {
    match kind {
        FileType::RegularFile => Some(EntryKind::File),
        FileType::Directory => Some(EntryKind::Directory),
        FileType::Symlink => Some(EntryKind::Symlink),
        _ => None,
    }
}

fn regular<D>(path: &str, stat: &Stat) -> Result<(), FileError<D>> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(()),
        other => Err(error::not_a_file(path, other)),
    }
}
