//! Removing a folder with whatever a run left in it: as deep as can be, with
//! modes that forbid it, without following a symlink.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, fchmod, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

use crate::opening::{self, FOLDER};

/// Folders deeper than this are first moved up to the root, so that neither
/// descriptors nor stack run out.
const DEPTH: usize = 64;

/// Removes the folder `path` and everything in it. No such folder is no error.
pub fn discard(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(found) if !found.is_dir() => return Err(io::ErrorKind::NotADirectory.into()),
        Ok(_) => {}
    }
    contents(path)?;
    std::fs::remove_dir(path)
}

/// Removes everything in the folder `path`.
pub(crate) fn contents(path: &Path) -> io::Result<()> {
    let root = opening::root(path)?;
    let mut emptying = Emptying { root, moved: 0 };
    while emptying.pass()? {}
    Ok(())
}

struct Emptying {
    root: OwnedFd,
    moved: u64,
}

impl Emptying {
    /// Removes what is there; whether deep folders were moved up for another pass.
    fn pass(&mut self) -> Result<bool, Errno> {
        let before = self.moved;
        let root = rustix::io::fcntl_dupfd_cloexec(&self.root, 0)?;
        self.empty(&root, 0)?;
        Ok(self.moved > before)
    }

    fn empty(&mut self, folder: &OwnedFd, depth: usize) -> Result<(), Errno> {
        // Needed when the mode forbids it, and harmless when it doesn't.
        let _ = fchmod(folder, Mode::from(0o700));
        let mut entries = Vec::new();
        for entry in Dir::read_from(folder)? {
            let name = entry?.file_name().to_owned();
            if !matches!(name.to_bytes(), b"." | b"..") {
                entries.push(name);
            }
        }
        for name in entries {
            self.remove(folder, &name, depth)?;
        }
        Ok(())
    }

    fn remove(
        &mut self,
        folder: &OwnedFd,
        name: &std::ffi::CStr,
        depth: usize,
    ) -> Result<(), Errno> {
        let stat = match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(()),
            answer => answer?,
        };
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            return unlinkat(folder, name, AtFlags::empty());
        }
        if depth >= DEPTH {
            return self.move_up(folder, name);
        }
        // A folder nobody may read is opened up by its name; it is no symlink,
        // and if it became one meanwhile the open below refuses it.
        if stat.st_mode & 0o700 != 0o700 {
            let _ = rustix::fs::chmodat(folder, name, Mode::from(0o700), AtFlags::empty());
        }
        let inner = openat(folder.as_fd(), name, FOLDER, Mode::empty())?;
        self.empty(&inner, depth + 1)?;
        match unlinkat(folder, name, AtFlags::REMOVEDIR) {
            // Something deeper was moved up and is gone after the next pass.
            Err(Errno::NOTEMPTY) => Err(Errno::NOTEMPTY),
            answer => answer,
        }
    }

    fn move_up(&mut self, folder: &OwnedFd, name: &std::ffi::CStr) -> Result<(), Errno> {
        loop {
            self.moved += 1;
            let up = format!(".discard-{}", self.moved);
            match statat(&self.root, up.as_str(), AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => return renameat(folder, name, &self.root, up.as_str()),
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
    }
}
