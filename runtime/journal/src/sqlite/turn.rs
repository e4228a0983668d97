//! The queue of the processes that write to one store.
//!
//! SQLite's own waiting starves some of them, so they wait for the lock of a file. All
//! who wait for such a lock are woken when it is given up, and all but one in vain. So
//! they wait in two places: one at the door, the rest at the turnstile before it. Who is
//! done wakes the one at the door; the rest are woken while that one already flushes.

use std::fs::File;
use std::io;

/// The locks of one process.
pub(super) struct Turn {
    door: File,
    turnstile: File,
}

/// A turn that lasts.
pub(super) struct Taken<'a>(&'a File);

impl Turn {
    pub(super) fn new(door: File, turnstile: File) -> Self {
        Self { door, turnstile }
    }

    /// Waits until no other process writes. One thread at a time may do so.
    pub(super) fn take(&self) -> io::Result<Taken<'_>> {
        self.turnstile.lock()?;
        let entered = self.door.lock();
        let _ = self.turnstile.unlock();
        entered.map(|()| Taken(&self.door))
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}
