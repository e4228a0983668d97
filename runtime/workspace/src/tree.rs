//! Trees as flat lists of paths, and back.
//!
//! Reading refuses what could not be checked out faithfully: names that are
//! not UTF-8, that leave the tree, that spell `.git` or that stand there twice;
//! and trees that unfold to more entries than fit.

use std::collections::HashSet;

use gix::bstr::ByteSlice;
use gix::objs::tree::{EntryKind, EntryMode};
use gix::objs::{Kind, TreeRefIter};
use gix::{ObjectId, hash};

use crate::TreeId;
use crate::objects::{ObjectError, Reader};

/// The deepest path, in parts.
pub(crate) const MAX_DEPTH: usize = 512;
/// The longest path, in bytes; `PATH_MAX` of Linux is 4,096 with its NUL.
pub(crate) const MAX_PATH: usize = 4_000;
/// The most entries of a tree, where no other limit is given.
pub(crate) const MAX_ENTRIES: usize = 1_000_000;

/// Why a tree cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// An object is missing or damaged.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// A name cannot be checked out.
    #[error("`{path}` in the tree cannot be checked out: {why}")]
    Name {
        /// The path, escaped where it is not UTF-8.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The tree holds more than is taken.
    #[error("the tree holds more than {0} files and folders")]
    TooMany(usize),
}

/// A leaf of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) mode: EntryMode,
    pub(crate) id: ObjectId,
}

/// A tree, unfolded.
#[derive(Debug, Default)]
pub(crate) struct Flat {
    /// Files, symlinks and submodules, in the order of their paths' bytes.
    pub(crate) leaves: Vec<Entry>,
    /// The ids of its folders, the root's among them.
    pub(crate) folders: HashSet<ObjectId>,
}

/// Unfolds `tree`, unless it holds more than `limit` entries.
pub(crate) fn flatten(reader: &Reader, tree: TreeId, limit: usize) -> Result<Flat, TreeError> {
    let mut flat = Flat::default();
    let mut folders = vec![(String::new(), tree.0)];
    let mut buffer = Vec::new();
    let mut budget = limit;
    while let Some((folder, id)) = folders.pop() {
        flat.folders.insert(id);
        for entry in entries(reader, &folder, id, &mut buffer)? {
            budget = budget.checked_sub(1).ok_or(TreeError::TooMany(limit))?;
            if entry.mode.is_tree() {
                folders.push((entry.path, entry.id));
            } else {
                flat.leaves.push(entry);
            }
        }
    }
    flat.leaves.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(flat)
}

/// The entries of one folder, with paths from the root.
pub(crate) fn entries(
    reader: &Reader,
    folder: &str,
    id: ObjectId,
    buffer: &mut Vec<u8>,
) -> Result<Vec<Entry>, TreeError> {
    let data = reader.get(&id, Kind::Tree, buffer)?;
    let mut names = HashSet::new();
    let mut found = Vec::new();
    for entry in TreeRefIter::from_bytes(data, hash::Kind::Sha1) {
        let entry = entry.map_err(|error| ObjectError::Damaged {
            id,
            why: error.to_string(),
        })?;
        let path = checked(folder, entry.filename, entry.mode)?;
        if !names.insert(entry.filename) {
            return Err(refused(path, "it stands there twice"));
        }
        found.push(Entry {
            path,
            mode: entry.mode,
            id: entry.oid.to_owned(),
        });
    }
    Ok(found)
}

fn checked(folder: &str, name: &gix::bstr::BStr, mode: EntryMode) -> Result<String, TreeError> {
    let path = join(folder, &name.to_str_lossy());
    if name.to_str().is_err() {
        return Err(refused(
            name.to_string().escape_debug().to_string(),
            "its name is not UTF-8",
        ));
    }
    if let Some(why) = misnamed(name, mode.is_link()) {
        return Err(refused(path, why));
    }
    if path.len() > MAX_PATH || path.split('/').count() > MAX_DEPTH {
        return Err(refused(path, "the path is too long"));
    }
    Ok(path)
}

