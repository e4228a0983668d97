//! `minion-rt runs export`: a run as one file.

use super::At;
use crate::exit::{DONE, Fail, chain};
use crate::render::{data, plural, say};
use clap::Args;
use minion_grants::shown;
use serde_json::json;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes a run into one file, which can be imported, read and replayed elsewhere
///
/// The whole journal is verified first. The file holds what the run held: its records, and the
/// bytes of its component. It never holds a model's key.
#[derive(Args)]
pub(super) struct Export {
    /// The run's id, or the part of it that screens show
    run: String,
    /// The file to make; one that is there is left as it is
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

impl Export {
    pub(super) fn run(&self, at: &At) -> Result<u8, Fail> {
        let (store, run) = at.find(&self.run)?;
        let name = shown(&self.output.display().to_string());
        let unwritten =
            |error: std::io::Error| Fail::usage(format!("`{name}` cannot be written: {error}"));
        if self.output.symlink_metadata().is_ok() {
            return Err(Fail::usage(format!(
                "`{name}` is there already; name another file"
            )));
        }
        let parent = self
            .output
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        // Beside it, so that the file has its name only when it is whole and on the disk.
        let beside = tempfile::NamedTempFile::new_in(parent.unwrap_or(Path::new(".")));
        let beside = beside.map_err(unwritten)?;
        let mut out = BufWriter::new(beside.as_file());
        let written = minion_journal::export(&*store, run, &mut out);
        let verified = written.map_err(|error| Fail::refused(chain(&error)))?;
        out.flush().map_err(unwritten)?;
        drop(out);
        beside.as_file().sync_all().map_err(unwritten)?;
        let bytes = beside.as_file().metadata().map_err(unwritten)?.len();
        beside
            .persist_noclobber(&self.output)
            .map_err(|error| unwritten(error.error))?;
        let head = verified.head.hash.to_string();
        if at.json {
            data(
                &json!({
                    "run": run.to_string(), "file": self.output.display().to_string(),
                    "records": verified.records, "bytes": bytes, "head": head,
                })
                .to_string(),
            );
        } else {
            let (run, records) = (run.short(), plural(verified.records, "record"));
            say(&format!("exported  {run}, {records}, head {head}"));
            say(&format!(
                "  next       minion-rt runs import {name}, then minion-rt replay {run}"
            ));
        }
        Ok(DONE)
    }
}
