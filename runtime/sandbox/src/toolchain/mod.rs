//! Toolchain profiles: which file a command's name stands for, what has to be shown for it to
//! work, and which environment takes the steering out of the tree's hands.
//!
//! A name is looked up on the host and outside of the workspace only: `./cargo` in a workspace
//! never runs in place of cargo, and neither does a shim that asks the workspace for a version.

mod digest;
mod plain;
mod python;
mod rust;
mod search;

use std::path::{Path, PathBuf};

use crate::spec::HomeLink;
use digest::Digests;
use python::Python;
use rust::Rust;
use search::Search;

/// A command, resolved: made into a [`Spec`](crate::Spec) by [`Spec::of`](crate::Spec::of).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The executable; canonical and outside of the workspace.
    pub program: PathBuf,
    /// Arguments, as the profile passes them on.
    pub arguments: Vec<String>,
    /// What the profile sets.
    pub environment: Vec<(String, String)>,
    /// What has to be shown beside the system's own files.
    pub read_only: Vec<PathBuf>,
    /// Folders below `caches` that the tool writes. They exist, and are the caller's to hand to
    /// [`Sandbox::owner`](crate::Sandbox::owner) or to put under an overlay.
    pub writable: Vec<PathBuf>,
    /// Symlinks for the command's own `HOME`.
    pub home: Vec<HomeLink>,
    /// `rust`, `python` or `plain`.
    pub profile: String,
    /// `sha256:…` over the executable, and what it runs when that is a file of its own.
    pub digest: String,
    /// What the tool says its version is; empty when asking would mean running an unknown program.
    pub version: String,
}

/// No such program outside of the workspace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{program}` is not installed on this machine: {why}")]
pub struct NotFound {
    /// The name asked for.
    pub program: String,
    /// Where it was looked for, or why what was found is no good.
    pub why: String,
}

/// The toolchains of this machine.
#[derive(Debug)]
pub struct Toolchains {
    search: Search,
    rust: Option<Rust>,
    python: Option<Python>,
    digests: Digests,
}

impl Toolchains {
    /// Looks at the host's `PATH`, `HOME`, `CARGO_HOME`, `RUSTUP_HOME`, `RUSTUP_TOOLCHAIN` and
    /// `PYENV_VERSION`. Runs nothing.
    pub fn discover() -> Self {
        Self::from_search(Search::of_host())
    }

    /// The same, looking only at the given folders and below the given home.
    pub fn discover_in(folders: Vec<PathBuf>, home: PathBuf) -> Self {
        Self::from_search(Search {
            folders,
            home,
            ..Search::default()
        })
    }

    fn from_search(search: Search) -> Self {
        let (rust, python) = (Rust::find(&search), Python::find(&search));
        Self {
            search,
            rust,
            python,
            digests: Digests::default(),
        }
    }

    /// What to run for `program`, seen from a workspace; `caches` holds what tools build, apart
    /// for every profile.
    pub fn resolve(
        &self,
        program: &str,
        args: &[String],
        workspace: &Path,
        caches: &Path,
    ) -> Result<Invocation, NotFound> {
        let search = self.search.outside(workspace);
        if let Some(rust) = self.rust.as_ref().filter(|rust| rust.has(program)) {
            return rust.resolve(program, args, &search, caches, &self.digests);
        }
        if let Some(python) = self.python.as_ref().filter(|python| python.has(program)) {
            return python.resolve(program, args, &self.digests);
        }
        plain::resolve(program, args, &search, &self.digests)
    }
}
