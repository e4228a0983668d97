//! `minion-rt audit`: what runs were allowed and denied, whether their journals are what was
//! written, and what of a grant they never used. One file for each verb beneath.

mod entries;
mod export;
mod query;
mod show;
mod tighten;
mod used;
mod verify;

use crate::exit::{Fail, chain};
use crate::settings::Settings;
use crate::verbs::runs::At;
use clap::{Args, Subcommand};
use minion_journal::{OpenError, RunFilter, RunId, SqliteStore, Store};
use std::path::PathBuf;
use std::sync::Arc;

/// Shows what runs were allowed and denied, and verifies their journals
#[derive(Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    verb: Verb,
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
    Query(query::Query),
    Export(export::Export),
    Verify(verify::Verify),
    Tighten(tighten::Tighten),
}

impl Audit {
    pub(crate) fn run(&self) -> Result<u8, Fail> {
        let at = At {
            settings: Settings::new(self.state.as_deref())?,
            json: self.json,
        };
        match &self.verb {
            Verb::Show(verb) => verb.run(&at),
            Verb::Query(verb) => verb.run(&at),
            Verb::Export(verb) => verb.run(&at),
            Verb::Verify(verb) => verb.run(&at),
            Verb::Tighten(verb) => verb.run(&at),
        }
    }
}

/// The journal, to look at; none when nothing ever ran. One whose file is damaged is not what
/// was written.
fn look(settings: &Settings) -> Result<Option<Arc<dyn Store>>, Fail> {
    let folder = settings.journal();
    if !folder.exists() {
        return Ok(None);
    }
    match SqliteStore::open_read_only(&folder) {
        Ok(store) => Ok(Some(Arc::new(store))),
        Err(OpenError::NotFound(_)) => Ok(None),
        Err(error @ (OpenError::Corrupt { .. } | OpenError::Foreign(_))) => {
            Err(Fail::altered(chain(&error)))
        }
        Err(error) => Err(Fail::usage(chain(&error))),
    }
}

/// The runs that a person means, once each; all of them, the oldest first, where none is named.
/// Of every run only its id is kept.
fn meant(store: &dyn Store, typed: &[String]) -> Result<Vec<RunId>, Fail> {
    if typed.is_empty() {
        let all = store.runs(&RunFilter::default());
        let all = all.map_err(|e| Fail::altered(format!("the list of runs: {}", chain(&e))))?;
        return Ok(all.iter().rev().map(|run| run.begun.run).collect());
    }
    let mut runs = Vec::new();
    for typed in typed {
        let run = minion_journal::resolve(store, typed).map_err(|e| Fail::usage(chain(&e)))?;
        if !runs.contains(&run) {
            runs.push(run);
        }
    }
    Ok(runs)
}
