//! Reading and writing the files of a view. Each path is judged when it is resolved, by
//! the door's judge; what is recorded is the path and a hash, never the content.

use super::{Services, recorded};
use crate::view::{Place, View};
use minion_door::{Call, CallKind, Caller, Failure, Judge, LimitKind, LimitReached, Passed};
use minion_grants::{CapabilityKind, Denial, Digest};
use minion_workspace::{
    Change, ChangeKind, FileEntry, FileError, FileOp, Found, LimitKind as FileLimit,
};
use serde_json::{Value, json};

/// The longest path or pattern that is taken, in bytes.
const MOST_PATH: usize = 4 << 10;

/// A file that differs from the base, as a guest sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) path: String,
    pub(crate) kind: ChangeKind,
}

pub(crate) fn read(
    services: &Services,
    caller: &Caller,
    view: &View,
    file: &str,
) -> Passed<Vec<u8>> {
    if let Err(long) = bounded("a path", file, MOST_PATH) {
        return Ok(Err(long));
    }
    services
        .door
        .pass(caller, &recorded::READ, json!({ "file": file }), |judge| {
            let content = view
                .files()?
                .read(file, &|op, path| judged(judge, op, path))
                .map_err(told)?
                .value;
            let response = recorded::content(&content);
            Ok((content, response))
        })
}

pub(crate) fn list(
    services: &Services,
    caller: &Caller,
    view: &View,
    folder: &str,
) -> Passed<Vec<FileEntry>> {
    if let Err(long) = bounded("a path", folder, MOST_PATH) {
        return Ok(Err(long));
    }
    services.door.pass(
        caller,
        &recorded::LIST,
        json!({ "directory": folder }),
        |judge| {
            let entries = view
                .files()?
                .list(folder, &|op, path| judged(judge, op, path))
                .map_err(told)?
                .value;
            let response = recorded::entries(&entries);
            Ok((entries, response))
        },
    )
}

pub(crate) fn search(
    services: &Services,
    caller: &Caller,
    view: &View,
    pattern: &str,
    beneath: &str,
) -> Passed<Found> {
    if let Err(long) =
        bounded("a path", beneath, MOST_PATH).and(bounded("a pattern", pattern, MOST_PATH))
    {
        return Ok(Err(long));
    }
    let request = json!({ "pattern": pattern, "beneath": beneath });
    services
        .door
        .pass(caller, &recorded::SEARCH, request, |judge| {
            let found = view
                .files()?
                .search(pattern, beneath, &|op, path| judged(judge, op, path))
                .map_err(told)?
                .value;
            let response = recorded::found(&found);
            Ok((found, response))
        })
}

pub(crate) fn write(
    services: &Services,
    caller: &Caller,
    view: &View,
    file: &str,
    content: &[u8],
) -> Passed<()> {
    if let Err(long) = bounded("a path", file, MOST_PATH) {
        return Ok(Err(long));
    }
    let request = json!({ "file": file, "content": summary(content) });
    change(services, caller, view, &recorded::WRITE, request, |judge| {
        view.files()?
            .write(file, content, &|op, path| judged(judge, op, path))
            .map(drop)
            .map_err(told)
    })
}

pub(crate) fn edit(
    services: &Services,
    caller: &Caller,
    view: &View,
    file: &str,
    old: &str,
    new: &str,
) -> Passed<()> {
    if let Err(long) = bounded("a path", file, MOST_PATH) {
        return Ok(Err(long));
    }
    let request =
        json!({ "file": file, "old": summary(old.as_bytes()), "new": summary(new.as_bytes()) });
    change(services, caller, view, &recorded::EDIT, request, |judge| {
        view.files()?
            .edit(file, old, new, &|op, path| judged(judge, op, path))
            .map(drop)
            .map_err(told)
    })
}

pub(crate) fn remove(services: &Services, caller: &Caller, view: &View, file: &str) -> Passed<()> {
    if let Err(long) = bounded("a path", file, MOST_PATH) {
        return Ok(Err(long));
    }
    change(
        services,
        caller,
        view,
        &recorded::REMOVE,
        json!({ "file": file }),
        |judge| {
            view.files()?
                .remove(file, &|op, path| judged(judge, op, path))
                .map(drop)
                .map_err(told)
        },
    )
}

