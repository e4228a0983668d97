//! Where a grants file may stand. Every place on the way to it counts, also
//! that of each link: who can turn a link can choose the grants.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Component, Path, PathBuf};

use super::GrantsError;

const LINKS: usize = 40;
const WRITABLE_BY_OTHERS: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// Refuses a way that leads through, or ends, beneath a writable root.
pub(super) fn check_way(path: &Path, roots: &[PathBuf]) -> Result<(), GrantsError> {
    let io = |source| GrantsError::Io {
        path: path.to_owned(),
        source,
    };
    let mut real_roots = Vec::new();
    for root in roots {
        real_roots.push(std::path::absolute(root).map_err(io)?);
        if let Ok(real) = root.canonicalize() {
            real_roots.push(real);
        }
    }
    for place in way(path).map_err(io)? {
        if let Some(root) = real_roots.iter().find(|root| place.starts_with(root)) {
            let (through, root) = (place.clone(), root.clone());
            return Err(GrantsError::UnderWritableRoot {
                path: path.to_owned(),
                through,
                root,
            });
        }
    }
    Ok(())
}

/// Every real place that is visited when `path` is opened: folders, links,
/// and the file itself.
fn way(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let absolute = std::path::absolute(path)?;
    let mut todo: VecDeque<OsString> = parts(&absolute);
    let mut at = PathBuf::from("/");
    let mut visited = Vec::new();
    let mut links = 0;
    while let Some(part) = todo.pop_front() {
        if part == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&part);
        visited.push(next.clone());
        if !fs::symlink_metadata(&next)?.is_symlink() {
            at = next;
            continue;
        }
        links += 1;
        if links > LINKS {
            return Err(std::io::Error::other("too many links"));
        }
        let target = fs::read_link(&next)?;
        if target.is_absolute() {
            at = PathBuf::from("/");
        }
        for part in parts(&target).into_iter().rev() {
            todo.push_front(part);
        }
    }
    Ok(visited)
}

fn parts(path: &Path) -> VecDeque<OsString> {
    let part = |component: Component<'_>| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().filter_map(part).collect()
}

/// Opens a regular file that nobody else can write or replace.
pub(super) fn open(path: &Path) -> Result<File, GrantsError> {
    let io = |source| GrantsError::Io {
        path: path.to_owned(),
        source,
    };
    // A pipe would make the opening wait.
    let kind = fs::metadata(path).map_err(io)?.file_type();
    let special =
        kind.is_fifo() || kind.is_socket() || kind.is_char_device() || kind.is_block_device();
    if special || kind.is_dir() {
        return Err(GrantsError::NotRegular {
            path: path.to_owned(),
        });
    }
    let file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(GrantsError::NotRegular {
            path: path.to_owned(),
        });
    }
    if metadata.mode() & WRITABLE_BY_OTHERS != 0 {
        return Err(GrantsError::WritableByOthers {
            path: path.to_owned(),
            writable: path.to_owned(),
            mode: metadata.mode() & 0o7777,
        });
    }
    if metadata.nlink() != 1 {
        return Err(GrantsError::HardLinked {
            path: path.to_owned(),
            links: metadata.nlink(),
        });
    }
    check_folder(path)?;
    Ok(file)
}

/// A folder that all can write lets them replace the file, unless it is sticky.
fn check_folder(path: &Path) -> Result<(), GrantsError> {
    let io = |source| GrantsError::Io {
        path: path.to_owned(),
        source,
    };
    let real = path.canonicalize().map_err(io)?;
    let Some(folder) = real.parent() else {
        return Ok(());
    };
    let mode = fs::metadata(folder).map_err(io)?.mode() & 0o7777;
    if mode & 0o002 != 0 && mode & STICKY == 0 {
        return Err(GrantsError::WritableByOthers {
            path: path.to_owned(),
            writable: folder.to_owned(),
            mode,
        });
    }
    Ok(())
}
