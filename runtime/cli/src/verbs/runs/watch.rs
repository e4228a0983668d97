//! `minion-rt runs watch`: the timeline of a run while another process goes on with it.

use super::At;
use crate::exit::{DONE, Fail};
use crate::render::timeline::{Counts, Depth, Timeline};
use crate::render::{data, say, talk, tell};
use crate::verbs::drive;
use clap::Args;
use minion_journal::{Body, Records, RunId, RunState, Seq, Store};
use std::time::Duration;

/// How often the journal is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Shows what happens in a run as it becomes durable, until the run ends
///
/// The run may be in any process, and may be stopped, wait and be resumed meanwhile. Ctrl-C ends
/// the watching, not the run.
#[derive(Args)]
pub(super) struct Watch {
    /// The run's id, or the part of it that screens show
    run: String,
    /// Show every call, and the rule that allowed it
    #[arg(long)]
    calls: bool,
}

impl Watch {
    pub(super) fn run(&self, at: &At) -> Result<u8, Fail> {
        let (store, run) = at.find(&self.run)?;
        let depth = if self.calls { Depth::All } else { Depth::Some };
        let mut watching = Watching {
            store: &*store,
            run,
            timeline: Timeline::new(&*store, depth),
            next: Seq::FIRST,
            json: at.json,
            stood: None,
        };
        if !at.json {
            say(&format!("run {}   {run}", run.short()));
        }
        drive::wait(async {
            loop {
                if watching.look()? {
                    return Ok(DONE);
                }
                tokio::select! {
                    () = tokio::time::sleep(LOOK) => {}
                    _ = tokio::signal::ctrl_c() => return Ok(DONE),
                }
            }
        })?
    }
}

struct Watching<'s> {
    store: &'s dyn Store,
    run: RunId,
    timeline: Timeline<'s>,
    next: Seq,
    json: bool,
    /// How it stood when nobody held it.
    stood: Option<RunState>,
}

impl Watching<'_> {
    /// Tells what is new; whether that was all that there will ever be, or nobody reads it.
    fn look(&mut self) -> Result<bool, Fail> {
        let summary = self.store.summary(self.run).map_err(|e| Fail::store(&e))?;
        if summary.head.seq >= self.next && self.tell()? {
            return Ok(true);
        }
        if summary.state == RunState::Imported {
            return Ok(true);
        }
        self.stands(summary.state);
        Ok(false)
    }

    /// Tells the records since the last look; whether the end is among them, or nobody reads.
    fn tell(&mut self) -> Result<bool, Fail> {
        let records = Records::starting(self.store, self.run, self.next);
        for record in records.map_err(|e| Fail::store(&e))? {
            let record = record.map_err(|e| Fail::read(&e))?;
            self.next = record.seq.next();
            let ended = matches!(record.body, Body::Ended(_));
            if self.json {
                self.raw(record.seq)?;
            } else {
                let lines = self.timeline.lines(&record, Counts::Yes);
                if !tell(&lines) {
                    return Ok(true);
                }
            }
            if ended {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A record as it is stored.
    fn raw(&self, seq: Seq) -> Result<(), Fail> {
        let stored = self
            .store
            .read(self.run, seq, 1)
            .map_err(|e| Fail::store(&e))?;
        for record in stored {
            data(&String::from_utf8_lossy(&record.bytes));
        }
        Ok(())
    }

    /// Says once that nobody goes on with it.
    fn stands(&mut self, state: RunState) {
        if self.stood.replace(state) == Some(state) || self.json {
            return;
        }
        let run = self.run.short();
        match state {
            RunState::Interrupted => talk(&format!(
                "note   no process has the run: minion-rt resume {run}; this goes on watching"
            )),
            RunState::Decided => talk(&format!(
                "note   decided: minion-rt resume {run}; this goes on watching"
            )),
            RunState::Stopped => talk(&format!(
                "note   stopped: minion-rt resume {run}; this goes on watching"
            )),
            RunState::Waiting => talk(&format!(
                "note   it waits: minion-rt runs diff {run}, then minion-rt approve {run} or reject; this goes on watching"
            )),
            _ => {}
        }
    }
}
