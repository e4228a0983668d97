//! Writing one run: facts go into a buffer, a commit makes them durable.
//!
//! The rule of DESIGN's effects in one line each: what only observes or stays in
//! the workspace is noted; an external effect is intended with
//! [`Journal::note_durably`] before it happens, and its result before anybody
//! sees it; a visit ends with [`Journal::commit`].

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;

use crate::canonical;
use crate::disk::{Envelope, encode};
use crate::{
    AppendError, Batch, Blob, Body, Claim, ClaimError, Clock, Ending, Hash, Head, Lease, Moved,
    NewRun, Pause, Payload, RunId, RunStarted, Seq, Store, StoreError, StoredRecord, Timestamp,
};

/// A buffer of this many bytes is committed without being asked, so that a guest
/// that calls without end fills the disk's budget, not the memory: 4 MiB.
const MAX_BUFFER: usize = 4 * 1024 * 1024;

/// Why a journal accepts nothing.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A write failed before. What is durable is known only after opening again.
    #[error("the journal of run `{}` stopped after a failed write: {why}", run.short())]
    Poisoned {
        /// Which run.
        run: RunId,
        /// What failed then.
        why: String,
    },
    /// The run has ended.
    #[error("run `{}` has ended and takes no more records", .0.short())]
    Ended(RunId),
    /// The end of a run is noted with [`Journal::end`], its begin by
    /// [`Journal::begin`].
    #[error("a record of this kind cannot be noted by itself")]
    NotNoted,
    /// A fact could not be encoded.
    #[error("a record could not be encoded")]
    Encode(#[from] serde_json::Error),
    /// The run was not claimed.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The store refused or failed.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

struct Draft {
    seq: Seq,
    bytes: Vec<u8>,
}

struct Inner {
    head: Head,
    next: Seq,
    drafts: Vec<Draft>,
    blobs: Vec<Blob>,
    refs: Vec<Hash>,
    checkpoint: Option<Seq>,
    pause: Option<Pause>,
    buffered: usize,
    ended: bool,
    poisoned: Option<String>,
}

impl Inner {
    fn draft(&mut self, envelope: Envelope, body: &Body) -> Result<(), JournalError> {
        let (seq, bytes) = (envelope.seq, encode(envelope, body)?);
        self.buffered += bytes.len();
        self.drafts.push(Draft { seq, bytes });
        self.next = seq.next();
        self.refs.extend(named(body));
        self.pause = Pause::after(body);
        if matches!(body, Body::Checkpoint { .. }) {
            self.checkpoint = Some(seq);
        }
        Ok(())
    }
}

/// The blobs that a fact names.
fn named(body: &Body) -> impl Iterator<Item = Hash> {
    let payloads = body.payloads().into_iter().flatten();
    payloads.filter_map(|payload| match payload {
        Payload::Blob { digest, .. } => Some(*digest),
        Payload::Inline(_) => None,
    })
}

/// Blobs that a run needs from its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enclosed {
    /// Those that come with it.
    pub blobs: Vec<Blob>,
    /// Those that were put before, beside those that the first record names.
    pub refs: Vec<Hash>,
}

/// How a run is taken up again; what [`Body::Resumed`] keeps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resumption {
    /// Version of the program that resumes.
    pub runtime_version: String,
    /// The checkpoint it goes on from; none is the beginning.
    pub checkpoint: Option<Seq>,
    /// The last record that still counts.
    pub void_after: Option<Seq>,
    /// The intent without a result that the journal ended with.
    pub in_doubt: Option<Seq>,
    /// The version of the blueprint that the run is moved to.
    pub moved: Option<Moved>,
}

/// The journal of one run, being written. Threads may share it.
///
/// Once a write has failed the journal is poisoned: every later call fails, and
/// nothing that was only noted is durable. Dropping a journal does not commit.
pub struct Journal {
    run: RunId,
    started: Timestamp,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    lease: Lease,
    inner: Mutex<Inner>,
}

impl Journal {
    /// Makes a run; its first record is durable when this returns.
    pub fn begin(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        run: RunId,
        start: RunStarted,
    ) -> Result<Self, JournalError> {
        Self::begin_with(store, clock, run, start, Enclosed::default())
    }