fn refused(path: String, why: &str) -> TreeError {
    TreeError::Name {
        path,
        why: why.to_owned(),
    }
}

/// Why a name that spells `.git` is refused.
pub(crate) const GIT_FOLDER: &str = "a git folder of its own";

/// Why `name` may not stand in a tree, in any spelling that some file system
/// would take for `.git`.
pub(crate) fn misnamed(name: &[u8], link: bool) -> Option<&'static str> {
    use gix::validate::path::component::{Error, Mode, Options};
    let options = Options {
        protect_windows: false,
        protect_hfs: true,
        protect_ntfs: true,
    };
    match gix::validate::path::component(name.as_bstr(), link.then_some(Mode::Symlink), options) {
        Ok(_) => name.contains(&0).then_some("its name holds a NUL"),
        Err(Error::DotGitDir) => Some(GIT_FOLDER),
        Err(Error::SymlinkedGitModules) => Some("a symlink named .gitmodules"),
        Err(_) => Some("its name leaves the folder"),
    }
}

/// `folder/name`, or `name` at the root.
pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// Everything before the last `/`, or `""`.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The mode of a regular file.
pub(crate) fn file_mode(executable: bool) -> EntryMode {
    if executable {
        EntryKind::BlobExecutable.into()
    } else {
        EntryKind::Blob.into()
    }
}

/// Makes the trees over `leaves`, which stand in the order of their paths'
/// bytes, innermost first, and gives each to `put`. The last is the root.
pub(crate) fn build<E>(
    leaves: &[Entry],
    mut put: impl FnMut(&[u8]) -> Result<ObjectId, E>,
) -> Result<TreeId, E> {
    let mut open: Vec<(&str, Vec<u8>)> = vec![("", Vec::new())];
    for leaf in leaves {
        let folder = folder_of(&leaf.path);
        close_until(&mut open, folder, &mut put)?;
        open_until(&mut open, folder);
        let name = &leaf.path[prefix(folder)..];
        if let Some((_, content)) = open.last_mut() {
            encode(content, leaf.mode, name, &leaf.id);
        }
    }
    close_until(&mut open, "", &mut put)?;
    let root = open.pop().map(|(_, content)| content).unwrap_or_default();
    put(&root).map(TreeId)
}

/// Closes the folders that `folder` doesn't lie in.
fn close_until<E>(
    open: &mut Vec<(&str, Vec<u8>)>,
    folder: &str,
    put: &mut impl FnMut(&[u8]) -> Result<ObjectId, E>,
) -> Result<(), E> {
    while open.len() > 1 && !open.last().is_some_and(|(top, _)| lies_in(folder, top)) {
        if let Some((path, content)) = open.pop() {
            let id = put(&content)?;
            let name = &path[prefix(folder_of(path))..];
            if let Some((_, parent)) = open.last_mut() {
                encode(parent, EntryKind::Tree.into(), name, &id);
            }
        }
    }
    Ok(())
}

fn open_until<'p>(open: &mut Vec<(&'p str, Vec<u8>)>, folder: &'p str) {
    let mut from = open.last().map_or(0, |(top, _)| prefix(top));
    while from < folder.len() {
        let end = folder[from..]
            .find('/')
            .map_or(folder.len(), |at| from + at);
        open.push((&folder[..end], Vec::new()));
        from = end + 1;
    }
}

fn prefix(folder: &str) -> usize {
    if folder.is_empty() {
        0
    } else {
        folder.len() + 1
    }
}

fn lies_in(path: &str, folder: &str) -> bool {
    path == folder
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

fn encode(content: &mut Vec<u8>, mode: EntryMode, name: &str, id: &ObjectId) {
    content.extend_from_slice(mode.as_bytes(&mut [0; 6]));
    content.push(b' ');
    content.extend_from_slice(name.as_bytes());
    content.push(0);
    content.extend_from_slice(id.as_slice());
}
