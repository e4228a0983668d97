//! One command, as the host asks for it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::limits::Limits;
use crate::toolchain::Invocation;

/// A program to run, and everything that it may see.
///
/// The default is closed: no environment beyond a fixed `PATH`, `LANG`, an own `HOME` and
/// `TMPDIR`; of the file system the system's programs and libraries read-only, nothing else.
/// All paths are absolute and exist; a symlinked path is there under both its names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The executable. Never searched for: see [`Toolchains::resolve`](crate::Toolchains::resolve).
    pub program: PathBuf,
    /// Arguments after the program's own name.
    pub arguments: Vec<String>,
    /// The working directory; has to lie in something mounted.
    pub directory: PathBuf,
    /// Added to the fixed environment, winning over it.
    pub environment: Vec<(String, String)>,
    /// Files and folders that can be read and executed.
    pub read_only: Vec<PathBuf>,
    /// Folders that can also be written. A path below one of them that is listed in
    /// [`read_only`](Self::read_only) stays read-only at level full.
    pub writable: Vec<PathBuf>,
    /// Folders that can be written with the writes thrown away (level full only).
    pub overlay: Vec<Overlay>,
    /// Symlinks made in the command's own, empty `HOME`.
    pub home: Vec<HomeLink>,
    /// When to end it.
    pub limits: Limits,
}

/// A folder shown with a discardable layer on top: what is written vanishes with the command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlay {
    /// What is read; never changed. Has to be owned by [`Sandbox::owner`](crate::Sandbox::owner)
    /// for the command to be able to change what it sees.
    pub lower: PathBuf,
    /// Where it is seen. May be `lower` itself.
    pub at: PathBuf,
}

/// A symlink in the command's own `HOME`, such as `.cargo/registry`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeLink {
    /// Path below `HOME`.
    pub name: PathBuf,
    /// What it points to; has to be mounted as well.
    pub target: PathBuf,
}

impl Spec {
    /// The command that a toolchain resolved, run in `directory`; writable folders, overlays and
    /// limits are the caller's to add.
    pub fn of(invocation: &Invocation, directory: impl Into<PathBuf>) -> Self {
        Self {
            program: invocation.program.clone(),
            arguments: invocation.arguments.clone(),
            directory: directory.into(),
            environment: invocation.environment.clone(),
            read_only: invocation.read_only.clone(),
            writable: invocation.writable.clone(),
            home: invocation.home.clone(),
            ..Self::default()
        }
    }
}
