//! The operator's `grants.toml`.
//!
//! In comes a path; out come grants, each bound to a digest or to a folder of
//! source. Refused: a file that a run could write (beneath a writable root,
//! through links too), that others can write, that is no regular file; unknown
//! keys; rules that cannot be enforced. Errors name file, line and key.

mod mistake;
mod place;
mod text;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::delivery::DeliveryRule;
use crate::rules::Rules;
use crate::{Digest, PartName};

const FILE_BYTES: u64 = 1024 * 1024;

/// A read grants file.
#[derive(Debug, Clone)]
pub struct GrantsFile {
    pub(crate) path: PathBuf,
    pub(crate) grants: Vec<Grant>,
}

/// One `[[grant]]`.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    /// `grants.toml:14`.
    pub(crate) at: String,
    pub(crate) holder: Holder,
    pub(crate) binding: Binding,
    /// The last day on which it holds.
    pub(crate) expires: Option<Date>,
    pub(crate) rules: Rules,
    pub(crate) delivery: Option<DeliveryRule>,
}

/// Who is granted something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A blueprint with everything it carries, each part within its own asks.
    Blueprint(PartName),
    /// A plugin, in whatever blueprint it stands.
    Plugin(PartName),
}

/// What bytes a grant is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Binding {
    Digest(Digest),
    /// A folder of source that the same command builds; resolved.
    Source(PathBuf),
}

impl GrantsFile {
    /// Reads a grants file. `writable_roots` are the folders that a run writes.
    pub fn load(path: &Path, writable_roots: &[PathBuf]) -> Result<Self, GrantsError> {
        let io = |source| GrantsError::Io {
            path: path.to_owned(),
            source,
        };
        place::check_way(path, writable_roots)?;
        let mut file = place::open(path)?;
        let mut text = String::new();
        let read = (&mut file)
            .take(FILE_BYTES + 1)
            .read_to_string(&mut text)
            .map_err(io)?;
        if read as u64 > FILE_BYTES {
            return Err(GrantsError::TooLarge {
                path: path.to_owned(),
            });
        }
        let grants = text::parse(path, &text)?;
        Ok(Self {
            path: path.to_owned(),
            grants,
        })
    }

    /// Whether a text would be taken for the grants file at `path`.
    pub(crate) fn check(path: &Path, text: &str) -> Result<(), GrantsError> {
        text::parse(path, text).map(drop)
    }

    /// Where it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many grants are in it.
    pub fn len(&self) -> usize {
        self.grants.len()
    }

    /// Whether it grants nothing to anyone.
    pub fn is_empty(&self) -> bool {
        self.grants.is_empty()
    }
}

/// The day, in UTC, of a time in seconds since 1970.
pub fn date_of_unix(seconds: i64) -> Date {
    let moment = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
    moment.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// A grants file was refused.
#[derive(Debug, thiserror::Error)]
pub enum GrantsError {
    /// It cannot be read.
    #[error("grants file `{path}` cannot be read: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A run could write it, or a link on the way to it.
    #[error(
        "grants file `{path}` is refused: `{through}` is in `{root}`, which runs write; keep it elsewhere"
    )]
    UnderWritableRoot {
        /// The file.
        path: PathBuf,
        /// What of the way to it lies there.
        through: PathBuf,
        /// The writable root.
        root: PathBuf,
    },
    /// Others can write it.
    #[error(
        "grants file `{path}` is refused: others can write `{writable}` (mode {mode:04o}); `chmod go-w` it"
    )]
    WritableByOthers {
        /// The file.
        path: PathBuf,
        /// It, or the folder it stands in.
        writable: PathBuf,
        /// The mode bits.
        mode: u32,
    },
    /// It is a folder, a pipe, a device.
    #[error("grants file `{path}` cannot be used: it is no regular file")]
    NotRegular {
        /// The file.
        path: PathBuf,
    },
    /// It has another name somewhere, through which it may be written.
    #[error(
        "grants file `{path}` is refused: it has {links} hard links; copy it to a file of its own"
    )]
    HardLinked {
        /// The file.
        path: PathBuf,
        /// How many names it has.
        links: u64,
    },
    /// It is larger than such a file may be.
    #[error("grants file `{path}` cannot be used: it has more than 1 MiB")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A line of it is wrong.
    #[error("{}:{line}: {what}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// The key and what is wrong with it.
        what: String,
    },
}

impl GrantsError {
    /// Whether the file is refused because somebody else could have written it. Every other
    /// error is a mistake in the file or in its name.
    pub fn is_distrust(&self) -> bool {
        match self {
            Self::UnderWritableRoot { .. }
            | Self::WritableByOthers { .. }
            | Self::HardLinked { .. } => true,
            Self::Io { .. }
            | Self::NotRegular { .. }
            | Self::TooLarge { .. }
            | Self::Line { .. } => false,
        }
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
