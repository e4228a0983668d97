//! Whether tracked files differ from `HEAD`: staged or not.

use std::collections::HashMap;
use std::path::Path;

use gix::ObjectId;
use gix::index::entry::{Mode, Stage};
use gix::objs::Kind;
use rustix::fs::{AtFlags, CWD, FileType, Stat, readlinkat, statat};

use crate::TreeId;
use crate::objects::{Objects, hash};
use crate::tree;

/// Compares `head`, the index and the files below `top`. What cannot be read
/// counts as different.
pub(super) fn is_dirty(git: &gix::Repository, top: &Path, head: Option<TreeId>) -> bool {
    let (Some(head), Ok(index)) = (head, git.index_or_empty()) else {
        return true;
    };
    let objects = git.common_dir().join("objects");
    let flat = Objects::open(&objects)
        .ok()
        .and_then(|objects| tree::flatten(&objects.reader(), head, tree::MAX_ENTRIES).ok());
    let Some(flat) = flat else {
        return true;
    };
    let mut tracked: HashMap<&[u8], ObjectId> = flat
        .leaves
        .iter()
        .map(|leaf| (leaf.path.as_bytes(), leaf.id))
        .collect();
    let differs = index.entries().iter().any(|entry| {
        let path = entry.path(&index);
        entry.stage() != Stage::Unconflicted
            || tracked.remove(&**path) != Some(entry.id)
            || edited(top, path, entry)
    });
    differs || !tracked.is_empty()
}

fn edited(top: &Path, path: &gix::bstr::BStr, entry: &gix::index::Entry) -> bool {
    use std::os::unix::ffi::OsStrExt as _;
    if entry.mode == Mode::COMMIT {
        return false;
    }
    let file = top.join(std::ffi::OsStr::from_bytes(path));
    match statat(CWD, &file, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => !unchanged(&stat, entry) && content_differs(&file, &stat, entry),
        Err(_) => true,
    }
}

#[expect(
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    reason = "the index keeps 32 bits"
)]
fn unchanged(stat: &Stat, entry: &gix::index::Entry) -> bool {
    entry.stat.size == stat.st_size as u32
        && entry.stat.mtime.secs == stat.st_mtime as u32
        && entry.stat.mtime.nsecs == stat.st_mtime_nsec as u32
}

fn content_differs(file: &Path, stat: &Stat, entry: &gix::index::Entry) -> bool {
    let content = match FileType::from_raw_mode(stat.st_mode) {
        FileType::Symlink => readlinkat(CWD, file, Vec::new())
            .ok()
            .map(std::ffi::CString::into_bytes),
        FileType::RegularFile => std::fs::read(file).ok(),
        _ => None,
    };
    content.is_none_or(|content| hash(Kind::Blob, &content).ok() != Some(entry.id))
}
