//! `minion-rt audit export`: the audit as JSON Lines, for other programs to keep and search.

use super::entries::{How, Told, entries, head};
use super::{look, meant};
use crate::exit::{ALTERED, DONE, Fail, chain};
use crate::render::{pour, talk};
use crate::verbs::runs::At;
use clap::Args;
use minion_journal::{AuditFilter, ReadError, RunId, Store, audit_seal, verify};

/// Writes the audit as JSON Lines: `run`, a `call` for each that was judged, `seal`
///
/// The seal stands where the run's chain was verified, and holds its head. A run without one
/// is not what was written: that is told, and the command ends with 4.
#[derive(Args)]
pub(super) struct Export {
    /// The runs, by their ids or the parts of them that screens show [default: all]
    runs: Vec<String>,
}

impl Export {
    pub(super) fn run(&self, at: &At) -> Result<u8, Fail> {
        let Some(store) = look(&at.settings)? else {
            return Ok(DONE);
        };
        let (mut told, mut unsealed) = (Told::default(), 0);
        for run in meant(&*store, &self.runs)? {
            if let Err(error) = lines(&*store, run, &mut told) {
                told.unread(run, &error);
            } else if !told.over && !sealed(&*store, run) {
                unsealed += 1;
            }
            if told.over {
                return Ok(DONE);
            }
        }
        Ok(if unsealed > 0 { ALTERED } else { told.code() })
    }
}

fn lines(store: &dyn Store, run: RunId, told: &mut Told) -> Result<(), ReadError> {
    if !head(store, run)? {
        told.over = true;
        return Ok(());
    }
    entries(store, run, &AuditFilter::default(), How::Json, told)
}

/// Writes the line that ends a run, if it is what was written.
fn sealed(store: &dyn Store, run: RunId) -> bool {
    let ending = store.summary(run).ok().and_then(|summary| summary.ending);
    match verify(store, run) {
        Ok(verified) => {
            pour(&audit_seal(&verified, ending.as_ref()));
            true
        }
        Err(error) => {
            talk(&format!("error  {}", chain(&error)));
            false
        }
    }
}
