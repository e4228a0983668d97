//! Why a cassette cannot be read, played or written. Messages name the file or
//! the place in it: node, visit and turn.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A place in a cassette.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The node.
    pub node: String,
    /// Which visit of that node, from 1.
    pub visit: u64,
    /// Which turn of that visit, from 1.
    pub turn: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, visit, turn } = self;
        write!(f, "node `{node}` visit {visit} turn {turn}")
    }
}

/// Where a live request differs from the recorded one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `tools`, `messages` or `tool results`.
    pub what: &'static str,
    /// As recorded.
    pub expected: String,
    /// As asked now.
    pub actual: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            expected,
            actual,
        } = self;
        write!(f, "{what} were {expected} when recorded, now {actual}")
    }
}

/// Why a cassette cannot be read, played or written.
#[derive(Debug, thiserror::Error)]
pub enum CassetteError {
    /// The file cannot be read or written.
    #[error("cannot {action} cassette `{}`: {source}", path.display())]
    File {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is there already.
    #[error("cassette `{}` exists already; remove it or record into another file", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file is larger than any cassette.
    #[error("cassette `{}` is larger than {limit} bytes; split the recording", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The bound.
        limit: u64,
    },
    /// Not the JSON of a cassette.
    #[error("cassette `{name}` cannot be used: {why}; mend it by hand or record it again")]
    Malformed {
        /// The file.
        name: String,
        /// Where and what.
        why: String,
    },
    /// Written by another version.
    #[error(
        "cassette `{name}` has version {found}, this program plays version {known}; record it again"
    )]
    Version {
        /// The file.
        name: String,
        /// What stands there.
        found: u64,
        /// What can be played.
        known: u64,
    },
    /// The same place twice.
    #[error("cassette `{name}` has {place} twice; remove one")]
    Twice {
        /// The file.
        name: String,
        /// The place.
        place: Place,
    },
    /// Nothing stands at this place.
    #[error("cassette `{name}` has run out: {place} was asked for, {there}; record it again")]
    RanOut {
        /// The file.
        name: String,
        /// The place asked for.
        place: Place,
        /// What the cassette has for that node.
        there: String,
    },
    /// Another request than the one recorded.
    #[error("cassette `{name}` answers another request at {place}: {difference}; record it again")]
    Differs {
        /// The file.
        name: String,
        /// The place.
        place: Place,
        /// What differs.
        difference: Box<Difference>,
    },
}

impl CassetteError {
    /// A stable name of the failure.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "cassette-file",
            Self::Exists { .. } => "cassette-exists",
            Self::TooLarge { .. } => "cassette-too-large",
            Self::Malformed { .. } => "cassette-malformed",
            Self::Version { .. } => "cassette-version",
            Self::Twice { .. } => "cassette-twice",
            Self::RanOut { .. } => "cassette-ran-out",
            Self::Differs { .. } => "cassette-differs",
        }
    }
}
