//! What a run did, written so that it can be trusted and done again.
//!
//! In come facts ([`Body`]), one by one; out comes a chain of [`Record`]s per
//! run in a [`Store`]. [`Journal`] writes one run, [`Records`] reads one as a
//! stream, [`verify`] finds what was altered since. Nothing here knows what a
//! component, a sandbox or an event loop is.
//!
//! The way of a fact: [`Journal::note`] encodes it into a buffer,
//! [`Journal::commit`] chains the buffer and hands it to [`Store::append`],
//! which makes all of it durable or none. What a failed commit leaves behind is
//! a poisoned journal: it accepts nothing more, and so the run stops.

mod audit;
mod canonical;
mod clock;
mod digest;
mod disk;
mod effective;
mod hash;
mod id;
mod journal;
mod portable;
mod reader;
mod record;
mod sqlite;
mod standing;
mod store;
mod verify;

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;

pub use audit::{
    AUDIT_VERSION, Allowed, Audit, AuditEntry, AuditFilter, AuditHead, CameOut, audit_seal,
};
pub use clock::{Clock, SystemClock, Timestamp};
pub use digest::RunDigest;
pub use disk::DecodeError;
pub use effective::{Effective, moved};
pub use hash::{Hash, HashError};
pub use id::{IdSource, RunFragment, RunId, RunIdError, SystemIds};
pub use journal::{Enclosed, Journal, JournalError, Resumption, keep};
pub use portable::{ExportError, ImportError, Imported, export, import};
pub use reader::{ReadError, Records, load, load_bytes};
pub use record::{
    Body, Decision, Effect, Ending, Forked, InDoubt, Level, Moved, Outcome, Part, Payload, Record,
    RunStarted, Seq, Totals,
};
pub use sqlite::{OpenError, SqliteStore};
pub use standing::{Parked, Standing};
pub use store::{
    AppendError, Batch, Blob, Claim, ClaimError, Head, Holder, Lease, LookupError, NewRun, Pause,
    RunFilter, RunState, RunSummary, Signal, SignalError, Size, Store, StoreError, StoredRecord,
    Swept, resolve,
};
pub use verify::{Flaw, Tampered, Verified, VerifyError, verify, verify_against, verify_holds};
