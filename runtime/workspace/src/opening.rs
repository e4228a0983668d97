//! Opening what lies below a folder without ever leaving it: the kernel is
//! asked to refuse symlinks, `..`, magic links and other file systems.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
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
    // The kernel answers `AGAIN` when a rename raced with the check.
    for _ in 0..64 {
        match openat2(root.as_fd(), path, flags, mode, BENEATH) {
            Err(Errno::AGAIN) => {}
            answer => return answer,
        }
    }
    Err(Errno::AGAIN)
}
