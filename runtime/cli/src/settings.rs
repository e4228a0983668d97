//! Where the operator's files and the runs are.

use crate::exit::Fail;
use std::path::{Path, PathBuf};

/// The folders that one command uses.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    state: PathBuf,
    config: PathBuf,
}

impl Settings {
    /// `state` from the command line, else `$MINION_RT_STATE`, else
    /// `$XDG_DATA_HOME/minion-rt`; files of the operator beneath `$XDG_CONFIG_HOME/minion-rt`.
    pub(crate) fn new(state: Option<&Path>) -> Result<Self, Fail> {
        let state = match state
            .map(Path::to_owned)
            .or_else(|| folder("MINION_RT_STATE"))
        {
            Some(named) => named,
            None => base("XDG_DATA_HOME", ".local/share")?.join("minion-rt"),
        };
        let state = std::path::absolute(&state).map_err(Fail::usage)?;
        Ok(Self {
            state,
            config: base("XDG_CONFIG_HOME", ".config")?.join("minion-rt"),
        })
    }

    /// Everything beneath one folder.
    #[cfg(test)]
    pub(crate) fn beneath(home: &Path) -> Self {
        Self {
            state: home.join("state"),
            config: home.join("config"),
        }
    }

    /// The folder of all that is kept.
    pub(crate) fn state(&self) -> &Path {
        &self.state
    }

    /// The journal's folder.
    pub(crate) fn journal(&self) -> PathBuf {
        self.state.join("journal")
    }

    /// The folders of runs: everything that a run's commands may write is in here.
    pub(crate) fn runs(&self) -> PathBuf {
        self.state.join("runs")
    }

    /// Compiled components.
    pub(crate) fn compiled(&self) -> PathBuf {
        self.state.join("compiled")
    }

    /// What cargo builds of blueprints that are run from their source: where
    /// `CARGO_TARGET_DIR` says, else with the rest of the state.
    pub(crate) fn built(&self) -> PathBuf {
        folder("CARGO_TARGET_DIR").unwrap_or_else(|| self.state.join("built"))
    }

    /// The operator's grants, unless the command names others.
    pub(crate) fn grants(&self) -> PathBuf {
        self.config.join("grants.toml")
    }

    /// The organisation's ceiling, unless the command names another.
    pub(crate) fn ceiling(&self) -> PathBuf {
        self.config.join("ceiling.toml")
    }

    /// The operator's models.
    pub(crate) fn agents(&self) -> PathBuf {
        self.config.join("agents.toml")
    }
}

fn folder(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

fn base(variable: &str, beneath_home: &str) -> Result<PathBuf, Fail> {
    if let Some(named) = folder(variable).filter(|path| path.is_absolute()) {
        return Ok(named);
    }
    let home =
        folder("HOME").ok_or_else(|| Fail::usage(format!("neither HOME nor {variable} is set")))?;
    Ok(home.join(beneath_home))
}
