//! Opening the store of a run that goes on, perhaps after the repository moved.

use std::path::Path;

use gix::ObjectId;

use super::{RunStore, RunStoreError, layout, lender};
use crate::objects::{Objects, Reader};
use crate::repository::Repository;
use crate::tree::{MAX_ENTRIES, flatten};
use crate::{CommitId, TreeId};

impl RunStore {
    /// Opens a store that was made before, to go on with `repository`, which may
    /// stand elsewhere by now: from then on objects are borrowed from there. All
    /// that the run started from has to be there still; if not, nothing is
    /// changed.
    pub fn open_for(path: &Path, repository: &Repository) -> Result<Self, RunStoreError> {
        let system = |source| RunStoreError::System {
            path: path.to_owned(),
            source,
        };
        let base = layout::base(path).map_err(system)?;
        let lender = lender(repository).map_err(system)?;
        let lender = lender.filter(|_| layout::borrows(path));
        if let Some(lender) = &lender {
            if let Some(base) = base {
                check(&Objects::open(lender)?, repository, base)?;
            }
            layout::borrow_from(path, lender)
                .map_err(system)?
                .map_err(RunStoreError::Path)?;
        }
        let store = Self::open(path)?;
        // A store without a lender has all in itself.
        if let Some(base) = base.filter(|_| lender.is_none()) {
            check(&store.objects, repository, base)?;
        }
        Ok(store)
    }
}

/// Refuses a database that lacks something of the base.
pub(super) fn check(
    objects: &Objects,
    repository: &Repository,
    commit: CommitId,
) -> Result<(), RunStoreError> {
    whole(&objects.reader(), commit).map_err(|why| RunStoreError::Lender {
        repository: repository.top().to_owned(),
        commit,
        why,
    })
}

/// Whether a commit is there with its tree and every file of it; what is
/// missing if not.
fn whole(reader: &Reader, commit: CommitId) -> Result<(), String> {
    let tree = reader
        .tree_of(&commit.0)
        .map_err(|_| "there is no such commit".to_owned())?;
    let flat = flatten(reader, TreeId(tree), MAX_ENTRIES).map_err(|error| error.to_string())?;
    let lost = |id: &ObjectId| !reader.holds(id);
    let files = flat.leaves.iter().filter(|leaf| !leaf.mode.is_commit());
    match files.into_iter().find(|leaf| lost(&leaf.id)) {
        None => Ok(()),
        Some(leaf) => Err(format!("`{}` is missing, object {}", leaf.path, leaf.id)),
    }
}
