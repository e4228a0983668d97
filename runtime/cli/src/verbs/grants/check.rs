//! `minion-rt grants check`.

use super::{Beside, subject};
use crate::exit::{DIFFERS, DONE, Fail, REFUSED};
use crate::render::{data, grants};
use crate::verbs::start::today;
use clap::Args;
use minion_grants::examine;
use std::path::PathBuf;

/// Says whether grants are enough for a blueprint, more than enough, or about to end
///
/// Exits with 0 when they fit, with 1 when something is granted that nobody asks or ends soon,
/// with 3 when a run would be refused.
#[derive(Args)]
pub(crate) struct Check {
    /// The blueprint's .wasm file
    file: PathBuf,
    #[command(flatten)]
    beside: Beside,
    /// What ends within so many days is named
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    ending: u16,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(&self) -> Result<u8, Fail> {
        let subject = subject(&self.file)?;
        let judged = self.beside.judge()?;
        let soon = minion_grants::days_after(today(), self.ending);
        let found = judged.with(|sources| examine(&subject, sources, today(), soon));
        if self.json {
            data(&grants::examined_json(&found).to_string());
        } else {
            grants::examined(&found);
        }
        Ok(match &found.admitted {
            Err(_) => REFUSED,
            Ok(_) if found.over.is_empty() && found.ending.is_empty() => DONE,
            Ok(_) => DIFFERS,
        })
    }
}
