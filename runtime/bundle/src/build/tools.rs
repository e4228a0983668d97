//! The programs that a build runs.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::BuildError;

/// Where cargo, rustc and rustup are.
#[derive(Debug, Clone)]
pub(super) struct Tools {
    pub(super) cargo: PathBuf,
    pub(super) rustc: PathBuf,
    pub(super) rustup: PathBuf,
}

impl Tools {
    /// Those of an outer cargo, where one runs us, so that a build inside of
    /// a build uses the same toolchain; else those of the path.
    pub(super) fn from_environment() -> Self {
        let tool = |variable, name: &str| {
            std::env::var_os(variable).map_or_else(|| name.into(), PathBuf::from)
        };
        Self {
            cargo: tool("CARGO", "cargo"),
            rustc: tool("RUSTC", "rustc"),
            rustup: "rustup".into(),
        }
    }

    /// What rustc prints, asked in the folder of the source so that its
    /// `rust-toolchain.toml` counts.
    pub(super) fn rustc(&self, source: &Path, arguments: &[&str]) -> Result<String, BuildError> {
        let output = Command::new(&self.rustc)
            .args(arguments)
            .current_dir(source)
            .output()
            .map_err(|error| BuildError::tool("rustc", error))?;
        Ok(String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned())
    }
}