    /// Makes a run that needs certain blobs, as the bytes of its component. Refused with
    /// [`StoreError::NoBlob`] when one of `refs` is no more there: enclose it then.
    pub fn begin_with(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        run: RunId,
        start: RunStarted,
        enclosed: Enclosed,
    ) -> Result<Self, JournalError> {
        let started = clock.now();
        let new = NewRun::of(run, started, &start);
        let envelope = Envelope {
            seq: Seq::FIRST,
            visit: None,
            parent: None,
            at: started,
            micros: 0,
        };
        let body = Body::RunStarted(Box::new(start));
        let bytes = encode(envelope, &body)?;
        let hash = Hash::of_record(&Hash::ZERO, run, Seq::FIRST, &bytes);
        let head = Head {
            seq: Seq::FIRST,
            hash,
        };
        let records = vec![StoredRecord {
            seq: head.seq,
            hash,
            bytes,
        }];
        let mut refs = enclosed.refs;
        refs.extend(named(&body));
        let first = Batch {
            records,
            blobs: enclosed.blobs,
            refs,
            ..Batch::default()
        };
        let lease = store.create(&new, first)?;
        Ok(Self::at(run, started, store, clock, lease, head))
    }

    /// Takes a run that another process began, without a word in it yet: what it stands
    /// at can be read now, since nobody else writes it. [`Journal::resume`] goes on.
    pub fn claim(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        run: RunId,
        claim: Claim,
    ) -> Result<Self, JournalError> {
        let lease = store.claim(run, claim)?;
        let summary = store.summary(run)?;
        let (head, started) = (summary.head, summary.begun.started);
        Ok(Self::at(run, started, store, clock, lease, head))
    }

    /// Notes that the run goes on, and how. The note is durable when this returns.
    pub fn resume(&self, how: Resumption) -> Result<Seq, JournalError> {
        let Resumption {
            runtime_version,
            checkpoint,
            void_after,
            in_doubt,
            moved,
        } = how;
        let body = Body::Resumed {
            epoch: self.epoch(),
            runtime_version,
            checkpoint,
            void_after,
            in_doubt,
            moved: moved.map(Box::new),
        };
        self.note_durably(None, None, 0, body)
    }

    fn at(
        run: RunId,
        started: Timestamp,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        lease: Lease,
        head: Head,
    ) -> Self {
        let inner = Inner {
            head,
            next: head.seq.next(),
            drafts: Vec::new(),
            blobs: Vec::new(),
            refs: Vec::new(),
            checkpoint: None,
            pause: None,
            buffered: 0,
            ended: false,
            poisoned: None,
        };
        Self {
            run,
            started,
            store,
            clock,
            lease,
            inner: Mutex::new(inner),
        }
    }

    /// Which run.
    pub const fn run(&self) -> RunId {
        self.run
    }

    /// When it began.
    pub const fn started(&self) -> Timestamp {
        self.started
    }

    /// Where it is kept.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Epoch of the lease it writes with.
    pub const fn epoch(&self) -> u64 {
        self.lease.epoch()
    }

    /// The last record that is durable.
    pub fn head(&self) -> Head {
        self.inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .head
    }

