//! What keeps the records: the [`Store`] trait, its guarantees, and the words
//! in them. The guarantees are proved by one suite, `conformance`, that every
//! implementation must pass.

mod error;
mod holder;
mod lease;
mod listing;
mod signal;
mod space;

pub use error::{AppendError, ClaimError, LookupError, SignalError, StoreError};
pub use holder::Holder;
pub use lease::{Claim, Lease};
pub use listing::{NewRun, Pause, RunFilter, RunState, RunSummary, resolve};
pub use signal::Signal;
pub use space::{Size, Swept};

use crate::{Ending, Hash, RunFragment, RunId, Seq, Timestamp};

/// A record as it lies in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its place.
    pub seq: Seq,
    /// Its hash, as [`Hash::of_record`] defines it.
    pub hash: Hash,
    /// Its bytes: what the hash covers.
    pub bytes: Vec<u8>,
}

/// The last record of a run: where it lies, and what it hashes to. Who has kept
/// a head elsewhere can prove the whole journal below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its place.
    pub seq: Seq,
    /// Its hash.
    pub hash: Hash,
}

/// Bytes that go to the blob store under their SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    digest: Hash,
    bytes: Vec<u8>,
}

impl Blob {
    /// Takes the bytes and computes their digest.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self {
            digest: Hash::of(&bytes),
            bytes,
        }
    }

    /// Their SHA-256.
    pub const fn digest(&self) -> Hash {
        self.digest
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// What is appended at once: all of it or nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// At least one record, in order and without gaps.
    pub records: Vec<StoredRecord>,
    /// The blobs that they name and that come with them.
    pub blobs: Vec<Blob>,
    /// The blobs that were put before and that the run needs: those that the records
    /// name, and others, as the bytes of a component.
    pub refs: Vec<Hash>,
    /// The last of the records that is a [`crate::Body::Checkpoint`].
    pub checkpoint: Option<Seq>,
    /// Given when the last record is [`crate::Body::Ended`]: closes the run.
    pub ending: Option<(Timestamp, Ending)>,
    /// Given when the last record is [`crate::Body::Waiting`] or
    /// [`crate::Body::Stopped`]: how the run stands when its writer lets go.
    pub pause: Option<Pause>,
}

/// Keeps the journals of many runs, for many processes.
///
/// # Guarantees
///
/// - **G1, durable.** What `create`, `append` or `put_blob` acknowledged is
///   there after the process, and after the machine, stopped at any moment
///   (as far as the disk keeps what it acknowledged to an fsync).
/// - **G2, whole.** A batch is there completely or not at all, blobs and head
///   included. The records of a run are numbered from 1 without gaps, and the
///   head names the last of them.
/// - **G3, fenced.** Each claim of a run has a higher epoch than all before it.
///   Once epoch *e* + 1 was handed out, no batch of epoch *e* is accepted. A run
///   that has ended accepts none at all.
/// - **G4, conditional.** A batch is accepted only on the head that its writer
///   expects; two writers leave one contiguous chain.
/// - **G5, said.** A refusal leaves the store as it was. Only
///   [`AppendError::Unknown`] leaves open what happened: read the head again.
/// - **G6, content.** `get_blob` gives the bytes whose SHA-256 was asked for, or
///   an error; never others.
/// - **G7, readers.** Reading waits for no writer and sees whole batches only.
/// - **G8, references.** A run refers to every blob that came with its batches or that
///   they name in `refs`; a batch that names a blob that is not there is refused with
///   [`StoreError::NoBlob`]. No blob that a run refers to is ever swept. One that was only
///   put may be, before a batch names it: whoever is refused puts it again.
/// - **G9, signals.** A signal that was acknowledged is durable. Those of a run are
///   numbered from 1 in the order in which they came, and stay until the run is removed:
///   each is seen at least once. One with the dedupe id of an earlier one is not kept; its
///   sender is told the number of the earlier one. Anybody may send, without a lease;
///   runs that have ended or were imported take none.
/// - **G10, pauses.** The summary tells the `pause` of the last batch, as long as nothing
///   was appended since; a claim that writes nothing leaves it as it was.
/// - **G11, removal.** A run is removed with its records, head, signals and references,
///   at once; only when nobody holds it. A lease of it writes nothing afterwards.
/// - **G12, imports.** An adopted run is whole, and nobody ever claims it.
///
/// A store does not judge the bytes of a record nor its hash: [`crate::verify`]
/// does. Whoever holds a lease fences the journal with it, not the world: an
/// effect of a fenced writer may still be under way.
pub trait Store: Send + Sync {
    /// Makes a run with its first records, claimed with epoch 1.
    fn create(&self, run: &NewRun, first: Batch) -> Result<Lease, AppendError>;

    /// Claims a run that exists, to go on with it.
    fn claim(&self, run: RunId, claim: Claim) -> Result<Lease, ClaimError>;

    /// Appends to the run of the lease, if its head is still `expected`; gives
    /// the new head.
    fn append(&self, lease: &Lease, expected: Head, batch: Batch) -> Result<Head, AppendError>;

    /// Makes a run that was written elsewhere, with all its records. It is there to be
    /// read and replayed, and cannot be claimed: its workspace and the process that wrote
    /// it are elsewhere, and what it says is the word of whoever made the file.
    fn adopt(&self, run: &NewRun, whole: Batch) -> Result<(), AppendError>;

    /// The head of a run.
    fn head(&self, run: RunId) -> Result<Head, StoreError>;

    /// Up to `limit` records of a run, from `from` on, in order.
    fn read(&self, run: RunId, from: Seq, limit: usize) -> Result<Vec<StoredRecord>, StoreError>;

    /// One run.
    fn summary(&self, run: RunId) -> Result<RunSummary, StoreError>;

    /// The runs that fit, the youngest first.
    fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError>;

    /// Up to `limit` runs whose id begins or ends so, the youngest first.
    fn candidates(&self, fragment: &RunFragment, limit: usize) -> Result<Vec<RunId>, StoreError>;

    /// Keeps a blob by itself; for what is there before any record names it.
    fn put_blob(&self, bytes: &[u8]) -> Result<Hash, StoreError>;

    /// The blob with that SHA-256.
    fn get_blob(&self, digest: &Hash) -> Result<Vec<u8>, StoreError>;

    /// Whether there is such a blob; its bytes are not looked at.
    fn has_blob(&self, digest: &Hash) -> Result<bool, StoreError>;

    /// The blobs that a run refers to, in the order of their digests.
    fn references(&self, run: RunId) -> Result<Vec<Hash>, StoreError>;

    /// Says something to a run; gives the signal's number.
    fn signal(&self, run: RunId, signal: &Signal) -> Result<u64, SignalError>;

    /// What was said to a run after signal number `after`, which is 0 for all.
    fn signals(&self, run: RunId, after: u64) -> Result<Vec<(u64, Signal)>, StoreError>;

    /// Removes a run that nobody holds. Its blobs stay until they are swept.
    fn remove(&self, run: RunId) -> Result<(), ClaimError>;

    /// What removing these runs together, and sweeping, would free.
    fn size(&self, runs: &[RunId]) -> Result<Size, StoreError>;

    /// Removes the blobs that no run refers to and gives the space of all that was
    /// removed back to the file system; when `dry`, says only what it would remove.
    fn sweep(&self, dry: bool) -> Result<Swept, StoreError>;
}
