//! Searching: lines that match a regular expression, in the order of paths.
//!
//! Symlinks are not followed; binary files and files past the size limit are
//! left out. Everything is bounded: hits, files, bytes, the length of a line.

use regex::bytes::{Regex, RegexBuilder};

use super::resolve::resolve;
use super::{EntryKind, FileError, FileOp, Files, Judge, Judged, open_folder, without_slash};
use crate::tree::join;

/// A compiled pattern may take this much memory, in bytes.
const MAX_PATTERN: usize = 1 << 20;
/// A longer line is cut, in characters.
const MAX_LINE: usize = 500;
/// Where a NUL makes a file binary, in bytes from its start.
const BINARY_PROBE: usize = 8_000;

/// A line that matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The file.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// The line, without its end, cut at 500 characters.
    pub text: String,
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The lines, in the order of paths.
    pub hits: Vec<Hit>,
    /// Whether a limit ended the search before everything was read.
    pub truncated: bool,
}

impl Files {
    /// Searches the files beneath a folder that may be read.
    pub fn search<R, D>(
        &self,
        pattern: &str,
        beneath: &str,
        judge: Judge<'_, R, D>,
    ) -> Result<Judged<R, Found>, FileError<D>> {
        let pattern = RegexBuilder::new(pattern)
            .size_limit(MAX_PATTERN)
            .dfa_size_limit(MAX_PATTERN)
            .build()
            .map_err(|error| FileError::Pattern(error.to_string()))?;
        let place = self.place(without_slash(beneath), true, FileOp::List, judge)?;
        let rule = judge(FileOp::List, &place.path).map_err(FileError::Denied)?;
        open_folder(&place)?;
        let mut search = Search {
            files: self,
            pattern,
            found: Found::default(),
            looked_at: 0,
            bytes: 0,
        };
        search.run(&place.path, judge);
        Ok(Judged {
            path: place.path,
            rule,
            value: search.found,
        })
    }
}

struct Search<'s> {
    files: &'s Files,
    pattern: Regex,
    found: Found,
    looked_at: usize,
    bytes: u64,
}

impl Search<'_> {
    /// Goes through folders in the order of paths. What vanishes or cannot be
    /// read meanwhile is passed over.
    fn run<R, D>(&mut self, beneath: &str, judge: Judge<'_, R, D>) {
        let mut todo = vec![(beneath.to_owned(), EntryKind::Directory)];
        while let Some((path, kind)) = todo.pop() {
            if self.spent() {
                self.found.truncated = true;
                return;
            }
            self.looked_at += 1;
            match kind {
                EntryKind::Directory => todo.extend(self.folder(&path, judge)),
                EntryKind::File if judge(FileOp::Read, &path).is_ok() => self.file::<D>(&path),
                EntryKind::File | EntryKind::Symlink => {}
            }
        }
    }

    fn spent(&self) -> bool {
        let limits = &self.files.limits;
        self.found.truncated
            || self.looked_at >= limits.searched
            || self.bytes >= limits.searched_bytes
    }

    /// The entries of a folder, the first one last.
    fn folder<R, D>(&mut self, path: &str, judge: Judge<'_, R, D>) -> Vec<(String, EntryKind)> {
        if judge(FileOp::List, path).is_err() {
            return Vec::new();
        }
        let entries = resolve::<D>(&self.files.root, path, false, &|link| {
            Err(FileError::Outside(link.to_owned()))
        })
        .and_then(|place| open_folder(&place))
        .and_then(|folder| self.files.entries::<D>(&folder, path));
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(FileError::Limit { .. }) => {
                self.found.truncated = true;
                return Vec::new();
            }
            Err(_) => return Vec::new(),
        };
        // As paths sort: a folder's name counts with the `/` that follows it.
        entries.sort_unstable_by_key(|entry| match entry.kind {
            EntryKind::Directory => format!("{}/", entry.name),
            EntryKind::File | EntryKind::Symlink => entry.name.clone(),
        });
        let named = |entry: super::FileEntry| (join(path, &entry.name), entry.kind);
        entries.into_iter().rev().map(named).collect()
    }

    fn file<D>(&mut self, path: &str) {
        let content = resolve::<D>(&self.files.root, path, false, &|link| {
            Err(FileError::Outside(link.to_owned()))
        })
        .and_then(|place| self.files.content::<D>(&place));
        let Ok((content, _)) = content else { return };
        self.bytes += content.len() as u64;
        if content.iter().take(BINARY_PROBE).any(|byte| *byte == 0) {
            return;
        }
        let content = content.strip_suffix(b"\n").unwrap_or(&content);
        let lines = content.split(|byte| *byte == b'\n').zip(1_u32..);
        for (text, line) in lines {
            if !self.pattern.is_match(text) {
                continue;
            }
            if self.found.hits.len() == self.files.limits.hits {
                self.found.truncated = true;
                return;
            }
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            self.found.hits.push(Hit {
                file: path.to_owned(),
                line,
                text: String::from_utf8_lossy(text)
                    .chars()
                    .take(MAX_LINE)
                    .collect(),
            });
        }
    }
}
