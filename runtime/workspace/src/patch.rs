//! The difference of two trees as text for people, in git's own form.
//!
//! Files are shown whole or not at all, so that what is shown always applies.
//! Names and contents stand there raw, but for names that git itself quotes.

use gix::ObjectId;

use crate::TreeId;
use crate::changes::{Change, FileKind, change, differing, file_kind, text};
use crate::objects::{ObjectError, Reader};
use crate::tree::{Entry, TreeError};

mod hunks;
mod name;

use name::{line_name, quoted};

/// Bounds of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatchOptions {
    /// Lines shown before and after what differs.
    pub context: u32,
    /// The most bytes of text; files that do not fit are named only.
    pub max_bytes: usize,
}

impl Default for PatchOptions {
    /// 3 lines, 1 MiB.
    fn default() -> Self {
        Self {
            context: 3,
            max_bytes: 1 << 20,
        }
    }
}

/// How much of a file a patch shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shown {
    /// All that differs.
    Text,
    /// That it differs: it is binary, or too large to compare by lines.
    Binary,
    /// Nothing: it did not fit.
    Omitted,
}

/// One file of a patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchFile {
    /// What happened to it, with counts.
    pub change: Change,
    /// How much of it stands in the text.
    pub shown: Shown,
}

/// The difference of two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// A unified diff, in the encodings of the files.
    pub text: Vec<u8>,
    /// Every file that differs, sorted by path.
    pub files: Vec<PatchFile>,
}

impl Patch {
    /// Whether the text alone makes the second tree from the first.
    pub fn is_whole(&self) -> bool {
        self.files.iter().all(|file| file.shown == Shown::Text)
    }
}

pub(crate) fn patch(
    reader: &Reader,
    a: TreeId,
    b: TreeId,
    options: PatchOptions,
) -> Result<Patch, TreeError> {
    let mut patch = Patch {
        text: Vec::new(),
        files: Vec::new(),
    };
    for (path, (a, b)) in differing(reader, a, b)? {
        let change = change(reader, path.clone(), a.as_ref(), b.as_ref())?;
        let left = options.max_bytes - patch.text.len();
        let (section, shown) = if at_least(&change) > left {
            (Vec::new(), Shown::Omitted)
        } else {
            section(reader, &path, a.as_ref(), b.as_ref(), options.context)?
        };
        let shown = if section.len() > left {
            Shown::Omitted
        } else {
            patch.text.extend(section);
            shown
        };
        patch.files.push(PatchFile { change, shown });
    }
    Ok(patch)
}

/// Bytes that the changed lines take even if all of them are empty.
fn at_least(change: &Change) -> usize {
    change.lines.map_or(0, |lines| {
        2 * (lines.added as usize + lines.removed as usize)
    })
}

/// The difference of two texts as a patch of the file `name`; empty where they are the same.
pub fn text_patch(name: &str, before: &[u8], after: &[u8]) -> Vec<u8> {
    let hunks = hunks::hunks(before, after, PatchOptions::default().context);
    if hunks.is_empty() {
        return hunks;
    }
    let (a, b) = (line_name("a/", Some(name)), line_name("b/", Some(name)));
    let mut text = format!("--- {a}\n+++ {b}\n").into_bytes();
    text.extend(hunks);
    text
}

/// All that is to be said of one path.
fn section(
    reader: &Reader,
    path: &str,
    a: Option<&Entry>,
    b: Option<&Entry>,
    context: u32,
) -> Result<(Vec<u8>, Shown), ObjectError> {
    let (Some(before), Some(after)) = (a, b) else {
        return one(reader, path, a, b, context);
    };
    let kind = |entry: &Entry| match file_kind(entry.mode) {
        FileKind::Executable => FileKind::File,
        kind => kind,
    };
    if kind(before) == kind(after) {
        return one(reader, path, a, b, context);
    }
    // Git, too, removes the one and adds the other.
    let (mut text, removed) = one(reader, path, a, None, context)?;
    let (more, added) = one(reader, path, None, b, context)?;
    text.extend(more);
    let binary = removed == Shown::Binary || added == Shown::Binary;
    Ok((text, if binary { Shown::Binary } else { Shown::Text }))
}

/// What is to be said of a path that stays of one kind, comes or goes.
fn one(
    reader: &Reader,
    path: &str,
    a: Option<&Entry>,
    b: Option<&Entry>,
    context: u32,
) -> Result<(Vec<u8>, Shown), ObjectError> {
    let mut text = head(path, a, b).into_bytes();
    if id(a) == id(b) {
        return Ok((text, Shown::Text));
    }
    let (Some(before), Some(after)) = (lines(reader, a)?, lines(reader, b)?) else {
        let side = |entry: Option<&Entry>, prefix| match entry {
            Some(_) => quoted(prefix, path),
            None => "/dev/null".to_owned(),
        };
        let (a, b) = (side(a, "a/"), side(b, "b/"));
        text.extend(format!("Binary files {a} and {b} differ\n").into_bytes());
        return Ok((text, Shown::Binary));
    };
    let hunks = hunks::hunks(&before, &after, context);
    if !hunks.is_empty() {
        let (a, b) = (a.map(|_| path), b.map(|_| path));
        let (a, b) = (line_name("a/", a), line_name("b/", b));
        text.extend(format!("--- {a}\n+++ {b}\n").into_bytes());
    }
    text.extend(hunks);
    Ok((text, Shown::Text))
}

/// The lines above the names: modes and ids.
fn head(path: &str, a: Option<&Entry>, b: Option<&Entry>) -> String {
    let (old, new) = (a.map(mode), b.map(mode));
    let (from, to) = (id(a), id(b));
    let modes = match (old, new) {
        (None, Some(mode)) => format!("new file mode {mode}\n"),
        (Some(mode), None) => format!("deleted file mode {mode}\n"),
        (Some(old), Some(new)) if old != new => format!("old mode {old}\nnew mode {new}\n"),
        // Old repositories spell one mode in several ways; git shows none of that.
        _ if from == to => return String::new(),
        _ => String::new(),
    };
    let index = match new {
        _ if from == to => String::new(),
        Some(mode) if old == new => format!("index {from}..{to} {mode}\n"),
        _ => format!("index {from}..{to}\n"),
    };
    let (a, b) = (quoted("a/", path), quoted("b/", path));
    format!("diff --git {a} {b}\n{modes}{index}")
}

fn mode(entry: &Entry) -> &'static str {
    match file_kind(entry.mode) {
        FileKind::File => "100644",
        FileKind::Executable => "100755",
        FileKind::Symlink => "120000",
        FileKind::Submodule => "160000",
    }
}

fn id(entry: Option<&Entry>) -> ObjectId {
    entry.map_or(ObjectId::null(gix::hash::Kind::Sha1), |entry| entry.id)
}

/// What is compared line by line; none for binary and large files.
fn lines(reader: &Reader, entry: Option<&Entry>) -> Result<Option<Vec<u8>>, ObjectError> {
    match entry {
        Some(entry) if entry.mode.is_commit() => Ok(Some(
            format!("Subproject commit {}\n", entry.id).into_bytes(),
        )),
        entry => text(reader, entry),
    }
}
