//! The entries of one run after the other, told as they are read.

use crate::exit::{ALTERED, DONE, Fail, chain};
use crate::render::{audit as shown_as, pour, talk, tell};
use minion_journal::{
    Allowed, Audit, AuditEntry, AuditFilter, AuditHead, Body, ReadError, Records, RunId,
    RunStarted, Store, Timestamp,
};

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) entries: u64,
    pub(super) denied: u64,
    /// Nobody reads any more.
    pub(super) over: bool,
    /// Runs whose records cannot be read.
    pub(super) unread: u64,
}

impl Told {
    /// The exit code of whoever told.
    pub(super) fn code(&self) -> u8 {
        if self.unread > 0 { ALTERED } else { DONE }
    }

    /// Says of a run that its records cannot be read, and goes on with the others.
    pub(super) fn unread(&mut self, run: RunId, error: &dyn std::error::Error) {
        self.unread += 1;
        let run = run.short();
        talk(&format!(
            "error  run {run} cannot be read: {}",
            chain(error)
        ));
    }
}

/// How entries are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// A line each, for people.
    Lines,
    /// The same of many runs, so with the run.
    LinesOfRuns,
    /// An object a line.
    Json,
}

/// Tells the entries of a run that the filter takes.
pub(super) fn entries(
    store: &dyn Store,
    run: RunId,
    filter: &AuditFilter,
    how: How,
    told: &mut Told,
) -> Result<(), ReadError> {
    for entry in Audit::of(store, run)? {
        let entry = entry?;
        if !filter.takes(&entry) {
            continue;
        }
        told.entries += 1;
        told.denied += u64::from(entry.verdict == Allowed::Deny);
        if !one(&entry, how) {
            told.over = true;
            return Ok(());
        }
    }
    Ok(())
}

fn one(entry: &AuditEntry, how: How) -> bool {
    match how {
        How::Lines => tell(&shown_as::lines(entry, false)),
        How::LinesOfRuns => tell(&shown_as::lines(entry, true)),
        How::Json => pour(&entry.to_json()),
    }
}

/// How a run began, and when.
pub(super) fn begun(
    store: &dyn Store,
    run: RunId,
) -> Result<Option<(Timestamp, Box<RunStarted>)>, ReadError> {
    let first = Records::all(store, run)?.next().transpose()?;
    Ok(first.and_then(|record| match record.body {
        Body::RunStarted(started) => Some((record.at, started)),
        _ => None,
    }))
}

/// The line of JSON that begins a run; whether somebody reads it.
pub(super) fn head(store: &dyn Store, run: RunId) -> Result<bool, ReadError> {
    let Some((at, started)) = begun(store, run)? else {
        return Ok(true);
    };
    let head = AuditHead {
        run,
        at,
        started: &started,
    };
    Ok(pour(&head.to_json()))
}

/// What to say of a run whose records cannot be read, where there is but that one.
pub(super) fn unread(error: &ReadError) -> Fail {
    Fail::altered(chain(error))
}
