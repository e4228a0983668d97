//! The folders of runs: which there are, and what they take of the disk.

use crate::exit::Fail;
use minion_grants::shown;
use minion_journal::RunId;
use std::io::ErrorKind::NotFound;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The folder of a run.
pub(super) struct Folder {
    pub(super) run: RunId,
    pub(super) path: PathBuf,
    /// Since something in it was made or removed last.
    pub(super) age: Duration,
    /// What it takes, once that is looked at.
    pub(super) bytes: u64,
}

/// Every folder with the name of a run; others are nobody's business.
pub(super) fn beneath(runs: &Path) -> Result<Vec<Folder>, Fail> {
    let unread = |error: std::io::Error| {
        let runs = shown(&runs.display().to_string());
        Fail::usage(format!("`{runs}` cannot be read: {error}"))
    };
    let entries = match std::fs::read_dir(runs) {
        Err(error) if error.kind() == NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unread)?,
    };
    let mut folders = Vec::new();
    for entry in entries {
        let entry = entry.map_err(unread)?;
        let name = entry.file_name();
        let run = name.to_str().and_then(|name| name.parse::<RunId>().ok());
        // Typed by people, an id has other forms.
        let run = run.filter(|run| name.to_str() == Some(run.to_string().as_str()));
        let (Some(run), Ok(found)) = (run, entry.metadata()) else {
            continue;
        };
        if found.is_dir() {
            let age = found.modified().ok().and_then(|then| then.elapsed().ok());
            folders.push(Folder {
                run,
                path: entry.path(),
                age: age.unwrap_or_default(),
                bytes: 0,
            });
        }
    }
    folders.sort_by_key(|folder| folder.run);
    Ok(folders)
}

/// The bytes that it takes of the disk; what cannot be looked at counts nothing.
pub(super) fn bytes_of(path: &Path) -> u64 {
    let mut bytes = 0;
    let mut todo = vec![path.to_owned()];
    while let Some(path) = todo.pop() {
        let Ok(found) = path.symlink_metadata() else {
            continue;
        };
        bytes += found.blocks() * 512;
        if found.is_dir() {
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
            todo.extend(entries.map(|entry| entry.path()));
        }
    }
    bytes
}
