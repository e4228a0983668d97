//! First stage: a file becomes bytes. Everything after speaks of these bytes and of their
//! digest, so a file that is swapped later changes nothing.

use minion_bundle::MAX_FILE_BYTES;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The bytes of a component.
#[derive(Debug)]
pub struct Loaded {
    /// Where they came from.
    pub path: PathBuf,
    /// All of them.
    pub bytes: Vec<u8>,
    /// The folder of source, when this very command built them.
    pub source: Option<PathBuf>,
}

/// The file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is none.
    #[error("there is no file `{}`", .0.display())]
    Missing(PathBuf),
    /// It is a folder, a pipe, a device.
    #[error("`{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// It is larger than a component may be.
    #[error("`{}` has {bytes} bytes; a component has at most {MAX_FILE_BYTES}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The system refused.
    #[error("`{}` cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Reads the file once.
///
/// # Errors
/// [`LoadError`] when it is missing, not a regular file, too large or unreadable.
pub fn load(path: &Path) -> Result<Loaded, LoadError> {
    let unreadable = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => LoadError::Missing(path.to_owned()),
        _ => LoadError::Unreadable {
            path: path.to_owned(),
            source,
        },
    };
    let meta = std::fs::metadata(path).map_err(unreadable)?;
    if !meta.is_file() {
        return Err(LoadError::NotAFile(path.to_owned()));
    }
    let most = MAX_FILE_BYTES as u64;
    // The size is only a guess, what is read counts.
    let size = usize::try_from(meta.len().min(most)).unwrap_or_default();
    let mut bytes = Vec::with_capacity(size + 1);
    let file = File::open(path).map_err(unreadable)?;
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > most {
        return Err(LoadError::TooLarge {
            path: path.to_owned(),
            bytes: meta.len(),
        });
    }
    Ok(Loaded {
        path: path.to_owned(),
        bytes,
        source: None,
    })
}

impl Loaded {
    /// Bytes that a journal kept; `name` is what messages call them.
    pub fn kept(bytes: Vec<u8>, name: &str) -> Self {
        Self {
            path: PathBuf::from(name),
            bytes,
            source: None,
        }
    }

    /// The same, known to have been built from this folder.
    #[must_use]
    pub fn from_source(mut self, source: Option<&Path>) -> Self {
        if let Some(source) = source {
            self.source = Some(source.to_owned());
        }
        self
    }

    /// Bytes that this very command built from a folder of source.
    pub fn built(bytes: Vec<u8>, source: &Path) -> Self {
        let source = source.canonicalize().unwrap_or_else(|_| source.to_owned());
        Self {
            path: source.clone(),
            bytes,
            source: Some(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_named() {
        let error = load(Path::new("/nowhere/x.wasm")).unwrap_err();
        assert_eq!(error.to_string(), "there is no file `/nowhere/x.wasm`");
    }

    #[test]
    fn a_folder_is_no_component() {
        assert!(matches!(load(Path::new("/")), Err(LoadError::NotAFile(_))));
    }
}
