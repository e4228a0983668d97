//! `minion-rt runs`: what ran, what happened in it, and what becomes of it. One file for each
//! verb beneath.

mod diff;
mod export;
mod folders;
mod gc;
mod import;
mod list;
mod show;
mod watch;

use crate::exit::{DONE, Fail};
use crate::render::talk;
use crate::settings::Settings;
use clap::{Args, Subcommand};
use minion_grants::shown;
use minion_journal::{RunId, Store, resolve};
use std::path::PathBuf;
use std::sync::Arc;

/// Lists the runs, newest first, or looks at one
#[derive(Args)]
pub(crate) struct Runs {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    list: list::List,
    /// Where the journal is kept
    /// [default: $MINION_RT_STATE, else $XDG_DATA_HOME/minion-rt]
    #[arg(long, value_name = "FOLDER", global = true)]
    state: Option<PathBuf>,
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Verb {
    Show(show::Show),
    Diff(diff::Diff),
    Watch(watch::Watch),
    Export(export::Export),
    Import(import::Import),
    Gc(gc::Gc),
}

impl Runs {
    pub(crate) fn run(&self) -> Result<u8, Fail> {
        let at = At {
            settings: Settings::new(self.state.as_deref())?,
            json: self.json,
        };
        let Some(verb) = &self.verb else {
            if let Some(store) = crate::verbs::drive::look(&at.settings)? {
                return self.list.run(&*store, self.json);
            }
            let journal = shown(&at.settings.journal().display().to_string());
            talk(&format!(
                "there is no journal at `{journal}`: nothing has run with this state yet"
            ));
            return Ok(DONE);
        };
        if let Some(filter) = self.list.named() {
            return Err(Fail::usage(format!(
                "`{filter}` belongs to the list of runs, not to one of them"
            )));
        }
        match verb {
            Verb::Show(verb) => verb.run(&at),
            Verb::Diff(verb) => verb.run(&at),
            Verb::Watch(verb) => verb.run(&at),
            Verb::Export(verb) => verb.run(&at),
            Verb::Import(verb) => verb.run(&at),
            Verb::Gc(verb) => verb.run(&at),
        }
    }
}

/// What each verb beneath `runs` and `audit` is told.
pub(crate) struct At {
    pub(crate) settings: Settings,
    pub(crate) json: bool,
}

impl At {
    /// The journal, to look at, and the run that a person means.
    pub(crate) fn find(&self, typed: &str) -> Result<(Arc<dyn Store>, RunId), Fail> {
        let Some(store) = crate::verbs::drive::look(&self.settings)? else {
            return Err(Fail::usage(format!(
                "there is no run `{}`: nothing has run yet with its state in `{}`",
                shown(typed),
                self.settings.state().display()
            )));
        };
        let run = resolve(&*store, typed).map_err(|e| Fail::lookup(&e))?;
        Ok((store, run))
    }
}
