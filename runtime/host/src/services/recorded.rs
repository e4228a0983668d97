//! What the journal keeps of each call's answer, and how it is read back: everything that a
//! guest or a model saw, so that a resume or a replay shows it the same again.

use super::agentic::Worked;
use super::commands::Completed;
use super::files::Changed;
use super::http::Answered;
use super::plugins::Output;
use crate::outcome::Branch;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minion_agents::Turn;
use minion_door::{Call, calls};
use minion_workspace::{ChangeKind, CommitId, EntryKind, FileEntry, Found, Hit};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::PathBuf;

macro_rules! recorded {
    ($($name:ident: $answer:ty = $kind:ident, $read:expr;)*) => {
        $(pub(crate) static $name: Call<$answer> = Call { kind: &calls::$kind, read: $read };)*
    };
}

recorded! {
    READ: Vec<u8> = WORKSPACE_READ, |value| content_of(&value);
    LIST: Vec<FileEntry> = WORKSPACE_LIST, entries_of;
    SEARCH: Found = WORKSPACE_SEARCH, found_of;
    WRITE: () = WORKSPACE_WRITE, nothing;
    EDIT: () = WORKSPACE_EDIT, nothing;
    REMOVE: () = WORKSPACE_REMOVE, nothing;
    CHANGES: Vec<Changed> = WORKSPACE_CHANGES, changes_of;
    RUN: Completed = COMMAND_RUN, completed_of;
    AVAILABLE: bool = COMMAND_AVAILABLE, |value| value.as_bool();
    PLUGIN: Output = PLUGIN_RUN, plain;
    GATE: Output = GATE_RUN, plain;
    GATE_AT_BASE: Output = GATE_BASE, plain;
    REQUEST: Answered = HTTP_REQUEST, answered_of;
    REQUEST_ONCE: Answered = HTTP_REQUEST_ONCE, answered_of;
    AGENT: Worked = AGENT_RUN, plain;
    TURN: Turn = MODEL_TURN, plain;
    DELIVER: Branch = DELIVER_BRANCH, branch_of;
    KEEP: Branch = KEEP_BRANCH, branch_of;
}

fn plain<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of every reader")]
fn nothing(value: Value) -> Option<()> {
    value.is_null().then_some(())
}

/// Bytes as the journal keeps them: text as it is, anything else in base 64.
pub(crate) fn content(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({ "base64": STANDARD.encode(bytes) }),
    }
}

fn content_of(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.clone().into_bytes()),
        other => STANDARD.decode(other.get("base64")?.as_str()?).ok(),
    }
}

/// Names with a letter for each in a text beside them, which is less to write than a pair each.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lettered {
    names: Vec<String>,
    kinds: String,
}

fn lettered<'n>(entries: impl Iterator<Item = (&'n str, char)>) -> Value {
    let (mut names, mut kinds) = (Vec::new(), String::new());
    for (name, kind) in entries {
        names.push(Value::from(name));
        kinds.push(kind);
    }
    json!({ "names": names, "kinds": kinds })
}

fn lettered_of<T>(value: Value, of: impl Fn(String, char) -> Option<T>) -> Option<Vec<T>> {
    let Lettered { names, kinds } = plain(value)?;
    if names.len() != kinds.len() {
        return None;
    }
    let both = names.into_iter().zip(kinds.chars());
    both.map(|(name, kind)| of(name, kind)).collect()
}

pub(crate) fn entries(found: &[FileEntry]) -> Value {
    let kind = |entry: &FileEntry| match entry.kind {
        EntryKind::File => 'f',
        EntryKind::Directory => 'd',
        EntryKind::Symlink => 'l',
    };
    lettered(found.iter().map(|entry| (&*entry.name, kind(entry))))
}

fn entries_of(value: Value) -> Option<Vec<FileEntry>> {
    lettered_of(value, |name, kind| {
        let kind = match kind {
            'f' => EntryKind::File,
            'd' => EntryKind::Directory,
            'l' => EntryKind::Symlink,
            _ => return None,
        };
        Some(FileEntry { name, kind })
    })
}

pub(crate) fn found(found: &Found) -> Value {
    let hits = found.hits.iter();
    let hits: Vec<_> = hits.map(|hit| (&hit.file, hit.line, &hit.text)).collect();
    json!({ "hits": hits, "truncated": found.truncated })
}

fn found_of(value: Value) -> Option<Found> {
    #[derive(Deserialize)]
    struct Kept {
        hits: Vec<(String, u32, String)>,
        truncated: bool,
    }
    let Kept { hits, truncated } = plain(value)?;
    let hits = hits
        .into_iter()
        .map(|(file, line, text)| Hit { file, line, text });
    Some(Found {
        hits: hits.collect(),
        truncated,
    })
}