/// What differs from the base.
pub(crate) fn changes(services: &Services, caller: &Caller, view: &View) -> Passed<Vec<Changed>> {
    services
        .door
        .pass(caller, &recorded::CHANGES, Value::Null, |_| {
            let found = changes_of(services, view)?;
            let mine: Vec<_> = found
                .into_iter()
                .filter(|change| may_see(caller, &change.path))
                .map(|Change { path, kind, .. }| Changed { path, kind })
                .collect();
            let response = recorded::changes(&mine);
            Ok((mine, response))
        })
}

fn changes_of(services: &Services, view: &View) -> Result<Vec<Change>, Failure> {
    let world = services.world()?;
    let tree = match &view.place {
        Place::Gate(tree) => *tree,
        Place::Workspace(_) | Place::Nowhere => view.look().map_err(Failure::Other)?.tree,
    };
    let changes = world.objects.changes(world.base, tree);
    changes.map_err(|error| Failure::Other(error.to_string()))
}

fn may_see(caller: &Caller, path: &str) -> bool {
    caller.file(minion_grants::FileOp::Read, path).is_ok()
}

fn change(
    services: &Services,
    caller: &Caller,
    view: &View,
    call: &Call<()>,
    request: Value,
    effect: impl FnOnce(&Judge<'_>) -> Result<(), Failure>,
) -> Passed<()> {
    services.door.pass(caller, call, request, |judge| {
        if matches!(view.place, Place::Gate(_)) {
            return Err(Failure::Denied(judged_tree(call.kind)));
        }
        view.touch();
        effect(judge)?;
        Ok(((), Value::Null))
    })
}

/// A path that is longer than any system takes is refused before it is written down.
fn bounded(what: &str, text: &str, most: usize) -> Result<(), Failure> {
    if text.len() <= most {
        return Ok(());
    }
    Err(Failure::Invalid(format!(
        "{what} of {} bytes; at most {most} are taken",
        text.len()
    )))
}

fn judged(judge: &Judge<'_>, op: FileOp, path: &str) -> Result<(), Denial> {
    let op = match op {
        FileOp::Stat => minion_grants::FileOp::Stat,
        FileOp::List => minion_grants::FileOp::List,
        FileOp::Read => minion_grants::FileOp::Read,
        FileOp::Write => minion_grants::FileOp::Write,
        FileOp::Create => minion_grants::FileOp::Create,
        FileOp::Delete => minion_grants::FileOp::Delete,
    };
    judge.file(op, path)
}

/// What the files room says, in the words of the contract.
fn told(error: FileError<Denial>) -> Failure {
    let denied = |path: String, rule: &str, cure: &str| {
        Failure::Denied(Denial {
            capability: CapabilityKind::Files,
            target: path,
            rule: rule.to_owned(),
            cure: cure.to_owned(),
        })
    };
    match error {
        FileError::Denied(denial) => Failure::Denied(denial),
        FileError::Outside(path) => denied(
            path,
            "outside-the-workspace",
            "none: only the workspace is reachable",
        ),
        FileError::GitFolder(path) => {
            denied(path, "git-folder", "none: `.git` is closed at any depth")
        }
        FileError::Linked(path) => {
            denied(path, "hard-linked", "replace the file by a copy of its own")
        }
        FileError::NotAFile { ref path, .. } => {
            let (path, why) = (path.clone(), error.to_string());
            denied(path, "not-a-regular-file", &why)
        }
        FileError::NotFound(path) => Failure::NotFound(path),
        FileError::Limit { kind, allowed } => {
            let kind = match kind {
                FileLimit::FileBytes => LimitKind::Output,
                FileLimit::WrittenBytes => LimitKind::Disk,
                FileLimit::Created | FileLimit::Entries => LimitKind::Files,
            };
            Failure::Limit(LimitReached { kind, allowed })
        }
        FileError::System { .. } => Failure::Other(error.to_string()),
        other => Failure::Invalid(other.to_string()),
    }
}

/// A content as the journal keeps it.
pub(crate) fn summary(content: &[u8]) -> Value {
    json!({ "bytes": content.len(), "digest": String::from(Digest::of(content)) })
}

/// A gate judges a tree as it is; nobody writes in it, whatever was granted.
fn judged_tree(kind: &CallKind) -> Denial {
    Denial {
        capability: CapabilityKind::Files,
        target: kind.name.to_owned(),
        rule: "judged-tree".to_owned(),
        cure: "none: what a gate judges cannot be changed by it".to_owned(),
    }
}
