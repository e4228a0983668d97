//! Reading and writing the files of a view. Each path is judged when it is resolved, by
//! the door's judge; what is recorded is the path and a hash, never the content.

use super::Services;
use crate::view::{Place, View};
use minion_door::{Answer, CallKind, Caller, Failure, Halt, Judge, LimitKind, LimitReached, calls};
use minion_grants::{CapabilityKind, Denial, Digest};
use minion_workspace::{Change, FileEntry, FileError, FileOp, Found, LimitKind as FileLimit};
use serde_json::{Value, json};

/// The longest path or pattern that is taken, in bytes.
const MOST_PATH: usize = 4 << 10;

type Passed<T> = Result<Result<T, Failure>, Halt>;

pub(crate) fn read(
    services: &Services,
    caller: &Caller,
    view: &View,
    file: &str,
) -> Passed<Vec<u8>> {
    if let Err(long) = bounded("a path", file, MOST_PATH) {
        return Ok(Err(long));
    }
    pass(
        services,
        caller,
        &calls::WORKSPACE_READ,
        json!({ "file": file }),
        |judge| {
            let content = view
                .files
                .read(file, &|op, path| judged(judge, op, path))
                .map_err(told)?
                .value;
            let response = summary(&content);
            Ok((content, response))
        },
    )
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
    pass(
        services,
        caller,
        &calls::WORKSPACE_LIST,
        json!({ "directory": folder }),
        |judge| {
            let entries = view
                .files
                .list(folder, &|op, path| judged(judge, op, path))
                .map_err(told)?
                .value;
            let names: Vec<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
            let response = json!({ "entries": names });
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
    pass(
        services,
        caller,
        &calls::WORKSPACE_SEARCH,
        request,
        |judge| {
            let found = view
                .files
                .search(pattern, beneath, &|op, path| judged(judge, op, path))
                .map_err(told)?
                .value;
            let places: Vec<_> = found
                .hits
                .iter()
                .map(|hit| format!("{}:{}", hit.file, hit.line))
                .collect();
            let response = json!({ "hits": places, "truncated": found.truncated });
            Ok((found, response))
        },
    )
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
    change(
        services,
        caller,
        view,
        &calls::WORKSPACE_WRITE,
        request,
        |judge| {
            view.files
                .write(file, content, &|op, path| judged(judge, op, path))
                .map(|_| ())
        },
    )
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
    change(
        services,
        caller,
        view,
        &calls::WORKSPACE_EDIT,
        request,
        |judge| {
            view.files
                .edit(file, old, new, &|op, path| judged(judge, op, path))
                .map(|_| ())
        },
    )
}

pub(crate) fn remove(services: &Services, caller: &Caller, view: &View, file: &str) -> Passed<()> {
    if let Err(long) = bounded("a path", file, MOST_PATH) {
        return Ok(Err(long));
    }
    change(
        services,
        caller,
        view,
        &calls::WORKSPACE_REMOVE,
        json!({ "file": file }),
        |judge| {
            view.files
                .remove(file, &|op, path| judged(judge, op, path))
                .map(|_| ())
        },
    )
}

/// What differs from the base.
pub(crate) fn changes(services: &Services, caller: &Caller, view: &View) -> Passed<Vec<Change>> {
    pass(
        services,
        caller,
        &calls::WORKSPACE_CHANGES,
        Value::Null,
        |_| {
            let found = changes_of(services, view)?;
            let mine: Vec<_> = found
                .into_iter()
                .filter(|c| may_see(caller, &c.path))
                .collect();
            let response =
                json!({ "files": mine.iter().map(|c| c.path.as_str()).collect::<Vec<_>>() });
            Ok((mine, response))
        },
    )
}

fn changes_of(services: &Services, view: &View) -> Result<Vec<Change>, Failure> {
    let other = |error: &dyn std::fmt::Display| Failure::Other(error.to_string());
    let (base, tree) = match &view.place {
        Place::Gate(tree) => (services.base, *tree),
        Place::Workspace(checkout) => {
            let mut checkout = checkout
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            (
                services.base,
                checkout.snapshot().map_err(|e| other(&e))?.tree,
            )
        }
    };
    services.objects.changes(base, tree).map_err(|e| other(&e))
}

fn may_see(caller: &Caller, path: &str) -> bool {
    caller.file(minion_grants::FileOp::Read, path).is_ok()
}

fn change(
    services: &Services,
    caller: &Caller,
    view: &View,
    kind: &'static CallKind,
    request: Value,
    effect: impl FnOnce(&Judge<'_>) -> Result<(), FileError<Denial>>,
) -> Passed<()> {
    view.touch();
    pass(services, caller, kind, request, |judge| {
        if matches!(view.place, Place::Gate(_)) {
            return Err(Failure::Denied(judged_tree(kind)));
        }
        effect(judge).map_err(told)?;
        Ok(((), Value::Null))
    })
}

fn pass<T>(
    services: &Services,
    caller: &Caller,
    kind: &'static CallKind,
    request: Value,
    effect: impl FnOnce(&Judge<'_>) -> Answer<T>,
) -> Passed<T> {
    services.door.pass(caller, kind, request, effect)
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