pub(crate) fn changes(found: &[Changed]) -> Value {
    let kind = |change: &Changed| match change.kind {
        ChangeKind::Added => 'a',
        ChangeKind::Modified => 'm',
        ChangeKind::Deleted => 'd',
    };
    lettered(found.iter().map(|change| (&*change.path, kind(change))))
}

fn changes_of(value: Value) -> Option<Vec<Changed>> {
    lettered_of(value, |path, kind| {
        let kind = match kind {
            'a' => ChangeKind::Added,
            'm' => ChangeKind::Modified,
            'd' => ChangeKind::Deleted,
            _ => return None,
        };
        Some(Changed { path, kind })
    })
}

/// What is kept of a command that has ended.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Ended {
    exit: Option<i32>,
    stdout: Value,
    stderr: Value,
    truncated: bool,
    timed_out: bool,
}

pub(crate) fn completed(done: &Completed) -> Value {
    json!(Ended {
        exit: done.exit,
        stdout: content(&done.stdout),
        stderr: content(&done.stderr),
        truncated: done.truncated,
        timed_out: done.timed_out,
    })
}

fn completed_of(value: Value) -> Option<Completed> {
    let kept: Ended = plain(value)?;
    Some(Completed {
        exit: kept.exit,
        stdout: content_of(&kept.stdout)?,
        stderr: content_of(&kept.stderr)?,
        truncated: kept.truncated,
        timed_out: kept.timed_out,
    })
}

/// Headers as the journal keeps them.
pub(crate) fn headers(headers: &[(String, Vec<u8>)]) -> Value {
    let one = |(name, value): &(String, Vec<u8>)| json!([name, content(value)]);
    headers.iter().map(one).collect()
}

pub(crate) fn answered(answered: &Answered) -> Value {
    json!({
        "status": answered.status,
        "headers": headers(&answered.headers),
        "body": content(&answered.body),
    })
}

fn answered_of(value: Value) -> Option<Answered> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Kept {
        status: u16,
        headers: Vec<(String, Value)>,
        body: Value,
    }
    let kept: Kept = plain(value)?;
    let headers = kept.headers.into_iter();
    let headers = headers.map(|(name, value)| Some((name, content_of(&value)?)));
    Some(Answered {
        status: kept.status,
        headers: headers.collect::<Option<_>>()?,
        body: content_of(&kept.body)?,
    })
}

pub(crate) fn branch(branch: &Branch) -> Value {
    json!({
        "name": branch.name, "commit": branch.commit.to_string(),
        "repository": branch.repository.display().to_string(),
    })
}

fn branch_of(value: Value) -> Option<Branch> {
    #[derive(Deserialize)]
    struct Kept {
        name: String,
        commit: String,
        repository: PathBuf,
    }
    let kept: Kept = plain(value)?;
    Some(Branch {
        name: kept.name,
        commit: kept.commit.parse::<CommitId>().ok()?,
        repository: kept.repository,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_read_back_as_they_were() {
        for bytes in [&b"text\n"[..], b"", b"\xff\x00\xfe"] {
            assert_eq!(content_of(&content(bytes)).as_deref(), Some(bytes));
        }
    }

    #[test]
    fn a_command_reads_back_as_it_was() {
        let done = Completed {
            exit: None,
            stdout: b"\xff".to_vec(),
            stderr: b"gone".to_vec(),
            truncated: true,
            timed_out: true,
        };
        assert_eq!(completed_of(completed(&done)), Some(done));
    }

    #[test]
    fn an_answer_over_http_reads_back_as_it_was() {
        let whole = Answered {
            status: 404,
            headers: vec![("x".to_owned(), b"\xff".to_vec())],
            body: b"\x00\xfe".to_vec(),
        };
        assert_eq!(answered_of(answered(&whole)), Some(whole));
    }

    #[test]
    fn files_read_back_as_they_were() {
        let listed = vec![FileEntry {
            name: "a".to_owned(),
            kind: EntryKind::Symlink,
        }];
        assert_eq!(entries_of(entries(&listed)), Some(listed));
        let changed = vec![Changed {
            path: "a/b".to_owned(),
            kind: ChangeKind::Deleted,
        }];
        assert_eq!(changes_of(changes(&changed)), Some(changed));
        let hits = Found {
            hits: vec![Hit {
                file: "a".to_owned(),
                line: 3,
                text: "x".to_owned(),
            }],
            truncated: true,
        };
        assert_eq!(found_of(found(&hits)).map(|f| f.hits.len()), Some(1));
    }
}
