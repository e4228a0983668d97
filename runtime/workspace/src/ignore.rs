//! Ignore rules: the `.gitignore` files of one tree, at every depth.
//!
//! The user's own excludes (`.git/info/exclude`, `core.excludesFile`) do not
//! count: a tree id may not depend on whose machine it was made on.

use std::collections::HashMap;

use gix::bstr::ByteSlice;
use gix::glob::pattern::Case;
use gix::glob::search::Pattern;
use gix::glob::search::pattern::List;
use gix::objs::Kind;
use gix_ignore::search::{Ignore, pattern_matching_relative_path};

use crate::objects::{ObjectError, Reader};
use crate::tree::{Entry, folder_of};

/// The name of the files that hold the rules.
pub(crate) const FILE: &str = ".gitignore";

/// Rules by the folder that they stand in.
#[derive(Debug, Default)]
pub(crate) struct IgnoreRules {
    lists: HashMap<String, List<Ignore>>,
}

impl IgnoreRules {
    /// The rules that stand in a tree.
    pub(crate) fn of_tree(reader: &Reader, leaves: &[Entry]) -> Result<Self, ObjectError> {
        let mut rules = Self::default();
        let mut buffer = Vec::new();
        let files = leaves.iter().filter(|leaf| leaf.mode.is_blob());
        for leaf in files.filter(|leaf| leaf.path.rsplit('/').next() == Some(FILE)) {
            let content = reader.get(&leaf.id, Kind::Blob, &mut buffer)?;
            rules.add(folder_of(&leaf.path), content);
        }
        Ok(rules)
    }

    /// Adds the content of the `.gitignore` in `folder`.
    pub(crate) fn add(&mut self, folder: &str, content: &[u8]) {
        let patterns = Ignore::default().bytes_to_patterns(content, FILE.as_ref());
        let base = (!folder.is_empty()).then(|| format!("{folder}/").into());
        let list = List {
            patterns,
            source: None,
            base,
        };
        self.lists.insert(folder.to_owned(), list);
    }

    /// Whether a rule says so of `path` itself. That nothing under an ignored
    /// folder can be taken back is for the caller to keep.
    pub(crate) fn ignores(&self, path: &str, is_folder: bool) -> bool {
        if self.lists.is_empty() {
            return false;
        }
        let name = path.rfind('/').map(|at| at + 1);
        let mut folder = path;
        while !folder.is_empty() {
            folder = folder_of(folder);
            let decided = self.lists.get(folder).and_then(|list| {
                let path = path.as_bytes().as_bstr();
                pattern_matching_relative_path(list, path, name, Some(is_folder), Case::Sensitive)
            });
            if let Some(decided) = decided {
                return !decided.pattern.is_negative();
            }
        }
        false
    }
}
