//! Finds what was altered in a run since it was written.
//!
//! It reads all stored bytes and computes the chain anew; compares the end of it
//! with the head that stands apart from the records; compares the list's entry
//! with the first and the last record; and looks up every blob that a record
//! names or the run refers to. Found so: any edited, removed, exchanged, doubled or foreign record, a
//! tail cut off, an altered or missing blob, an altered entry in the list.
//!
//! Not found so: a journal whose records, hashes and head were all computed
//! anew, or one put back to an earlier copy of the whole file. Against these,
//! [`verify_against`] and [`verify_holds`] compare with a head that was kept elsewhere, and
//! miss the run when it was deleted.
//!
//! Not in the chain, and so not proved: what was said to a run before it took it up
//! (signals), who holds it, and whether it was imported.

#[cfg(test)]
mod tests;

use std::fmt;

use crate::disk::decode;
use crate::{
    Body, DecodeError, Hash, Head, NewRun, Pause, Payload, Record, RunId, RunState, RunSummary,
    Seq, Store, StoreError, StoredRecord,
};

const PAGE: usize = 64;

/// A run that is as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Which run.
    pub run: RunId,
    /// How many records it has.
    pub records: u64,
    /// The last of them; who keeps it can prove the rest.
    pub head: Head,
    /// Whether its end is among them.
    pub ended: bool,
}

/// The first thing found that is not as it was written.
#[derive(Debug, thiserror::Error)]
#[error("run `{}` was altered at record {seq}: {what}", run.short())]
pub struct Tampered {
    /// Which run.
    pub run: RunId,
    /// Where.
    pub seq: Seq,
    /// What.
    pub what: Flaw,
}

/// What is not as it was written.
#[derive(Debug)]
pub enum Flaw {
    /// The record is missing; there are later ones, or the head says so.
    Missing,
    /// There are records beyond the head.
    BeyondHead,
    /// Its bytes, or those of an earlier one, do not give its hash.
    Hash,
    /// The head has another hash than the last record.
    Head,
    /// The head that was kept elsewhere is not in this journal.
    OtherHead,
    /// No record up to here has the hash that was kept elsewhere.
    NoSuchHead,
    /// Its bytes are no record.
    Shape(DecodeError),
    /// It stands where it cannot: a second begin, a fact after the end.
    Order,
    /// A blob that it names is missing, altered, or of another length.
    Blob(Hash),
    /// The list of runs says something else than the record.
    Listing,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("it is missing"),
            Self::BeyondHead => f.write_str("it lies beyond the head"),
            Self::Hash => f.write_str("its bytes do not give its hash"),
            Self::Head => f.write_str("the head names another hash"),
            Self::OtherHead => f.write_str("it is not the head that was kept elsewhere"),
            Self::NoSuchHead => {
                f.write_str("neither it nor one before has the hash that was kept elsewhere")
            }
            Self::Shape(error) => error.fmt(f),
            Self::Order => f.write_str("it cannot stand there"),
            Self::Blob(digest) => write!(f, "its blob `{digest}` is missing or altered"),
            Self::Listing => f.write_str("the list of runs says something else"),
        }
    }
}

/// Why a run was not verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It was altered.
    #[error(transparent)]
    Tampered(#[from] Tampered),
    /// It could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks a run against itself.
pub fn verify(store: &dyn Store, run: RunId) -> Result<Verified, VerifyError> {
    check(store, run, None)
}

/// Checks a run against itself and against a head that was kept elsewhere: the
/// journal must contain that very record. It may have gone on since.
pub fn verify_against(store: &dyn Store, run: RunId, kept: Head) -> Result<Verified, VerifyError> {
    check(store, run, Some(Kept::At(kept)))
}

/// The same where only the hash was kept, as in the trailer of a commit: some record of
/// the journal must have it.
pub fn verify_holds(store: &dyn Store, run: RunId, kept: Hash) -> Result<Verified, VerifyError> {
    check(store, run, Some(Kept::Somewhere(kept)))
}

/// A head that was kept elsewhere.
#[derive(Clone, Copy)]
enum Kept {
    At(Head),
    Somewhere(Hash),
}

fn check(store: &dyn Store, run: RunId, kept: Option<Kept>) -> Result<Verified, VerifyError> {
    let summary = store.summary(run)?;
    let mut walk = Walk {
        store,
        run,
        summary: &summary,
        kept,
        seen: false,
        tail: None,
        ended: false,
        checkpoint: None,
        pause: None,
    };
    while walk.page()? {}
    walk.finish()
}

struct Walk<'a> {
    store: &'a dyn Store,
    run: RunId,
    summary: &'a RunSummary,
    kept: Option<Kept>,
    /// Whether the kept head was come by.
    seen: bool,
    tail: Option<Head>,
    ended: bool,
    checkpoint: Option<Seq>,
    pause: Option<Pause>,
}

