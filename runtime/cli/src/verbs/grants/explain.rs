//! `minion-rt grants explain`.

use super::{Beside, subject};
use crate::exit::{DIFFERS, DONE, Fail};
use crate::render::{data, grants};
use crate::verbs::start::today;
use clap::Args;
use minion_grants::{NodeId, Question};
use serde_json::json;
use std::path::PathBuf;

/// Says whether a blueprint could do something, and which line of which file decides
///
/// Exits with 0 when it could, with 1 when it could not.
#[derive(Args)]
pub(crate) struct Explain {
    /// The blueprint's .wasm file
    file: PathBuf,
    /// `files read src/a.rs`, `files write src/a.rs`, `files list src`, `command cargo test` or
    /// `http GET https://api.example.com/v1`, in quotes
    what: String,
    /// In this node [default: in a step that needs all that is asked]
    #[arg(long, value_name = "NODE")]
    node: Option<String>,
    #[command(flatten)]
    beside: Beside,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(super) fn run(&self) -> Result<u8, Fail> {
        let question: Question = self.what.parse().map_err(Fail::usage)?;
        let node: Option<NodeId> = match &self.node {
            Some(name) => Some(name.parse().map_err(Fail::usage)?),
            None => None,
        };
        let subject = subject(&self.file)?;
        let judged = self.beside.judge()?;
        let explained = judged.with(|sources| {
            minion_grants::explain(&subject, sources, today(), (&question, node.as_ref()))
        });
        let explained = explained.map_err(Fail::usage)?;
        if self.json {
            data(&json!(explained).to_string());
        } else {
            grants::explained(&explained);
        }
        Ok(if explained.allowed { DONE } else { DIFFERS })
    }
}
