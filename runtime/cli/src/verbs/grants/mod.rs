//! `minion-rt grants`: grants held against a component, before anything is run.

mod check;
mod explain;
mod propose;

use super::start::{Files, RunsMade, today};
use crate::exit::{Fail, chain, lines};
use crate::settings::Settings;
use clap::{Args, Subcommand};
use minion_grants::{Admission, GrantSources, Refused, Subject};
use std::path::{Path, PathBuf};

/// Checks, proposes and explains grants
#[derive(Args)]
pub(crate) struct Grants {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Check(check::Check),
    Propose(propose::Propose),
    Explain(explain::Explain),
}

impl Grants {
    pub(crate) fn run(&self) -> Result<u8, Fail> {
        match &self.verb {
            Verb::Check(verb) => verb.run(),
            Verb::Propose(verb) => verb.run(),
            Verb::Explain(verb) => verb.run(),
        }
    }
}

/// The operator's files beside which a component is looked at.
#[derive(Args)]
pub(crate) struct Beside {
    /// The grants file, in place of $XDG_CONFIG_HOME/minion-rt/grants.toml
    #[arg(long, value_name = "FILE")]
    grants: Option<PathBuf>,
    /// The most that may be granted, in place of $XDG_CONFIG_HOME/minion-rt/ceiling.toml
    #[arg(long, value_name = "FILE")]
    ceiling: Option<PathBuf>,
    /// Where runs are kept, which grants with `max-runs` count
    /// [default: $MINION_RT_STATE, else $XDG_DATA_HOME/minion-rt]
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
}

impl Beside {
    /// Reads the files.
    pub(crate) fn judge(&self) -> Result<Judged, Fail> {
        let settings = Settings::new(self.state.as_deref())?;
        let named = (self.grants.as_deref(), self.ceiling.as_deref());
        let files = Files::read(named, &settings, None)?;
        Ok(Judged { settings, files })
    }
}

/// Files that were read, to hold components against.
pub(crate) struct Judged {
    settings: Settings,
    files: Files,
}

impl Judged {
    /// Whether there is a grants file.
    pub(crate) fn has_grants(&self) -> bool {
        self.files.grants.is_some()
    }

    /// What a run would be admitted with.
    #[expect(
        clippy::result_large_err,
        reason = "made once a command; a box would only hide its fields"
    )]
    pub(crate) fn admit(&self, subject: &Subject) -> Result<Admission, Refused> {
        self.with(|sources| minion_grants::admit(subject, sources, today()))
    }

    /// Something done with the grants.
    fn with<T>(&self, act: impl FnOnce(&GrantSources<'_>) -> T) -> T {
        let earlier = RunsMade::new(&self.settings, None);
        act(&GrantSources {
            file: self.files.grants.as_ref(),
            ceiling: self.files.ceiling.as_ref(),
            earlier: Some(&earlier),
            ..GrantSources::default()
        })
    }
}

/// A blueprint, to hold against grants.
fn subject(file: &Path) -> Result<Subject, Fail> {
    let loaded = minion_host::load(file).map_err(|e| Fail::usage(chain(&e)))?;
    let inspected = minion_host::inspect(loaded).map_err(|e| Fail::refused(lines(&e)))?;
    minion_host::subject(&inspected).ok_or_else(|| {
        let name = &inspected.bundle().manifest.name;
        Fail::usage(format!(
            "`{name}` is a plugin; grants are held against a blueprint that bundles it"
        ))
    })
}
