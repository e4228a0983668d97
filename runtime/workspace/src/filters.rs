//! Which files of a tree need a filter to be what their author means.
//!
//! Such a file (Git LFS, git-crypt) is a pointer or a cipher text in the tree.
//! No filter is ever run, so a tree that holds one is refused, by name.

use gix::bstr::ByteSlice;
use gix::glob::pattern::Case;
use gix::objs::Kind;
use gix_attributes::search::{MetadataCollection, Outcome};
use gix_attributes::{Search, StateRef};

use crate::objects::{ObjectError, Reader};
use crate::tree::{Entry, folder_of};

const FILE: &str = ".gitattributes";

/// The paths among `leaves` with a `filter` attribute, by the tree's own
/// `.gitattributes`. A user's private attributes do not count.
pub(crate) fn needed(reader: &Reader, leaves: &[Entry]) -> Result<Vec<String>, ObjectError> {
    let files = attribute_files(reader, leaves)?;
    if !files
        .iter()
        .any(|(_, content)| content.contains_str("filter"))
    {
        return Ok(Vec::new());
    }
    let mut collection = MetadataCollection::default();
    let mut search = Search::default();
    for (folder, content) in &files {
        let source = std::path::Path::new(folder).join(FILE);
        let root = Some(std::path::Path::new(""));
        // Fails only for a path that is no git path; ours comes from a tree.
        let _ =
            search.add_patterns_buffer(content, source, root, &mut collection, folder.is_empty());
    }
    let mut outcome = Outcome::default();
    outcome.initialize_with_selection(&collection, ["filter"]);
    let filtered = |leaf: &&Entry| {
        outcome.reset();
        let path = leaf.path.as_bytes().as_bstr();
        search.pattern_matching_relative_path(path, Case::Sensitive, Some(false), &mut outcome)
            && outcome
                .iter_selected()
                .any(|found| matches!(found.assignment.state, StateRef::Value(_)))
    };
    let files = leaves.iter().filter(|leaf| leaf.mode.is_blob());
    Ok(files
        .filter(filtered)
        .map(|leaf| leaf.path.clone())
        .collect())
}

/// Folder and content of the attribute files, outer folders first.
fn attribute_files<'l>(
    reader: &Reader,
    leaves: &'l [Entry],
) -> Result<Vec<(&'l str, Vec<u8>)>, ObjectError> {
    let mut buffer = Vec::new();
    let mut files = Vec::new();
    let named = leaves
        .iter()
        .filter(|leaf| leaf.mode.is_blob() && leaf.path.rsplit('/').next() == Some(FILE));
    for leaf in named {
        let content = reader.get(&leaf.id, Kind::Blob, &mut buffer)?.to_vec();
        files.push((folder_of(&leaf.path), content));
    }
    files.sort_unstable();
    Ok(files)
}
