//! `minion-rt replay`.

use crate::exit::{DONE, Fail};
use crate::render::{data, plural, say};
use crate::settings::Settings;
use crate::verbs::drive;
use clap::Args;
use minion_journal::resolve;
use serde_json::json;
use std::path::PathBuf;

/// Does a run again from its journal alone, and says whether it is the same
///
/// No repository, no model, no network: every call of the blueprint is answered from the
/// journal. When the blueprint asks for something else than it did, or goes another way, the
/// first difference is named and the exit code is 4.
#[derive(Args)]
pub(crate) struct Replay {
    /// The run's id, or the part of it that screens show
    run: String,
    /// Where the journal is kept
    /// [default: $MINION_RT_STATE, else $XDG_DATA_HOME/minion-rt]
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

impl Replay {
    pub(crate) fn run(&self) -> Result<u8, Fail> {
        let settings = Settings::new(self.state.as_deref())?;
        let Some(store) = drive::look(&settings)? else {
            return Err(Fail::usage(format!("there is no run `{}`", self.run)));
        };
        let run = resolve(&*store, &self.run).map_err(|e| Fail::lookup(&e))?;
        let engine = drive::engine(&settings)?;
        let replayed = drive::wait(minion_host::replay(store, run, &engine))?;
        let replayed = replayed.map_err(|error| drive::failed(&error))?;
        let outcome = replayed.outcome.map(|outcome| outcome.to_string());
        if self.json {
            let told = json!({
                "run": run.to_string(), "visits": replayed.visits, "outcome": outcome,
                "digest": replayed.digest.to_string(),
            });
            data(&told.to_string());
        } else {
            let outcome = outcome.unwrap_or_else(|| "not ended".to_owned());
            let visits = plural(replayed.visits, "visit");
            say(&format!("the same  {visits}, {outcome}"));
            say(&format!("  digest     {}", replayed.digest));
        }
        Ok(DONE)
    }
}
