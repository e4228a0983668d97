//! `minion-rt diff`.

use super::grants::{Beside, Judged};
use crate::exit::{DIFFERS, DONE, Fail, chain, lines};
use crate::render::{data, diff};
use clap::Args;
use minion_grants::compare;
use minion_host::Inspected;
use std::path::{Path, PathBuf};

/// Shows what a newer version of a component widens, narrows and changes
///
/// Neither of them is executed or compiled. Exits with 1 when anything is wider, with 0 when
/// nothing is, with 2 when a file cannot be read.
#[derive(Args)]
pub(crate) struct Diff {
    /// The .wasm file that was reviewed
    old: PathBuf,
    /// The .wasm file that is to take its place
    new: PathBuf,
    #[command(flatten)]
    beside: Beside,
    /// Show the changed lines of prompts
    #[arg(long)]
    prompts: bool,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

impl Diff {
    pub(crate) fn run(&self) -> Result<u8, Fail> {
        let (old, new) = (read(&self.old)?, read(&self.new)?);
        let (before, after) = (old.surface(), new.surface());
        let comparison = compare(&before, &after);
        let grants = self.grants(&old, &new)?;
        let shown = diff::Shown {
            sides: (&before, &after),
            comparison: &comparison,
            grants: grants.as_ref(),
            prompts: self.prompts,
        };
        if self.json {
            data(&diff::as_json(&shown).to_string());
        } else {
            diff::page(&shown);
        }
        Ok(if comparison.is_wider() { DIFFERS } else { DONE })
    }

    /// What the grants of today say to both, where there are any.
    fn grants(&self, old: &Inspected, new: &Inspected) -> Result<Option<diff::Grants>, Fail> {
        let judged = self.beside.judge()?;
        let (Some(was), Some(now)) = (minion_host::subject(old), minion_host::subject(new)) else {
            return Ok(None);
        };
        let told = |judged: &Judged| judged.has_grants();
        Ok(told(&judged).then(|| diff::Grants {
            old: judged.admit(&was).map_err(Box::new),
            new: judged.admit(&now).map_err(Box::new),
        }))
    }
}

/// A file that is damaged or not ours is a bad file here, as one that is not there.
fn read(file: &Path) -> Result<Inspected, Fail> {
    let loaded = minion_host::load(file).map_err(|e| Fail::usage(chain(&e)))?;
    minion_host::inspect(loaded).map_err(|e| Fail::usage(lines(&e)))
}
