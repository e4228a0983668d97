//! Opening what lies below a folder without ever leaving it: the kernel is
//! asked to refuse symlinks, `..`, magic links and other file systems.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags, chmod, fstat, openat, openat2};
use rustix::io::Errno;

/// Reading a folder.
pub(crate) const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
/// Reading a file; never waits, whatever the name stands for.
pub(crate) const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
/// A symlink itself, to read its target.
pub(crate) const LINK: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A folder that perhaps nobody may read.
const CLOSED: OFlags = OFlags::PATH
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

const BENEATH: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_MAGICLINKS)
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_XDEV);

/// Opens the folder at `path`, which may itself be reached through links.
pub(crate) fn root(path: &Path) -> Result<OwnedFd, Errno> {
    rustix::fs::open(
        path,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
}

/// Opens `path` below `root`; `""` is the root itself. A symlink on the way is
/// `LOOP`.
pub(crate) fn below(root: impl AsFd, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    below_with(root, path, flags, Mode::empty())
}

/// Like [`below`], with the mode of a file that may be created.
pub(crate) fn below_with(
    root: impl AsFd,
    path: &str,
    flags: OFlags,
    mode: Mode,
) -> Result<OwnedFd, Errno> {
    let path = if path.is_empty() { "." } else { path };
    beneath(root.as_fd(), path.as_bytes(), flags, mode)
}

/// Opens the folder `path`, itself no symlink, and lets its owner use it.
pub(crate) fn root_freed(path: &Path) -> Result<OwnedFd, Errno> {
    freed(&rustix::fs::open(path, CLOSED, Mode::empty())?)
}

/// Like [`below`] for a folder, which its owner may use from then on.
pub(crate) fn below_freed(root: impl AsFd, path: &[u8]) -> Result<OwnedFd, Errno> {
    let path = if path.is_empty() { b"." } else { path };
    freed(&beneath(root.as_fd(), path, CLOSED, Mode::empty())?)
}

/// By the handle and not by a name, which could be a symlink by now.
fn freed(closed: &OwnedFd) -> Result<OwnedFd, Errno> {
    let mode = Mode::from_raw_mode(fstat(closed)?.st_mode & 0o7777);
    // The group that new files inherit is the owner's choice; the other marks mean nothing here.
    let fit = mode
        .union(Mode::RWXU)
        .difference(Mode::SUID.union(Mode::SVTX));
    if mode != fit {
        chmod(in_proc(closed), fit)?;
    }
    openat(closed, ".", FOLDER, Mode::empty())
}

/// A path that stands for the handle itself, as long as that is open.
fn in_proc(handle: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", handle.as_raw_fd()))
}

fn beneath(root: BorrowedFd<'_>, path: &[u8], flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    // The kernel answers `AGAIN` when a rename raced with the check.
    for _ in 0..64 {
        match openat2(root, path, flags, mode, BENEATH) {
            Err(Errno::AGAIN) => {}
            answer => return answer,
        }
    }
    Err(Errno::AGAIN)
}
