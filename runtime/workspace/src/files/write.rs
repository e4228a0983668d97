//! Writing: a new file beside the old one, then one rename. A reader sees the
//! whole old content or the whole new one, and nothing half-made is left.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rustix::fs::{
    AtFlags, Gid, Mode, OFlags, Stat, Uid, chownat, fchmod, fchown, mkdirat, openat, renameat,
    unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::error::system;
use super::resolve::Place;
use super::{FileError, FileOp, Files, Judge, Judged, LimitKind, regular};
use crate::opening::{self, FOLDER};

const NEW_FILE: OFlags = OFlags::WRONLY
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Tells temporary files of one process apart.
static NUMBER: AtomicU64 = AtomicU64::new(0);

impl Files {
    /// Makes or replaces a file, and the folders above it. A file that is
    /// replaced stays executable if it was. The answer tells whether it is new.
    pub fn write<R, D>(
        &self,
        path: &str,
        content: &[u8],
        judge: Judge<'_, R, D>,
    ) -> Result<Judged<R, bool>, FileError<D>> {
        let place = self.place(path, true, FileOp::Create, judge)?;
        let there = there(&place)?;
        let op = if there.is_some() {
            FileOp::Write
        } else {
            FileOp::Create
        };
        let rule = judge(op, &place.path).map_err(FileError::Denied)?;
        self.replace(&place, there.as_ref(), content)?;
        Ok(Judged {
            path: place.path,
            rule,
            value: there.is_none(),
        })
    }

    /// Replaces the one place where `old` stands in a file.
    pub fn edit<R, D>(
        &self,
        path: &str,
        old: &str,
        new: &str,
        judge: Judge<'_, R, D>,
    ) -> Result<Judged<R, ()>, FileError<D>> {
        let place = self.place(path, true, FileOp::Read, judge)?;
        judge(FileOp::Read, &place.path).map_err(FileError::Denied)?;
        let rule = judge(FileOp::Write, &place.path).map_err(FileError::Denied)?;
        let (content, stat) = self.content(&place)?;
        let at = only_place(&content, old.as_bytes()).map_err(|why| FileError::Invalid {
            path: place.path.clone(),
            why,
        })?;
        let content = [&content[..at], new.as_bytes(), &content[at + old.len()..]].concat();
        self.replace(&place, Some(&stat), &content)?;
        Ok(Judged {
            path: place.path,
            rule,
            value: (),
        })
    }

    fn replace<D>(
        &self,
        place: &Place,
        there: Option<&Stat>,
        content: &[u8],
    ) -> Result<(), FileError<D>> {
        if let Some(stat) = there {
            regular(&place.path, stat)?;
            if stat.st_nlink != 1 {
                return Err(FileError::Linked(place.path.clone()));
            }
        }
        let allowed = self.limits.file_bytes;
        let bytes = content.len() as u64;
        if bytes > allowed {
            let kind = LimitKind::FileBytes;
            return Err(FileError::Limit { kind, allowed });
        }
        let new_entries = place.missing.len() as u64 + u64::from(there.is_none());
        self.charge(LimitKind::Created, new_entries)?;
        self.charge(LimitKind::WrittenBytes, bytes)?;
        let executable = there.is_some_and(|stat| stat.st_mode & 0o100 != 0);
        let mode = Mode::from(if executable { 0o755 } else { 0o644 });
        self.make_folders(place)
            .and_then(|folder| self.put(&folder, &place.name, mode, content))
            .map_err(|error| system(&place.path, error))
    }

    /// Makes the folders that are missing above the file; never through a link.
    fn make_folders(&self, place: &Place) -> Result<Arc<OwnedFd>, Errno> {
        let mut folder = Arc::clone(&place.folder);
        for name in &place.missing {
            match mkdirat(&folder, name.as_str(), Mode::from(0o755)) {
                Ok(()) if self.is_foreign() => {
                    let (user, group) = self.owner();
                    chownat(
                        &folder,
                        name.as_str(),
                        user,
                        group,
                        AtFlags::SYMLINK_NOFOLLOW,
                    )?;
                }
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error),
            }
            folder = Arc::new(opening::below(&folder, name, FOLDER)?);
        }
        Ok(folder)
    }

    fn put(&self, folder: &OwnedFd, name: &str, mode: Mode, content: &[u8]) -> Result<(), Errno> {
        let (temporary, file) = new_file(folder)?;
        let written = self
            .fill(file, mode, content)
            .and_then(|()| renameat(folder, temporary.as_str(), folder, name));
        if written.is_err() {
            // The reason matters more than a second failure.
            let _ = unlinkat(folder, temporary.as_str(), AtFlags::empty());
        }
        written
    }

    fn fill(&self, mut file: File, mode: Mode, content: &[u8]) -> Result<(), Errno> {
        file.write_all(content)
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        if self.is_foreign() {
            let (user, group) = self.owner();
            fchown(&file, user, group)?;
        }
        fchmod(&file, mode)
    }

    /// Whether the folder belongs to someone else than this process.
    fn is_foreign(&self) -> bool {
        geteuid().as_raw() != self.owner.0
    }

    fn owner(&self) -> (Option<Uid>, Option<Gid>) {
        let (user, group) = self.owner;
        (Some(Uid::from_raw(user)), Some(Gid::from_raw(group)))
    }
}

/// What stands at the place now.
fn there<D>(place: &Place) -> Result<Option<Stat>, FileError<D>> {
    if !place.missing.is_empty() {
        return Ok(None);
    }
    match place.stat() {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(system(&place.path, error)),
    }
}

fn new_file(folder: &OwnedFd) -> Result<(String, File), Errno> {
    loop {
        let number = NUMBER.fetch_add(1, Relaxed);
        let name = format!(".minion-{}-{number}.tmp", std::process::id());
        match openat(folder.as_fd(), name.as_str(), NEW_FILE, Mode::from(0o600)) {
            Ok(file) => return Ok((name, file.into())),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Where `old` stands, if it stands in exactly one place.
fn only_place(content: &[u8], old: &[u8]) -> Result<usize, &'static str> {
    if old.is_empty() {
        return Err("the text to replace is empty");
    }
    let mut places = content
        .windows(old.len())
        .enumerate()
        .filter(|(_, window)| *window == old)
        .map(|(at, _)| at);
    match (places.next(), places.next()) {
        (Some(at), None) => Ok(at),
        (None, _) => Err("the text to replace does not stand in the file"),
        (Some(_), Some(_)) => Err("the text to replace stands there more than once"),
    }
}
