//! Removing a folder with whatever a run left in it: as deep as can be, with
//! modes that forbid it, without following a symlink.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, chmod, fstat, openat, renameat, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::path::Arg;

use crate::opening::FOLDER;

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
    Ok(contents_of(opened(CWD, path)?)?)
}

/// Removes everything in the folder that a handle holds.
pub(crate) fn contents_held(folder: impl AsFd) -> io::Result<()> {
    Ok(contents_of(opened(folder, ".")?)?)
}

fn contents_of(root: OwnedFd) -> Result<(), Errno> {
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
        let inner = opened(folder, name)?;
        if depth >= DEPTH {
            return self.move_up(folder, name);
        }
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

/// A folder without a link at its name, opened up for us where its mode forbids that. What may
/// stand at the name by now plays no part: the mode is changed of what was opened.
fn opened(above: impl AsFd, name: impl Arg) -> Result<OwnedFd, Errno> {
    let handle = openat(above, name, HANDLE, Mode::empty())?;
    if fstat(&handle)?.st_mode & 0o700 != 0o700 {
        // `fchmod` takes no handle of this kind. Its name in /proc leads to what it holds and
        // nowhere else; what cannot be opened up is told by the opening below.
        let held = format!("/proc/self/fd/{}", handle.as_raw_fd());
        let _ = chmod(held, Mode::from(0o700));
    }
    openat(&handle, ".", FOLDER, Mode::empty())
}

/// A folder itself, whatever its mode; a link is none.
const HANDLE: OFlags = OFlags::PATH
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, create_dir, metadata, set_permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    /// As where a process that is not yet dead puts a link in the folder's place.
    #[test]
    fn a_link_in_the_place_of_a_folder_changes_no_mode_outside() {
        let home = tempfile::tempdir().unwrap();
        let (outside, link) = (home.path().join("outside"), home.path().join("link"));
        create_dir(&outside).unwrap();
        set_permissions(&outside, Permissions::from_mode(0o500)).unwrap();
        symlink(&outside, &link).unwrap();
        assert!(opened(CWD, link.as_path()).is_err());
        assert!(contents(&link).is_err());
        assert_eq!(
            metadata(&outside).unwrap().permissions().mode() & 0o777,
            0o500
        );
    }

    #[test]
    fn closed_folders_are_opened_up_at_any_depth() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("root");
        let mut folder = root.clone();
        for _ in 0..DEPTH + 3 {
            create_dir(&folder).unwrap();
            folder.push("closed");
        }
        while folder.pop() && folder.starts_with(&root) {
            set_permissions(&folder, Permissions::from_mode(0o000)).unwrap();
        }
        discard(&root).unwrap();
        assert!(!root.exists());
    }
}
