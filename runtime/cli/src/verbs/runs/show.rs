//! `minion-rt runs show`: what happened in one run.

use super::At;
use crate::exit::{DONE, Fail, chain};
use crate::render::listing::version;
use crate::render::standing;
use crate::render::timeline::{Counts, Depth, Timeline};
use crate::render::{data, plural, say, tell};
use clap::Args;
use minion_grants::shown;
use minion_journal::{
    Body, Effective, ReadError, Record, Records, RunId, Seq, Store, StoreError, VerifyError, verify,
};
use std::collections::VecDeque;
use std::iter::Peekable;

/// What stands above a run that came from elsewhere.
const IMPORTED: &str =
    "imported from a file: all that it says is the word of whoever made that, its time too";
/// The most names of visits in a message.
const MOST_NAMES: usize = 20;

/// Shows what happened in one run, visit after visit
///
/// Each visit has the name that `exec --fork` and `runs diff` take. Beneath it stand its calls;
/// those marked void were done again after a resume. At the end stands whether the journal's
/// chain is sound.
#[derive(Args)]
pub(super) struct Show {
    /// The run's id, or the part of it that screens show
    run: String,
    /// Show every call, and the rule that allowed it
    #[arg(long)]
    calls: bool,
    /// Show this visit alone, `implement-2`, with every call; `implement` is the last of its node
    #[arg(long, value_name = "VISIT")]
    visit: Option<String>,
}

impl Show {
    pub(super) fn run(&self, at: &At) -> Result<u8, Fail> {
        let (store, run) = at.find(&self.run)?;
        if at.json && (self.calls || self.visit.is_some()) {
            return Err(Fail::usage(
                "--json gives every record of the run; --visit and --calls are for people",
            ));
        }
        if at.json {
            return raw(&*store, run);
        }
        match &self.visit {
            Some(visit) => one(&*store, run, &named(&*store, run, visit)?),
            None => self.whole(&*store, run),
        }
    }

    fn whole(&self, store: &dyn Store, run: RunId) -> Result<u8, Fail> {
        let depth = if self.calls { Depth::All } else { Depth::Some };
        let mut timeline = Timeline::new(store, depth);
        say(&headline(store, run)?);
        if store.summary(run).map_err(|e| failed(&e))?.imported {
            say(IMPORTED);
        }
        for judged in Judged::of(store, run)? {
            let (record, counts) = judged?;
            if !tell(&timeline.lines(&record, counts)) {
                return Ok(DONE);
            }
        }
        tell(&timeline.rest());
        let summary = store.summary(run).map_err(|e| failed(&e))?;
        tell(&standing::lines(store, &summary, timeline.visit()));
        let verified = verify(store, run).map_err(|error| match error {
            VerifyError::Tampered(tampered) => Fail::refused(chain(&tampered)),
            VerifyError::Store(error) => failed(&error),
        })?;
        let (records, head) = (plural(verified.records, "record"), verified.head.hash);
        say("");
        say(&format!("chain  {records} sound, head {head}"));
        Ok(DONE)
    }
}

/// The run, and the version that it is of now where that is another than it began with.
fn headline(store: &dyn Store, run: RunId) -> Result<String, Fail> {
    let summary = store.summary(run).map_err(|e| failed(&e))?;
    let (begun, now) = (&summary.begun.version, version(store, &summary));
    Ok(if *begun == now {
        format!("run {}   {run}", run.short())
    } else {
        let blueprint = shown(&summary.begun.blueprint);
        let (now, begun) = (shown(&now), shown(begun));
        format!(
            "run {}   {run}   {blueprint} {now}, begun with {begun}",
            run.short()
        )
    })
}

/// One visit alone, or each of that name where one was done again.
fn one(store: &dyn Store, run: RunId, name: &str) -> Result<u8, Fail> {
    let mut timeline = Timeline::new(store, Depth::All);
    for judged in Judged::of(store, run)? {
        let (record, counts) = judged?;
        let was = timeline.visit() == Some(name);
        let lines = timeline.lines(&record, counts);
        let ends = was && matches!(record.body, Body::Checkpoint { .. });
        if ends || timeline.visit() == Some(name) {
            tell(&lines);
        }
    }
    Ok(DONE)
}

/// The name of the visit that a person means, escaped as lines show it.
fn named(store: &dyn Store, run: RunId, typed: &str) -> Result<String, Fail> {
    let typed = shown(typed);
    let (mut last_of_node, mut last) = (None, VecDeque::new());
    for record in Records::all(store, run).map_err(|e| failed(&e))? {
        let Body::VisitStarted { node, visit, .. } = record.map_err(|e| unread(&e))?.body else {
            continue;
        };
        let name = shown(&format!("{node}-{visit}"));
        if name == typed {
            return Ok(name);
        }
        if shown(&node) == typed {
            last_of_node = Some(name.clone());
        }
        if last.len() == MOST_NAMES {
            last.pop_front();
        }
        last.push_back(name);
    }
    last_of_node.ok_or_else(|| {
        let names = Vec::from(last).join(", ");
        let run = run.short();
        Fail::usage(format!(
            "run {run} has no visit `{typed}`; its last ones are {names}"
        ))
    })
}

/// The records of a run, each with whether it still counts: those that do are a second
/// stream, beside the first.
struct Judged<'a> {
    all: Records<'a>,
    effective: Peekable<Effective<&'a dyn Store>>,
}

impl<'a> Judged<'a> {
    fn of(store: &'a dyn Store, run: RunId) -> Result<Self, Fail> {
        Ok(Self {
            all: Records::all(store, run).map_err(|e| failed(&e))?,
            effective: Effective::of(store, run)
                .map_err(|e| unread(&e))?
                .peekable(),
        })
    }

    fn counts(&mut self, record: &Record) -> Result<Counts, ReadError> {
        let same = |next: &Result<Record, ReadError>| match next {
            Ok(next) => next.seq == record.seq,
            Err(_) => true,
        };
        match self.effective.next_if(same) {
            Some(Err(error)) => Err(error),
            Some(Ok(_)) => Ok(Counts::Yes),
            // Book-keeping is never done again.
            None if record.body.is_bookkeeping() => Ok(Counts::Yes),
            None => Ok(Counts::Void),
        }
    }
}

impl Iterator for Judged<'_> {
    type Item = Result<(Record, Counts), Fail>;

    fn next(&mut self) -> Option<Self::Item> {
        let judged = self.all.next()?.and_then(|record| {
            let counts = self.counts(&record)?;
            Ok((record, counts))
        });
        Some(judged.map_err(|error| unread(&error)))
    }
}

/// The records as they are stored, one JSON object a line: what the chain is over.
fn raw(store: &dyn Store, run: RunId) -> Result<u8, Fail> {
    let mut from = Seq::FIRST;
    loop {
        let page = store.read(run, from, 500).map_err(|e| failed(&e))?;
        let Some(last) = page.last() else {
            return Ok(DONE);
        };
        from = last.seq.next();
        for record in &page {
            data(&String::from_utf8_lossy(&record.bytes));
        }
    }
}

fn failed(error: &StoreError) -> Fail {
    Fail::store(error)
}

fn unread(error: &ReadError) -> Fail {
    Fail::read(error)
}
