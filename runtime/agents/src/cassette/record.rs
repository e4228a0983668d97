//! Records the turns of another model as a cassette.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use tempfile::NamedTempFile;

use super::CassetteError;
use super::file::{Answer, Entry, File, VERSION};
use super::request::Request;
use crate::{Model, ModelError, Price, Turn, TurnRequest};

/// A model whose turns are written down as it takes them.
///
/// After every turn the whole cassette is replaced at once: a run that is
/// killed leaves what it had by then, never half a file.
#[derive(Debug)]
pub struct Recorder<M> {
    model: M,
    path: PathBuf,
    file: Mutex<File>,
}

impl<M: Model> Recorder<M> {
    /// Starts an empty cassette; the file must not exist yet.
    pub fn new(model: M, path: impl Into<PathBuf>) -> Result<Self, CassetteError> {
        let path = path.into();
        let file = File {
            cassette: VERSION,
            recorded_from: model.label(),
            price: model.price(),
            turns: vec![],
        };
        start(&file, &path)?;
        Ok(Self {
            model,
            path,
            file: Mutex::new(file),
        })
    }

    fn record(&self, request: &TurnRequest, turn: &Turn) -> Result<(), CassetteError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = Entry {
            node: request.node.clone(),
            visit: request.visit,
            turn: request.turn,
            request: Some(Request::of(request)),
            answer: Answer::from(turn),
        };
        // A turn that is asked for once more replaces what it said before.
        file.turns
            .retain(|earlier| earlier.place() != entry.place());
        file.turns.push(entry);
        replace(&file, &self.path)
    }
}

#[async_trait]
impl<M: Model> Model for Recorder<M> {
    fn label(&self) -> String {
        self.model.label()
    }

    fn price(&self) -> Option<Price> {
        self.model.price()
    }

    async fn turn(&self, request: &TurnRequest) -> Result<Turn, ModelError> {
        let turn = self.model.turn(request).await?;
        self.record(request, &turn)?;
        Ok(turn)
    }
}

fn start(file: &File, path: &Path) -> Result<(), CassetteError> {
    let written = write(file, path)?;
    written.persist_noclobber(path).map_err(|error| {
        let path = path.to_owned();
        match error.error.kind() {
            io::ErrorKind::AlreadyExists => CassetteError::Exists { path },
            _ => failed(&path, error.error),
        }
    })?;
    Ok(())
}

fn replace(file: &File, path: &Path) -> Result<(), CassetteError> {
    let written = write(file, path)?;
    let persisted = written.persist(path);
    persisted.map_err(|error| failed(path, error.error))?;
    Ok(())
}

/// The cassette in a file beside `path`, safely on disk.
fn write(file: &File, path: &Path) -> Result<NamedTempFile, CassetteError> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let write = || -> io::Result<NamedTempFile> {
        let mut written = NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut written, file)?;
        written.write_all(b"\n")?;
        written.as_file().sync_all()?;
        Ok(written)
    };
    write().map_err(|source| failed(path, source))
}

fn failed(path: &Path, source: io::Error) -> CassetteError {
    CassetteError::File {
        action: "write",
        path: path.to_owned(),
        source,
    }
}
