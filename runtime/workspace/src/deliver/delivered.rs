//! What a branch holds, so that a delivery in doubt can be looked up.

use gix::objs::{CommitRef, Kind};

use super::{DeliverError, branch};
use crate::objects::ObjectError;
use crate::repository::Repository;
use crate::{CommitId, RunStore, TreeId};

/// What a branch names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The commit.
    pub commit: CommitId,
    /// Its tree.
    pub tree: TreeId,
    /// Its message, trailers included; what is not UTF-8 is replaced.
    pub message: String,
    /// Its first parent.
    pub parent: Option<CommitId>,
}

impl RunStore {
    /// What `branch` holds where [`RunStore::deliver`] would make it; none when
    /// there is no such branch. Anybody can have made it: only tree, parent and
    /// trailers together say whether it is what a run delivered.
    pub fn delivered(
        &self,
        repository: &Repository,
        branch: &str,
    ) -> Result<Option<Delivered>, DeliverError> {
        let (git, objects) = self.receiver(repository)?;
        let name = branch::full_name(branch)?;
        let refused = |why: String| DeliverError::Branch {
            branch: branch.to_owned(),
            why,
        };
        let found = git
            .try_find_reference(name.as_ref())
            .map_err(|error| refused(error.to_string()))?;
        let Some(mut found) = found else {
            return Ok(None);
        };
        let id = found
            .peel_to_id()
            .map_err(|error| refused(error.to_string()))?
            .detach();
        let mut buffer = Vec::new();
        let content = objects
            .reader()
            .get(&id, Kind::Commit, &mut buffer)?
            .to_vec();
        let commit = CommitRef::from_bytes(&content, gix::hash::Kind::Sha1).map_err(|error| {
            let why = error.to_string();
            ObjectError::Damaged { id, why }
        })?;
        Ok(Some(Delivered {
            commit: CommitId(id),
            tree: TreeId(commit.tree()),
            message: String::from_utf8_lossy(commit.message).into_owned(),
            parent: commit.parents().next().map(CommitId),
        }))
    }
}
