//! Why a file operation was not done.

use rustix::fs::FileType;
use rustix::io::Errno;

/// What a limit bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitKind {
    /// The size of one file, in bytes.
    FileBytes,
    /// Everything written, in bytes.
    WrittenBytes,
    /// Files and folders made.
    Created,
    /// Entries of one folder.
    Entries,
}

/// Why a file operation was not done; `D` is what the judge says of a denial.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError<D> {
    /// The judge denied it.
    #[error("denied")]
    Denied(D),
    /// The path is absolute, or leads out of the folder by `..` or a symlink.
    #[error("`{0}` leads out of the workspace")]
    Outside(String),
    /// A part of the path spells `.git`.
    #[error("`{0}` lies in a git folder, which is closed")]
    GitFolder(String),
    /// Nothing is there.
    #[error("`{0}` does not exist")]
    NotFound(String),
    /// It is there and is no regular file.
    #[error("`{path}` is {what}, not a regular file")]
    NotAFile {
        /// The resolved path.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// It is there and is no folder.
    #[error("`{0}` is not a folder")]
    NotAFolder(String),
    /// It has other names, which may lie outside.
    #[error("`{0}` has other hard links, so it is not written to")]
    Linked(String),
    /// The request itself is wrong.
    #[error("`{path}`: {why}")]
    Invalid {
        /// What was asked for.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The pattern of a search is no regular expression, or too large a one.
    #[error("the pattern is not usable: {0}")]
    Pattern(String),
    /// A limit was reached.
    #[error("limit of {allowed} reached")]
    Limit {
        /// What it bounds.
        kind: LimitKind,
        /// The limit.
        allowed: u64,
    },
    /// The system refused.
    #[error("`{path}`: {why}")]
    System {
        /// The path.
        path: String,
        /// What the system said.
        why: String,
    },
}

/// Sorts what the kernel answered.
pub(super) fn system<D>(path: &str, error: Errno) -> FileError<D> {
    let path = path.to_owned();
    match error {
        Errno::NOENT => FileError::NotFound(path),
        Errno::NOTDIR => FileError::NotAFolder(path),
        Errno::LOOP | Errno::XDEV | Errno::PERM => FileError::Outside(path),
        Errno::NAMETOOLONG => FileError::Invalid {
            path,
            why: "the name is too long",
        },
        error => FileError::System {
            path,
            why: std::io::Error::from(error).to_string(),
        },
    }
}

pub(super) fn not_a_file<D>(path: &str, kind: FileType) -> FileError<D> {
    let what = match kind {
        FileType::Directory => "a folder",
        FileType::Symlink => "a symlink",
        FileType::Fifo => "a fifo",
        FileType::Socket => "a socket",
        _ => "a device",
    };
    FileError::NotAFile {
        path: path.to_owned(),
        what,
    }
}
