//! `minion-rt audit show`: every call of one run that was judged.

use super::entries::{How, Told, begun, entries, head, unread};
use super::verify::{failed, sound};
use crate::exit::{DONE, Fail};
use crate::render::{audit as shown_as, plural, say};
use crate::verbs::runs::At;
use clap::Args;
use minion_journal::{AuditFilter, verify};

/// Shows every call of a run that was judged, with the rule that decided and what came of it
///
/// A call stands where it came out, so an agent's own line stands after those of its tools.
/// Refusals are all there. At the end stands whether the journal's chain is sound.
#[derive(Args)]
pub(super) struct Show {
    /// The run's id, or the part of it that screens show
    run: String,
}

impl Show {
    pub(super) fn run(&self, at: &At) -> Result<u8, Fail> {
        let (store, run) = at.find(&self.run)?;
        let (store, all) = (&*store, AuditFilter::default());
        let mut told = Told::default();
        if at.json {
            told.over = !head(store, run).map_err(|e| unread(&e))?;
            if !told.over {
                entries(store, run, &all, How::Json, &mut told).map_err(|e| unread(&e))?;
            }
            return Ok(DONE);
        }
        if let Some((_, started)) = begun(store, run).map_err(|e| unread(&e))? {
            say(&shown_as::head(run, &started));
        }
        entries(store, run, &all, How::Lines, &mut told).map_err(|e| unread(&e))?;
        if told.over {
            return Ok(DONE);
        }
        let (calls, denied) = (plural(told.entries, "call"), told.denied);
        say(&format!("\n{calls} judged, {denied} denied"));
        let verified = verify(store, run).map_err(|e| failed(&e))?;
        say(&format!("chain  {}", sound(&verified)));
        Ok(DONE)
    }
}
