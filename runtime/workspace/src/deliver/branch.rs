//! The branch of a delivery: created, never moved.

use std::fs::File;

use gix::ObjectId;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};
use gix::refs::{FullName, Target};

use super::{DeliverError, give_to_owner, refuse_links, system};
use crate::CommitId;

/// The full name of a branch, if git would take it.
pub(super) fn full_name(branch: &str) -> Result<FullName, DeliverError> {
    let refused = |why: String| DeliverError::Branch {
        branch: branch.to_owned(),
        why,
    };
    if branch.starts_with('-') || branch == "HEAD" {
        return Err(refused("git takes no such name for a branch".to_owned()));
    }
    format!("refs/heads/{branch}")
        .try_into()
        .map_err(|error: gix::validate::reference::name::Error| refused(error.to_string()))
}

/// Refuses a branch that is there, or that is in the way of another.
pub(super) fn refuse_existing(
    git: &gix::Repository,
    branch: &str,
    name: &FullName,
) -> Result<(), DeliverError> {
    match git.try_find_reference(name.as_ref()) {
        Ok(None) => refuse_nested(git, branch),
        Ok(Some(found)) => Err(DeliverError::BranchExists {
            branch: branch.to_owned(),
            at: found.try_id().map(|id| CommitId(id.detach())),
        }),
        Err(error) => Err(DeliverError::Branch {
            branch: branch.to_owned(),
            why: error.to_string(),
        }),
    }
}

/// Refs are files or stand in a packed list; only the first kind refuses by
/// itself to be folder and file at once.
fn refuse_nested(git: &gix::Repository, branch: &str) -> Result<(), DeliverError> {
    let refused = |why: String| DeliverError::Branch {
        branch: branch.to_owned(),
        why,
    };
    let above = branch.match_indices('/').map(|(at, _)| &branch[..at]);
    for outer in above {
        let found = git
            .try_find_reference(format!("refs/heads/{outer}").as_str())
            .map_err(|error| refused(error.to_string()))?;
        if found.is_some() {
            return Err(refused(format!("there is a branch `{outer}`")));
        }
    }
    let prefix = format!("refs/heads/{branch}/");
    let platform = git
        .references()
        .map_err(|error| refused(error.to_string()))?;
    let mut inner = platform
        .prefixed(prefix.as_str())
        .map_err(|error| refused(error.to_string()))?;
    match inner.next() {
        None => Ok(()),
        Some(_) => Err(refused(format!("there are branches below `{branch}/`"))),
    }
}

/// Creates the ref, unless it came to be meanwhile.
pub(super) fn create(
    mut git: gix::Repository,
    branch: &str,
    name: &FullName,
    commit: ObjectId,
) -> Result<(), DeliverError> {
    git.refs.write_reflog = gix::refs::store::WriteReflog::Disable;
    let edit = RefEdit {
        change: Change::Update {
            log: LogChange {
                mode: RefLog::AndReference,
                force_create_reflog: false,
                message: "".into(),
            },
            expected: PreviousValue::MustNotExist,
            new: Target::Object(commit),
        },
        name: name.clone(),
        deref: false,
    };
    let folder = git.common_dir().join("refs/heads");
    let file = folder.join(branch);
    refuse_links(&folder, &file).map_err(|error| system(&folder, &error))?;
    match git.edit_references_as([edit], None) {
        Ok(_) => give_to_owner(&folder, &file)
            .and_then(|()| File::open(&file)?.sync_all())
            .map_err(|error| system(&folder, &error)),
        Err(error) => {
            refuse_existing(&git, branch, name)?;
            Err(DeliverError::Branch {
                branch: branch.to_owned(),
                why: error.to_string(),
            })
        }
    }
}
