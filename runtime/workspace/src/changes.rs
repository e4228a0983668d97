//! What differs between two trees, with line counts.

use std::collections::BTreeMap;

use gix::objs::Kind;
use gix::objs::tree::EntryMode;
use imara_diff::{Algorithm, Diff, InternedInput};

use crate::TreeId;
use crate::objects::{ObjectError, Reader};
use crate::tree::{Entry, MAX_ENTRIES, TreeError, entries};

/// Larger files are not compared line by line, in bytes.
const MAX_COMPARED: usize = 4 << 20;
/// Where git itself looks for a NUL to call a file binary.
const BINARY_PROBE: usize = 8_000;

/// What happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It wasn't there before.
    Added,
    /// Content, mode or kind differ.
    Modified,
    /// It isn't there any more.
    Deleted,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A regular file that its owner may execute.
    Executable,
    /// A symlink; its content is its target.
    Symlink,
    /// A commit of another repository.
    Submodule,
}

/// Counted lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lines {
    /// Lines only in the second tree.
    pub added: u32,
    /// Lines only in the first tree.
    pub removed: u32,
}

/// One path that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path, `/` between its parts.
    pub path: String,
    /// What happened to it.
    pub kind: ChangeKind,
    /// What stood there before.
    pub before: Option<FileKind>,
    /// What stands there after.
    pub after: Option<FileKind>,
    /// How many lines; none for binary and very large files and submodules.
    pub lines: Option<Lines>,
}

/// What stands at paths in two trees.
pub(crate) type Pairs = BTreeMap<String, (Option<Entry>, Option<Entry>)>;

/// Compares two trees.
pub(crate) fn changes(reader: &Reader, a: TreeId, b: TreeId) -> Result<Vec<Change>, TreeError> {
    differing(reader, a, b)?
        .into_iter()
        .map(|(path, (a, b))| Ok(change(reader, path, a.as_ref(), b.as_ref())?))
        .collect()
}

/// The leaves that differ; equal folders are not opened.
pub(crate) fn differing(reader: &Reader, a: TreeId, b: TreeId) -> Result<Pairs, TreeError> {
    let mut leaves = Pairs::new();
    let mut folders = vec![(String::new(), Some(a.0), Some(b.0))];
    let mut buffer = Vec::new();
    let mut budget = 2 * MAX_ENTRIES;
    while let Some((folder, a, b)) = folders.pop() {
        let mut both = Pairs::new();
        let mut list = |id: Option<_>| match id {
            Some(id) => entries(reader, &folder, id, &mut buffer),
            None => Ok(Vec::new()),
        };
        for entry in list(a)? {
            let path = entry.path.clone();
            both.entry(path).or_default().0 = Some(entry);
        }
        for entry in list(b)? {
            let path = entry.path.clone();
            both.entry(path).or_default().1 = Some(entry);
        }
        budget = budget
            .checked_sub(both.len())
            .ok_or(TreeError::TooMany(2 * MAX_ENTRIES))?;
        for (path, (a, b)) in both
            .into_iter()
            .filter(|(_, (a, b))| !same(a.as_ref(), b.as_ref()))
        {
            let (inner_a, a) = split(a);
            let (inner_b, b) = split(b);
            if inner_a.is_some() || inner_b.is_some() {
                folders.push((path.clone(), inner_a, inner_b));
            }
            if a.is_some() || b.is_some() {
                leaves.insert(path, (a, b));
            }
        }
    }
    Ok(leaves)
}

fn same(a: Option<&Entry>, b: Option<&Entry>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a.id == b.id && a.mode == b.mode)
}

/// The id of a folder, or a leaf.
fn split(entry: Option<Entry>) -> (Option<gix::ObjectId>, Option<Entry>) {
    match entry {
        Some(entry) if entry.mode.is_tree() => (Some(entry.id), None),
        leaf => (None, leaf),
    }
}

pub(crate) fn change(
    reader: &Reader,
    path: String,
    a: Option<&Entry>,
    b: Option<&Entry>,
) -> Result<Change, ObjectError> {
    let kind = match (a, b) {
        (None, _) => ChangeKind::Added,
        (_, None) => ChangeKind::Deleted,
        _ => ChangeKind::Modified,
    };
    Ok(Change {
        path,
        kind,
        before: a.map(|entry| file_kind(entry.mode)),
        after: b.map(|entry| file_kind(entry.mode)),
        lines: lines(reader, a, b)?,
    })
}

pub(crate) fn file_kind(mode: EntryMode) -> FileKind {
    if mode.is_commit() {
        FileKind::Submodule
    } else if mode.is_link() {
        FileKind::Symlink
    } else if mode.is_executable() {
        FileKind::Executable
    } else {
        FileKind::File
    }
}

fn lines(
    reader: &Reader,
    a: Option<&Entry>,
    b: Option<&Entry>,
) -> Result<Option<Lines>, ObjectError> {
    let (Some(a), Some(b)) = (text(reader, a)?, text(reader, b)?) else {
        return Ok(None);
    };
    let input = InternedInput::new(a.as_slice(), b.as_slice());
    let diff = Diff::compute(Algorithm::Histogram, &input);
    Ok(Some(Lines {
        added: diff.count_additions(),
        removed: diff.count_removals(),
    }))
}

/// The content of a leaf when it is text, empty when there is no leaf.
pub(crate) fn text(reader: &Reader, entry: Option<&Entry>) -> Result<Option<Vec<u8>>, ObjectError> {
    let Some(entry) = entry else {
        return Ok(Some(Vec::new()));
    };
    if entry.mode.is_commit() {
        return Ok(None);
    }
    let mut buffer = Vec::new();
    let content = reader.get(&entry.id, Kind::Blob, &mut buffer)?;
    let binary = content.iter().take(BINARY_PROBE).any(|byte| *byte == 0);
    Ok((!binary && content.len() <= MAX_COMPARED).then(|| content.to_vec()))
}
