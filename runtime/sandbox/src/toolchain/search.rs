//! Where programs are looked for: the host's `PATH`, less the workspace.

use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::NotFound;

/// Folders that every sandbox shows.
const SYSTEM: [&str; 7] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
];

/// A list of folders, and the variables of the host that toolchains are found by.
#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    pub(super) folders: Vec<PathBuf>,
    pub(super) home: PathBuf,
    pub(super) cargo_home: Option<PathBuf>,
    pub(super) rustup_home: Option<PathBuf>,
    pub(super) rustup_toolchain: Option<String>,
    pub(super) pyenv_version: Option<String>,
    pub(super) workspace: Option<PathBuf>,
}

impl Search {
    pub(super) fn of_host() -> Self {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = env::split_paths(&path).filter(|folder| folder.is_absolute());
        Self {
            folders: folders.collect(),
            home: env::home_dir().unwrap_or_else(|| "/".into()),
            cargo_home: env::var_os("CARGO_HOME").map(PathBuf::from),
            rustup_home: env::var_os("RUSTUP_HOME").map(PathBuf::from),
            rustup_toolchain: env::var("RUSTUP_TOOLCHAIN").ok(),
            pyenv_version: env::var("PYENV_VERSION").ok(),
            workspace: None,
        }
    }

    /// The same, never answering with anything that lies in the workspace.
    pub(super) fn outside(&self, workspace: &Path) -> Self {
        let workspace = workspace
            .canonicalize()
            .unwrap_or_else(|_| workspace.to_owned());
        Self {
            workspace: Some(workspace),
            ..self.clone()
        }
    }

    /// The first executable of that name, as `PATH` has it.
    pub(super) fn find(&self, name: &str) -> Option<PathBuf> {
        self.folders
            .iter()
            .map(|folder| folder.join(name))
            .find(|file| self.is_program(file))
    }

    pub(super) fn not_found(&self, program: &str) -> NotFound {
        let folders: Vec<_> = self
            .folders
            .iter()
            .map(|folder| folder.display().to_string())
            .collect();
        NotFound {
            program: program.to_owned(),
            why: format!("not in {}", folders.join(":")),
        }
    }

    /// A file that can be executed, neither it nor what it links to lying in the workspace.
    pub(super) fn is_program(&self, file: &Path) -> bool {
        let Ok(real) = file.canonicalize() else {
            return false;
        };
        let inside = |path: &Path| {
            self.workspace
                .as_ref()
                .is_some_and(|top| path.starts_with(top))
        };
        is_executable(&real) && !inside(&real) && !inside(file)
    }
}

pub(super) fn is_executable(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)
}

/// Whether every sandbox shows it anyway.
pub(super) fn is_system(path: &Path) -> bool {
    SYSTEM.iter().any(|folder| path.starts_with(folder))
}

/// The given paths less those that are shown anyway.
pub(super) fn beyond_system(paths: impl IntoIterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut beyond: Vec<_> = paths
        .into_iter()
        .filter(|path| path.exists() && !is_system(path))
        .collect();
    beyond.dedup();
    beyond
}
