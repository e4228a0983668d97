//! `minion-rt inspect`.

use crate::exit::{DONE, Fail, chain, lines};
use crate::render::{data, facts};
use clap::Args;
use std::path::PathBuf;

/// Shows what a component is, what it asks and what it provably cannot do
///
/// Nothing of it is executed or compiled.
#[derive(Args)]
pub(crate) struct Inspect {
    /// The .wasm file
    file: PathBuf,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(crate) fn run(&self) -> Result<u8, Fail> {
        let loaded = minion_host::load(&self.file).map_err(|e| Fail::usage(chain(&e)))?;
        let inspected = minion_host::inspect(loaded).map_err(|e| Fail::refused(lines(&e)))?;
        if self.json {
            data(&facts::as_json(&inspected).to_string());
        } else {
            facts::page(&inspected);
        }
        Ok(DONE)
    }
}
