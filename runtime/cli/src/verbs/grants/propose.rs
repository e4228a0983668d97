//! `minion-rt grants propose`.

use super::subject;
use crate::exit::{DONE, Fail};
use crate::render::{data, say, talk};
use crate::verbs::start::today;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Writes the smallest grant that a blueprint needs, with its authors' reasons
///
/// Nothing is granted by that: it is for you to read, to narrow and to place.
#[derive(Args)]
pub(crate) struct Propose {
    /// The blueprint's .wasm file
    file: PathBuf,
    /// Print it within JSON
    #[arg(long)]
    json: bool,
}

impl Propose {
    pub(super) fn run(&self) -> Result<u8, Fail> {
        let lines = minion_grants::propose(&subject(&self.file)?, today());
        if self.json {
            data(&json!({ "lines-to-add": lines }).to_string());
        } else if lines.is_empty() {
            talk("it asks for nothing, and needs no grant");
        } else {
            lines.lines().for_each(say);
        }
        Ok(DONE)
    }
}
