//! The records of a run that still count.
//!
//! A resume says with `void_after` which record is the last that counts: those between
//! it and the resume are void, since what they tell of was done again. Void ranges
//! unite; a later resume may void an earlier one with all that it made. The first record
//! is never void.
//!
//! Left out are void records, and book-keeping: who had the run when, which says nothing of
//! what happened in it. A resume that moved the run to another version is given, even from a
//! void range: a move is decided once and holds from then on.
//!
//! Two passes, one page in memory each: the first looks at nothing but the kind of each
//! record and reads the resumes, which are few.

#[cfg(test)]
pub(crate) mod tests;

use std::ops::Deref;

use crate::disk::{decode, kind};
use crate::reader::Pages;
use crate::{Body, Moved, ReadError, Record, RunId, Seq, Store, StoreError, StoredRecord};

/// Iterates over the records of a run that still count. Ends at the last one, or at the
/// first error: a record that was altered is one.
pub struct Effective<S> {
    run: RunId,
    pages: Pages<S>,
    voids: Voids,
    /// Its head says that nobody ever took it up again.
    unresumed: bool,
    last: Option<Seq>,
    done: bool,
}

impl<S: Deref<Target: Store>> Effective<S> {
    /// Those of a whole run.
    pub fn of(store: S, run: RunId) -> Result<Self, ReadError> {
        Self::within(store, run, None)
    }

    /// Those that counted when `last` was the last record: the past of a fork.
    pub fn until(store: S, run: RunId, last: Seq) -> Result<Self, ReadError> {
        Self::within(store, run, Some(last))
    }

    fn within(store: S, run: RunId, last: Option<Seq>) -> Result<Self, ReadError> {
        let unresumed = is_unresumed(&*store, run)?;
        let voids = if unresumed {
            Voids::default()
        } else {
            Survey::of(&*store, run, last)?.voids
        };
        let pages = Pages::starting(store, run, Seq::FIRST)?;
        Ok(Self {
            run,
            pages,
            voids,
            unresumed,
            last,
            done: false,
        })
    }

    fn advance(&mut self) -> Result<Option<Record>, ReadError> {
        while let Some((prev, stored)) = self.pages.advance()? {
            if self.last.is_some_and(|last| stored.seq > last) {
                break;
            }
            let void = self.voids.contain(stored.seq);
            if void && !may_be_resume(&stored) {
                continue;
            }
            let record = decode(self.run, prev, &stored)?;
            let counts = match &record.body {
                Body::Resumed { .. } if self.unresumed => return Err(contradicted(&record)),
                Body::Resumed { moved, .. } => moved.is_some(),
                body => !void && !body.is_bookkeeping(),
            };
            if counts {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}

impl<S: Deref<Target: Store>> Iterator for Effective<S> {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let advanced = self.advance();
        self.done = !matches!(advanced, Ok(Some(_)));
        advanced.transpose()
    }
}

/// Whether a run was held once, by the process that began it: then none of its records can be
/// void, and need not be looked through for resumes first.
fn is_unresumed(store: &(impl Store + ?Sized), run: RunId) -> Result<bool, StoreError> {
    let summary = store.summary(run)?;
    Ok(summary.epoch == 1 && !summary.imported)
}

fn contradicted(record: &Record) -> ReadError {
    let (run, seq) = (record.run.short(), record.seq);
    let what = format!("run `{run}` was never taken up again, and record {seq} says it was");
    StoreError::Corrupt { what, source: None }.into()
}

fn may_be_resume(stored: &StoredRecord) -> bool {
    kind(&stored.bytes).is_none_or(|kind| kind == b"resumed")
}

/// The version that a run was moved to last; none when it is of the one that it began with.
pub fn moved(store: &dyn Store, run: RunId) -> Result<Option<Moved>, ReadError> {
    Ok(Survey::of(store, run, None)?.moved)
}

/// What the resumes of a run say.
pub(crate) struct Survey {
    pub(crate) voids: Voids,
    /// The version that the run was moved to last.
    pub(crate) moved: Option<Moved>,
}

impl Survey {
    pub(crate) fn of(
        store: &(impl Store + ?Sized),
        run: RunId,
        last: Option<Seq>,
    ) -> Result<Self, ReadError> {
        let mut pages = Pages::starting(store, run, Seq::FIRST)?;
        let (mut voids, mut all) = (Voids::default(), None);
        while let Some((prev, stored)) = pages.advance()? {
            if last.is_some_and(|last| stored.seq > last) {
                break;
            }
            if !may_be_resume(&stored) {
                continue;
            }
            let body = decode(run, prev, &stored)?.body;
            if let Body::Resumed {
                void_after, moved, ..
            } = body
            {
                voids.add(void_after, stored.seq);
                all = moved.map(|moved| *moved).or(all);
            }
        }
        Ok(Self { voids, moved: all })
    }
}

/// United ranges of void places, first and last, in order.
#[derive(Debug, Default)]
pub(crate) struct Voids(Vec<(u64, u64)>);

impl Voids {
    /// All between `after` and a later resume.
    fn add(&mut self, after: Option<Seq>, resume: Seq) {
        let Some(after) = after else { return };
        let mut first = after.max(Seq::FIRST).0.saturating_add(1);
        let last = resume.0.saturating_sub(1);
        if first > last {
            return;
        }
        // Adjacent ones too: the resume between them lies in the new range.
        while let Some(&(begin, end)) = self.0.last()
            && end.saturating_add(1) >= first
        {
            first = first.min(begin);
            self.0.pop();
        }
        self.0.push((first, last));
    }

    pub(crate) fn contain(&self, seq: Seq) -> bool {
        let next = self.0.partition_point(|(_, last)| *last < seq.0);
        self.0.get(next).is_some_and(|(first, _)| *first <= seq.0)
    }
}
