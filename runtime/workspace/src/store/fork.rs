//! A store for another run that starts where this one stood.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::Path;

use gix::ObjectId;
use gix::objs::Kind;

use super::{RunStore, RunStoreError, layout, lender, reopen};
use crate::objects::{Reader, Writer};
use crate::repository::{Base, Repository};
use crate::tree::{MAX_ENTRIES, entries, flatten};
use crate::{TreeId, discard};

impl RunStore {
    /// Makes a store in `path`, which must not exist, for a run on `base` of
    /// `repository` that starts at `tree` of `from`. It holds all of `tree` that
    /// is not of the base, and of a folder without git the base as well; so
    /// `from` may go. Durable after its first [`RunStore::sync`]; nothing is left
    /// of it when it fails.
    pub fn fork(
        path: &Path,
        from: &Self,
        repository: &Repository,
        base: &Base,
        tree: TreeId,
    ) -> Result<Self, RunStoreError> {
        let system = |source| RunStoreError::System {
            path: path.to_owned(),
            source,
        };
        let lender = lender(repository).map_err(system)?;
        let laid_out = layout::lay_out(path, lender.as_deref(), base.commit);
        if matches!(&laid_out, Err(error) if error.kind() == ErrorKind::AlreadyExists) {
            return Err(system(ErrorKind::AlreadyExists.into()));
        }
        let made = laid_out
            .map_err(system)
            .and_then(|done| done.map_err(RunStoreError::Path))
            .and_then(|()| Self::open(path))
            .and_then(|store| {
                store.objects.note(layout::all(&store.path));
                store.take_along(from, lender.is_some(), repository, base, tree)?;
                Ok(store)
            });
        if made.is_err() {
            // What is left over is worth less than the reason.
            let _ = discard::discard(path);
        }
        made
    }

    fn take_along(
        &self,
        from: &Self,
        borrows: bool,
        repository: &Repository,
        base: &Base,
        tree: TreeId,
    ) -> Result<(), RunStoreError> {
        let from = from.objects.reader();
        let mut taking = Taking {
            from: &from,
            to: self.objects.writer(),
            there: HashSet::new(),
        };
        if borrows {
            let own = self.objects.reader();
            if let Some(commit) = base.commit {
                reopen::check(&self.objects, repository, commit)?;
            }
            let flat = flatten(&own, base.tree, MAX_ENTRIES)?;
            let leaves = flat.leaves.into_iter().map(|leaf| leaf.id);
            taking.there = flat.folders.into_iter().chain(leaves).collect();
        } else {
            taking.tree(base.tree)?;
            if let Some(commit) = base.commit {
                taking.object(commit.0, Kind::Commit)?;
            }
        }
        taking.tree(tree)
    }
}

/// Copying what one database has and another needs.
struct Taking<'t> {
    from: &'t Reader,
    to: Writer,
    /// What the other has, down to the last file.
    there: HashSet<ObjectId>,
}

impl Taking<'_> {
    fn tree(&mut self, tree: TreeId) -> Result<(), RunStoreError> {
        let mut folders = vec![(String::new(), tree.0)];
        let mut buffer = Vec::new();
        while let Some((folder, id)) = folders.pop() {
            if !self.there.insert(id) {
                continue;
            }
            self.object(id, Kind::Tree)?;
            for entry in entries(self.from, &folder, id, &mut buffer)? {
                if entry.mode.is_tree() {
                    folders.push((entry.path, entry.id));
                } else if !entry.mode.is_commit() && self.there.insert(entry.id) {
                    self.object(entry.id, Kind::Blob)?;
                }
            }
        }
        Ok(())
    }

    fn object(&self, id: ObjectId, kind: Kind) -> Result<(), RunStoreError> {
        let mut buffer = Vec::new();
        let content = self.from.get(&id, kind, &mut buffer)?;
        self.to.put(kind, content)?;
        Ok(())
    }
}