    /// Puts a fact into the buffer; gives the place it will have. `visit` is the
    /// number of the visit in the run, `micros` how long it took.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a fact belongs to the journal once noted"
    )]
    pub fn note(
        &self,
        visit: Option<u64>,
        parent: Option<Seq>,
        micros: u64,
        body: Body,
    ) -> Result<Seq, JournalError> {
        if matches!(body, Body::RunStarted(_) | Body::Ended(_)) {
            return Err(JournalError::NotNoted);
        }
        let mut inner = self.open()?;
        let (seq, at) = (inner.next, self.clock.now());
        inner.draft(
            Envelope {
                seq,
                visit,
                parent,
                at,
                micros,
            },
            &body,
        )?;
        if inner.buffered > MAX_BUFFER {
            self.write(&mut inner, None)?;
        }
        Ok(seq)
    }

    /// Notes a fact and commits: for the intent and the result of an external
    /// effect.
    pub fn note_durably(
        &self,
        visit: Option<u64>,
        parent: Option<Seq>,
        micros: u64,
        body: Body,
    ) -> Result<Seq, JournalError> {
        let seq = self.note(visit, parent, micros, body)?;
        self.commit()?;
        Ok(seq)
    }

    /// The barrier: when it returns, all that was noted is durable. When it fails,
    /// the journal is poisoned.
    pub fn commit(&self) -> Result<(), JournalError> {
        let mut inner = self.open()?;
        self.write(&mut inner, None)
    }

    /// Notes how the run ended, and commits. Gives the head of the whole journal.
    pub fn end(&self, ending: Ending) -> Result<Head, JournalError> {
        let mut inner = self.open()?;
        let (seq, at) = (inner.next, self.clock.now());
        let micros = at.micros_since(self.started);
        let envelope = Envelope {
            seq,
            visit: None,
            parent: None,
            at,
            micros,
        };
        let body = Body::Ended(ending.clone());
        inner.draft(envelope, &body)?;
        self.write(&mut inner, Some((at, ending)))?;
        inner.ended = true;
        Ok(inner.head)
    }

    /// A value as it goes into a record: itself, or a blob when it is large. The
    /// blob is durable with the next commit.
    pub fn payload(&self, value: Value) -> Result<Payload, JournalError> {
        if canonical::is_longer_than(&value, Payload::MAX_INLINE) {
            self.blob(&canonical::to_vec(&value)?)
        } else {
            Ok(Payload::Inline(value))
        }
    }

    /// Bytes as a blob, however few. Durable with the next commit.
    pub fn blob(&self, bytes: &[u8]) -> Result<Payload, JournalError> {
        let blob = Blob::new(bytes.to_vec());
        let payload = Payload::Blob {
            digest: blob.digest(),
            bytes: bytes.len() as u64,
        };
        let mut inner = self.open()?;
        inner.buffered += bytes.len();
        inner.blobs.push(blob);
        Ok(payload)
    }

    /// Says that the run needs a blob that was put before and that no record names, as
    /// the bytes of a component it is moved to. Durable with the next commit.
    pub fn refer(&self, digest: Hash) -> Result<(), JournalError> {
        self.open()?.refs.push(digest);
        Ok(())
    }

    fn open(&self) -> Result<MutexGuard<'_, Inner>, JournalError> {
        let poisoned = |why: &str| JournalError::Poisoned {
            run: self.run,
            why: why.to_owned(),
        };
        let inner = self
            .inner
            .lock()
            .map_err(|_| poisoned("a thread panicked while writing"))?;
        match &inner.poisoned {
            Some(why) => Err(poisoned(why)),
            None if inner.ended => Err(JournalError::Ended(self.run)),
            None => Ok(inner),
        }
    }

    /// Chains the buffer and appends it.
    fn write(
        &self,
        inner: &mut Inner,
        ending: Option<(Timestamp, Ending)>,
    ) -> Result<(), JournalError> {
        if inner.drafts.is_empty() {
            return Ok(());
        }
        let mut previous = inner.head.hash;
        let records = inner.drafts.drain(..).map(|Draft { seq, bytes }| {
            previous = Hash::of_record(&previous, self.run, seq, &bytes);
            StoredRecord {
                seq,
                hash: previous,
                bytes,
            }
        });
        let batch = Batch {
            records: records.collect(),
            blobs: std::mem::take(&mut inner.blobs),
            refs: std::mem::take(&mut inner.refs),
            checkpoint: inner.checkpoint.take(),
            ending,
            pause: inner.pause.take(),
        };
        inner.buffered = 0;
        match self.store.append(&self.lease, inner.head, batch) {
            Ok(head) => {
                inner.head = head;
                Ok(())
            }
            Err(error) => {
                inner.poisoned = Some(error.to_string());
                Err(error.into())
            }
        }
    }
}

/// A value as it goes into the first record, when there is no journal yet: itself,
/// or a blob when it is large. The blob is durable when this returns.
pub fn keep(store: &dyn Store, value: Value) -> Result<Payload, JournalError> {
    if !canonical::is_longer_than(&value, Payload::MAX_INLINE) {
        return Ok(Payload::Inline(value));
    }
    let bytes = canonical::to_vec(&value)?;
    let digest = store.put_blob(&bytes)?;
    Ok(Payload::Blob {
        digest,
        bytes: bytes.len() as u64,
    })
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Journal({})", self.run)
    }
}
