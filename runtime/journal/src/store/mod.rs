//! What keeps the records: the [`Store`] trait, its guarantees, and the words
//! in them. The guarantees are proved by one suite, `conformance`, that every
//! implementation must pass.

mod error;
mod lease;
mod listing;

pub use error::{AppendError, ClaimError, LookupError, StoreError};
pub use lease::{Claim, Lease};
pub use listing::{NewRun, RunFilter, RunState, RunSummary, resolve};

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
    /// The blobs that they name.
    pub blobs: Vec<Blob>,
    /// The last of the records that is a [`crate::Body::Checkpoint`].
    pub checkpoint: Option<Seq>,
    /// Given when the last record is [`crate::Body::Ended`]: closes the run.
    pub ending: Option<(Timestamp, Ending)>,
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
}
