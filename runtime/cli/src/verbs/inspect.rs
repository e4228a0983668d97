//! `minion-rt inspect`.

use crate::exit::{DONE, Fail, chain, lines};
use crate::render::drawing::{mermaid, svg};
use crate::render::{data, facts, say_lines};
use clap::Args;
use minion_host::Inspected;
use std::path::PathBuf;

/// Shows what a component is, what it asks and what it provably cannot do
///
/// Nothing of it is executed or compiled.
#[derive(Args)]
pub(crate) struct Inspect {
    /// The .wasm file
    file: PathBuf,
    /// Print everything as JSON
    #[arg(long, conflicts_with_all = ["mermaid", "svg"])]
    json: bool,
    /// Print the graph as Mermaid text
    #[arg(long, conflicts_with = "svg")]
    mermaid: bool,
    /// Print the graph as an SVG picture
    #[arg(long)]
    svg: bool,
}

impl Inspect {
    pub(crate) fn run(&self) -> Result<u8, Fail> {
        let loaded = minion_host::load(&self.file).map_err(|e| Fail::usage(chain(&e)))?;
        let inspected = minion_host::inspect(loaded).map_err(|e| Fail::refused(lines(&e)))?;
        if self.mermaid || self.svg {
            return self.draw(&inspected);
        }
        if self.json {
            data(&facts::as_json(&inspected).to_string());
        } else {
            facts::page(&inspected);
        }
        Ok(DONE)
    }

    fn draw(&self, inspected: &Inspected) -> Result<u8, Fail> {
        let drawing = facts::drawing(inspected)
            .ok_or_else(|| Fail::usage("a plugin has no graph that could be drawn"))?
            .map_err(Fail::usage)?;
        let text = if self.svg {
            svg(&drawing)
        } else {
            mermaid(&drawing)
        };
        say_lines(text.trim_end());
        Ok(DONE)
    }
}