impl Walk<'_> {
    fn next(&self) -> Seq {
        self.tail.map_or(Seq::FIRST, |tail| tail.seq.next())
    }

    fn flaw(&self, seq: Seq, what: Flaw) -> Tampered {
        Tampered {
            run: self.run,
            seq,
            what,
        }
    }

    /// Walks one page; false at the end. Stops at the head as it was when the
    /// walk began: the run may be going on.
    fn page(&mut self) -> Result<bool, VerifyError> {
        let head = self.summary.head.seq;
        let left = head.0.saturating_add(1).saturating_sub(self.next().0);
        if left == 0 {
            return Ok(false);
        }
        let limit = usize::try_from(left).map_or(PAGE, |left| left.min(PAGE));
        let page = self.store.read(self.run, self.next(), limit)?;
        for stored in &page {
            self.step(stored)?;
        }
        Ok(!page.is_empty())
    }

    fn step(&mut self, stored: &StoredRecord) -> Result<(), VerifyError> {
        let (seq, prev) = (self.next(), self.tail.map_or(Hash::ZERO, |tail| tail.hash));
        if stored.seq != seq {
            return Err(self.flaw(seq, Flaw::Missing).into());
        }
        if Hash::of_record(&prev, self.run, seq, &stored.bytes) != stored.hash {
            return Err(self.flaw(seq, Flaw::Hash).into());
        }
        match self.kept {
            Some(Kept::At(kept)) if kept.seq == seq && kept.hash != stored.hash => {
                return Err(self.flaw(seq, Flaw::OtherHead).into());
            }
            Some(Kept::At(kept)) => self.seen |= kept.seq == seq,
            Some(Kept::Somewhere(hash)) => self.seen |= hash == stored.hash,
            None => {}
        }
        let record = decode(self.run, prev, stored);
        self.content(&record.map_err(|error| self.flaw(seq, Flaw::Shape(error)))?)?;
        self.tail = Some(Head {
            seq,
            hash: stored.hash,
        });
        Ok(())
    }

    fn content(&mut self, record: &Record) -> Result<(), VerifyError> {
        let begins = matches!(record.body, Body::RunStarted(_));
        if begins != (record.seq == Seq::FIRST) || self.ended {
            return Err(self.flaw(record.seq, Flaw::Order).into());
        }
        if !self.listed(record) {
            return Err(self.flaw(record.seq, Flaw::Listing).into());
        }
        record
            .body
            .payloads()
            .into_iter()
            .flatten()
            .try_for_each(|p| self.blob(record.seq, p))?;
        self.ended = matches!(record.body, Body::Ended(_));
        self.pause = Pause::after(&record.body);
        if matches!(record.body, Body::Checkpoint { .. }) {
            self.checkpoint = Some(record.seq);
        }
        Ok(())
    }

    /// Whether the list says the same as the record.
    fn listed(&self, record: &Record) -> bool {
        match &record.body {
            Body::RunStarted(started) => {
                NewRun::of(self.run, record.at, started) == self.summary.begun
            }
            Body::Ended(ending) => {
                self.summary.ending.as_ref() == Some(ending)
                    && self.summary.ended == Some(record.at)
            }
            _ => true,
        }
    }

    fn blob(&self, seq: Seq, payload: &Payload) -> Result<(), VerifyError> {
        let Payload::Blob { digest, bytes } = payload else {
            return Ok(());
        };
        match self.store.get_blob(digest) {
            Ok(found) if found.len() as u64 == *bytes => Ok(()),
            Ok(_) | Err(StoreError::NoBlob(_) | StoreError::BlobAltered(_)) => {
                Err(self.flaw(seq, Flaw::Blob(*digest)).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn finish(self) -> Result<Verified, VerifyError> {
        let head = self.summary.head;
        let Some(tail) = self.tail.filter(|tail| tail.seq == head.seq) else {
            return Err(self.flaw(self.next(), Flaw::Missing).into());
        };
        if tail.hash != head.hash {
            return Err(self.flaw(tail.seq, Flaw::Head).into());
        }
        match self.kept.filter(|_| !self.seen) {
            Some(Kept::At(kept)) => return Err(self.flaw(kept.seq, Flaw::Missing).into()),
            Some(Kept::Somewhere(_)) => return Err(self.flaw(tail.seq, Flaw::NoSuchHead).into()),
            None => {}
        }
        self.nothing_beyond(tail)?;
        self.others(tail)?;
        let told = (self.ended, self.checkpoint, self.pause);
        let ended = self.summary.state == RunState::Ended;
        if told != (ended, self.summary.checkpoint, self.summary.pause) {
            return Err(self.flaw(tail.seq, Flaw::Listing).into());
        }
        Ok(Verified {
            run: self.run,
            records: tail.seq.0,
            head,
            ended: self.ended,
        })
    }

    /// Blobs that the run refers to and no record names, as the bytes of its component.
    fn others(&self, tail: Head) -> Result<(), VerifyError> {
        for digest in self.store.references(self.run)? {
            match self.store.get_blob(&digest) {
                Ok(_) => {}
                Err(StoreError::NoBlob(_) | StoreError::BlobAltered(_)) => {
                    return Err(self.flaw(tail.seq, Flaw::Blob(digest)).into());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Records beyond the head are another's doing, unless the head has moved on
    /// since the walk began.
    fn nothing_beyond(&self, tail: Head) -> Result<(), VerifyError> {
        let beyond = self.store.read(self.run, tail.seq.next(), 1)?;
        match beyond.first() {
            Some(found) if self.store.head(self.run)?.seq == tail.seq => {
                Err(self.flaw(found.seq, Flaw::BeyondHead).into())
            }
            _ => Ok(()),
        }
    }
}
