//! `minion-rt runs import`: a run from a file.

use super::At;
use crate::exit::{DONE, Fail, chain};
use crate::render::{data, say, talk};
use crate::verbs::drive;
use clap::Args;
use minion_grants::shown;
use minion_journal::{Clock, ImportError, SystemClock};
use serde_json::json;
use std::path::PathBuf;

/// Takes a run from a file that `runs export` wrote
///
/// Every byte is verified before anything is kept. Who made the file can have made up all of it:
/// compare the head with one that you have from elsewhere. An imported run can be read and
/// replayed, and is never resumed.
#[derive(Args)]
pub(super) struct Import {
    /// The file
    file: PathBuf,
}

impl Import {
    pub(super) fn run(&self, at: &At) -> Result<u8, Fail> {
        let name = shown(&self.file.display().to_string());
        let mut file = std::fs::File::open(&self.file)
            .map_err(|error| Fail::usage(format!("`{name}` cannot be read: {error}")))?;
        let store = drive::store(&at.settings)?;
        let imported =
            minion_journal::import(&*store, &mut file, SystemClock.now()).map_err(|error| {
                match error {
                    ImportError::Read(error) => {
                        Fail::usage(format!("`{name}` cannot be read: {error}"))
                    }
                    other => Fail::refused(format!("`{name}` was not taken: {}", chain(&other))),
                }
            })?;
        let (run, head) = (imported.run, imported.head.hash.to_string());
        if at.json {
            data(
                &json!({
                    "run": run.to_string(), "records": imported.head.seq.0, "head": head,
                    "known": imported.known,
                })
                .to_string(),
            );
            return Ok(DONE);
        }
        let run = run.short();
        say(&format!("imported  {run}, head {head}"));
        if imported.known {
            talk("note   it was there already, the same");
        }
        say(&format!("  next       minion-rt replay {run}"));
        Ok(DONE)
    }
}
