//! Reading a run as a stream: one page of records in memory at a time, however
//! long the run is.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::ops::Deref;

use serde_json::Value;

use crate::disk::{DecodeError, decode};
use crate::{Flaw, Hash, Payload, Record, RunId, Seq, Store, StoreError, StoredRecord, Tampered};

/// Records that are fetched at once. With payloads of at most 32 KiB inline, a
/// page is at most a few megabytes.
const PAGE: usize = 64;

/// Why the next record cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What it gave is not what was written.
    #[error(transparent)]
    Tampered(#[from] Tampered),
    /// What it gave is no record.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A blob is no JSON.
    #[error("blob `{digest}` is not the JSON that its record says it is")]
    NotJson {
        /// Which blob.
        digest: Hash,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// Goes over the stored records of a run, one page in memory, and holds each against the
/// chain: nobody reads on from a record that was altered, and whoever reads to the end has
/// read up to the head. What a chain computed anew says is another matter, see
/// [`crate::verify_against`].
pub(crate) struct Pages<S> {
    store: S,
    run: RunId,
    next: Seq,
    prev: Hash,
    page: VecDeque<StoredRecord>,
}

impl<S: Deref<Target: Store>> Pages<S> {
    /// From `from` on.
    pub(crate) fn starting(store: S, run: RunId, from: Seq) -> Result<Self, StoreError> {
        let before = match from.0 {
            0 | 1 => None,
            later => store.read(run, Seq(later - 1), 1)?.pop(),
        };
        Ok(Self {
            store,
            run,
            next: from.max(Seq::FIRST),
            prev: before.map_or(Hash::ZERO, |record| record.hash),
            page: VecDeque::new(),
        })
    }

    /// The next one, with the hash of the one before.
    pub(crate) fn advance(&mut self) -> Result<Option<(Hash, StoredRecord)>, ReadError> {
        if self.page.is_empty() && !self.turn_page()? {
            return Ok(None);
        }
        let Some(stored) = self.page.pop_front() else {
            return Ok(None);
        };
        if stored.seq != self.next {
            return Err(self.flaw(self.next, Flaw::Missing));
        }
        if Hash::of_record(&self.prev, self.run, stored.seq, &stored.bytes) != stored.hash {
            return Err(self.flaw(stored.seq, Flaw::Hash));
        }
        let prev = std::mem::replace(&mut self.prev, stored.hash);
        self.next = stored.seq.next();
        Ok(Some((prev, stored)))
    }

    /// Fetches the next page; false at the head. A run that is being written may have
    /// grown when its head is looked at: then there is more to read.
    fn turn_page(&mut self) -> Result<bool, ReadError> {
        loop {
            self.page = self.store.read(self.run, self.next, PAGE)?.into();
            if !self.page.is_empty() {
                return Ok(true);
            }
            let head = self.store.head(self.run)?;
            match head.seq.next().cmp(&self.next) {
                Ordering::Less => return Err(self.flaw(head.seq, Flaw::BeyondHead)),
                Ordering::Equal if head.hash != self.prev => {
                    return Err(self.flaw(head.seq, Flaw::Head));
                }
                Ordering::Equal => return Ok(false),
                Ordering::Greater if self.store.read(self.run, self.next, 1)?.is_empty() => {
                    return Err(self.flaw(self.next, Flaw::Missing));
                }
                Ordering::Greater => {}
            }
        }
    }

    fn flaw(&self, seq: Seq, what: Flaw) -> ReadError {
        let run = self.run;
        Tampered { run, seq, what }.into()
    }
}

/// Iterates over the records of a run. Ends at the last one, or at the first
/// error: a record that was altered is one.
pub struct Records<'a> {
    run: RunId,
    pages: Pages<&'a dyn Store>,
    done: bool,
}

impl<'a> Records<'a> {
    /// All records of a run.
    pub fn all(store: &'a dyn Store, run: RunId) -> Result<Self, StoreError> {
        Self::starting(store, run, Seq::FIRST)
    }

    /// The records of a run from `from` on.
    pub fn starting(store: &'a dyn Store, run: RunId, from: Seq) -> Result<Self, StoreError> {
        let pages = Pages::starting(store, run, from)?;
        Ok(Self {
            run,
            pages,
            done: false,
        })
    }

    fn advance(&mut self) -> Result<Option<Record>, ReadError> {
        match self.pages.advance()? {
            Some((prev, stored)) => Ok(Some(decode(self.run, prev, &stored)?)),
            None => Ok(None),
        }
    }
}

impl Iterator for Records<'_> {
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

/// The value of a payload, wherever it is.
pub fn load(store: &dyn Store, payload: &Payload) -> Result<Value, ReadError> {
    match payload {
        Payload::Inline(value) => Ok(value.clone()),
        Payload::Blob { digest, .. } => {
            let value = serde_json::from_slice(&store.get_blob(digest)?);
            value.map_err(|source| ReadError::NotJson {
                digest: *digest,
                source,
            })
        }
    }
}

/// The bytes of a payload: of a blob as they are, of a value its canonical JSON.
pub fn load_bytes(store: &dyn Store, payload: &Payload) -> Result<Vec<u8>, ReadError> {
    match payload {
        Payload::Inline(value) => Ok(value.to_string().into_bytes()),
        Payload::Blob { digest, .. } => Ok(store.get_blob(digest)?),
    }
}
