//! The right to write one run: a [`Lease`] with the epoch that fences those
//! before it.

use std::fmt;
use std::sync::Arc;

use crate::RunId;

/// How eagerly to claim a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Only if nobody who lives holds it.
    IfFree,
    /// From whoever holds it: they are fenced at their next write.
    TakeOver,
}

/// The right to append to one run, until somebody else claims it. The run counts
/// as held for as long as a clone of the lease lives; a process that dies lets go
/// of its leases.
#[derive(Clone)]
pub struct Lease {
    run: RunId,
    epoch: u64,
    guard: Option<Arc<dyn Send + Sync>>,
}

impl Lease {
    /// A lease for an implementation of [`Store`](crate::Store) to hand out;
    /// `guard` is dropped with its last clone.
    pub fn new(run: RunId, epoch: u64, guard: Option<Arc<dyn Send + Sync>>) -> Self {
        Self { run, epoch, guard }
    }

    /// Which run.
    pub const fn run(&self) -> RunId {
        self.run
    }

    /// Counts the claims of the run, from 1.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guarded = self.guard.is_some();
        write!(
            f,
            "Lease({}, epoch {}, guarded: {guarded})",
            self.run, self.epoch
        )
    }
}
