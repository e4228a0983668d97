//! Objects that the user's repository lacks, copied one by one and checked.

use std::collections::HashSet;
use std::path::Path;

use gix::ObjectId;
use gix::objs::Kind;

use super::{DeliverError, give_to_owner, refuse_links, system};
use crate::objects::{Objects, Reader, Writer, hash};
use crate::tree::{MAX_ENTRIES, entries, flatten};
use crate::{CommitId, RunStore, TreeId};

/// The objects that the user's repository lacks.
pub(super) struct Missing<'m> {
    from: Reader,
    there: Reader,
    to: Writer,
    folder: &'m Path,
    /// Reachable from the parent, so complete down to the last file.
    complete: HashSet<ObjectId>,
}

impl<'m> Missing<'m> {
    pub(super) fn new(
        store: &RunStore,
        objects: &'m Objects,
        parent: Option<CommitId>,
    ) -> Result<Self, DeliverError> {
        let from = store.objects().reader();
        let complete = match parent {
            None => HashSet::new(),
            Some(parent) => {
                let flat = flatten(&from, TreeId(from.tree_of(&parent.0)?), MAX_ENTRIES)?;
                let leaves = flat.leaves.into_iter().map(|leaf| leaf.id);
                flat.folders.into_iter().chain(leaves).collect()
            }
        };
        Ok(Self {
            from,
            there: objects.reader(),
            to: objects.writer(),
            folder: objects.path(),
            complete,
        })
    }

    /// Copies `tree` with all that it holds, leaves first.
    pub(super) fn tree(&mut self, tree: TreeId) -> Result<(), DeliverError> {
        let mut folders = vec![(String::new(), tree.0)];
        let mut found = Vec::new();
        let mut buffer = Vec::new();
        while let Some((folder, id)) = folders.pop() {
            if !self.complete.insert(id) {
                continue;
            }
            for entry in entries(&self.from, &folder, id, &mut buffer)? {
                if entry.mode.is_tree() {
                    folders.push((entry.path, entry.id));
                } else if !entry.mode.is_commit() && self.complete.insert(entry.id) {
                    self.copy(entry.id, Kind::Blob)?;
                }
            }
            found.push(id);
        }
        found
            .into_iter()
            .rev()
            .try_for_each(|id| self.copy(id, Kind::Tree))
    }

    fn copy(&self, id: ObjectId, kind: Kind) -> Result<(), DeliverError> {
        let mut buffer = Vec::new();
        let content = self.from.get(&id, kind, &mut buffer)?;
        if !self.stands_there(id, kind, content) {
            self.put(kind, content)?;
        }
        Ok(())
    }

    /// Whether the object is there already. One in a file of its own may be
    /// what a delivery before this left, in memory only or torn.
    fn stands_there(&self, id: ObjectId, kind: Kind, content: &[u8]) -> bool {
        if !self.there.holds(&id) {
            return false;
        }
        let mut buffer = Vec::new();
        let whole = self.there.get(&id, kind, &mut buffer);
        let whole = whole.is_ok_and(|found| found == content);
        if whole {
            self.to.adopt(id);
        }
        whole
    }

    /// Writes one object.
    pub(super) fn put(&self, kind: Kind, content: &[u8]) -> Result<ObjectId, DeliverError> {
        let id = hash(kind, content)?;
        let file = self.to.file_of(&id);
        let failed = |error| system(self.folder, &error);
        refuse_links(self.folder, &file).map_err(failed)?;
        self.to.put(kind, content)?;
        give_to_owner(self.folder, &file).map_err(failed)?;
        Ok(id)
    }
}
