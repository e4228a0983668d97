//! The branch of a delivery: created, never moved.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use gix::ObjectId;
use gix::refs::FullName;

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

/// Creates the ref, unless it came to be meanwhile, by git's own protocol: the
/// lock is a new file, what it says is on the disk before it becomes the ref.
pub(super) fn create(
    git: &gix::Repository,
    branch: &str,
    name: &FullName,
    commit: ObjectId,
) -> Result<(), DeliverError> {
    let heads = git.common_dir().join("refs/heads");
    let file = heads.join(branch);
    let lock = heads.join(format!("{branch}.lock"));
    let failed = |error| system(&heads, &error);
    refuse_links(&heads, &file).map_err(failed)?;
    let held = hold(&heads, &lock, commit)?;
    let renamed = refuse_existing(git, branch, name).and_then(|()| {
        give_to_owner(&heads, &lock)
            .and_then(|()| held.sync_all())
            .and_then(|()| put_in_place(&lock, &file))
            .map_err(failed)
    });
    if let Err(error) = renamed {
        // Ours, so nobody else misses it.
        let _ = std::fs::remove_file(&lock);
        return Err(error);
    }
    let mut folders = file
        .ancestors()
        .skip(1)
        .take_while(|path| path.starts_with(&heads));
    folders
        .try_for_each(|folder| File::open(folder)?.sync_all())
        .map_err(failed)
}

/// Git leaves empty folders behind where branches were; they are in nobody's way.
fn put_in_place(lock: &Path, file: &Path) -> std::io::Result<()> {
    if file.is_dir() {
        std::fs::remove_dir(file)?;
    }
    std::fs::rename(lock, file)
}

/// Makes the lock of a ref and writes into it what the ref shall say.
fn hold(heads: &Path, lock: &Path, commit: ObjectId) -> Result<File, DeliverError> {
    let line = format!("{commit}\n");
    let failed = |error| system(heads, &error);
    if let Some(folder) = lock.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
        give_to_owner(heads, folder).map_err(failed)?;
    }
    match File::create_new(lock) {
        Ok(mut held) => {
            held.write_all(line.as_bytes()).map_err(failed)?;
            Ok(held)
        }
        // A delivery of the very same that was killed here goes on.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && says(lock, &line) => {
            File::open(lock).map_err(failed)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(DeliverError::Locked(lock.to_owned()))
        }
        Err(error) => Err(failed(error)),
    }
}

/// Whether a plain file says exactly `line`.
fn says(lock: &Path, line: &str) -> bool {
    lock.symlink_metadata()
        .is_ok_and(|found| found.is_file() && found.len() == line.len() as u64)
        && std::fs::read(lock).is_ok_and(|found| found == line.as_bytes())
}
