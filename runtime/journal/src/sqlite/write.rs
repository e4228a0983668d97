//! The one connection of a process that writes.
//!
//! Appends are grouped: those that come while another one is written share the next
//! transaction and its flush. A batch that is refused (fenced, conflict) does not touch
//! the others of its group; an error of the database takes the whole group back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use super::group::{Queue, Ticket};
use super::holders::Holders;
use super::read;
use super::rows;
use super::schema::cause;
use super::turn::Turn;
use super::{signals, space};
use crate::{
    AppendError, Batch, Blob, Claim, ClaimError, Clock, Hash, Head, Holder, Lease, NewRun, RunId,
    Seq, Signal, SignalError, StoreError, Swept, SystemClock,
};

/// The writer of this process.
pub(super) struct Writer {
    db: Mutex<Connection>,
    queue: Queue,
    turn: Turn,
    broken: AtomicBool,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Writer")
    }
}

/// How far a transaction came before it failed.
enum Failed {
    /// Nothing was written.
    Before(StoreError),
    /// The commit itself failed: it may be durable after all.
    Commit(StoreError),
}

impl Writer {
    pub(super) fn new(db: Connection, turn: Turn) -> Self {
        let (db, queue) = (Mutex::new(db), Queue::default());
        Self {
            db,
            queue,
            turn,
            broken: AtomicBool::new(false),
        }
    }

    pub(super) fn create(
        &self,
        run: &NewRun,
        first: &Batch,
        holders: &Holders,
    ) -> Result<Lease, AppendError> {
        let head = rows::follow(Seq(0), first)?;
        let made = self.transact(|tx| {
            if read::number(tx, run.run).is_ok() {
                return Ok(Err(AppendError::Exists(run.run)));
            }
            if let Some(missing) = rows::missing(tx, first).map_err(cause)? {
                return Ok(Err(StoreError::NoBlob(missing).into()));
            }
            let guard = holders
                .hold(run.run, 1)
                .map_err(|e| StoreError::Failed(e.into()))?;
            rows::insert_new(tx, run, first, head, Some(this())).map_err(cause)?;
            Ok(Ok(Lease::new(run.run, 1, Some(guard))))
        });
        made.unwrap_or_else(|failed| Err(append_error(run.run, failed)))
    }

    pub(super) fn adopt(&self, run: &NewRun, whole: &Batch) -> Result<(), AppendError> {
        let head = rows::follow(Seq(0), whole)?;
        let made = self.transact(|tx| {
            if read::number(tx, run.run).is_ok() {
                return Ok(Err(AppendError::Exists(run.run)));
            }
            if let Some(missing) = rows::missing(tx, whole).map_err(cause)? {
                return Ok(Err(StoreError::NoBlob(missing).into()));
            }
            rows::insert_new(tx, run, whole, head, None).map_err(cause)?;
            Ok(Ok(()))
        });
        made.unwrap_or_else(|failed| Err(append_error(run.run, failed)))
    }

    pub(super) fn claim(
        &self,
        run: RunId,
        claim: Claim,
        holders: &Holders,
    ) -> Result<Lease, ClaimError> {
        let io = |error: std::io::Error| StoreError::Failed(error.into());
        let claimed = self.transact(|tx| {
            let number = read::number(tx, run)?;
            let now = rows::standing(tx, number).map_err(cause)?;
            let epoch = now.epoch;
            if now.ended {
                return Ok(Err(ClaimError::Ended(run)));
            }
            if now.imported {
                return Ok(Err(ClaimError::Imported(run)));
            }
            if claim == Claim::IfFree && holders.lives(run, epoch).map_err(io)? {
                let holder = now.holder;
                return Ok(Err(ClaimError::Held { run, holder }));
            }
            let guard = holders.hold(run, epoch + 1).map_err(io)?;
            rows::hand_out(tx, number, epoch + 1, this()).map_err(cause)?;
            Ok(Ok((Lease::new(run, epoch + 1, Some(guard)), epoch)))
        });
        let (lease, before) = claimed.map_err(store_error)??;
        if claim == Claim::IfFree {
            holders.forget(run, before);
        }
        Ok(lease)
    }

    pub(super) fn put_blob(&self, bytes: &[u8]) -> Result<Hash, StoreError> {
        let blob = Blob::new(bytes.to_vec());
        rows::fits(&blob)?;
        let put = self.transact(|tx| rows::insert_blob(tx, &blob).map_err(cause));
        put.map_err(store_error)?;
        Ok(blob.digest())
    }

    pub(super) fn signal(&self, run: RunId, signal: &Signal) -> Result<u64, SignalError> {
        let body = signals::fits(signal)?;
        self.transact(|tx| signals::insert(tx, run, signal, &body))
            .map_err(store_error)?
    }

    pub(super) fn remove(&self, run: RunId, holders: &Holders) -> Result<(), ClaimError> {
        let removed = self.transact(|tx| {
            let number = read::number(tx, run)?;
            let now = rows::standing(tx, number).map_err(cause)?;
            let lives = holders.lives(run, now.epoch);
            if lives.map_err(|e| StoreError::Failed(e.into()))? {
                let holder = now.holder;
                return Ok(Err(ClaimError::Held { run, holder }));
            }
            space::remove(tx, number).map_err(cause)?;
            Ok(Ok(now.epoch))
        });
        let epoch = removed.map_err(store_error)??;
        holders.forget(run, epoch);
        Ok(())
    }

    pub(super) fn sweep(&self) -> Result<Swept, StoreError> {
        let mut db = self.connection()?;
        let swept = self.transact_on(&mut db, space::sweep);
        let swept = swept.map_err(store_error)?;
        self.alone(&mut db, |db| {
            space::give_back(db).map_err(|error| (Failed::Before(cause(error)), false))
        })
        .map_err(store_error)?;
        Ok(swept)
    }

    pub(super) fn append(
        &self,
        lease: &Lease,
        expected: Head,
        batch: Batch,
    ) -> Result<Head, AppendError> {
        rows::follow(expected.seq, &batch)?;
        let ticket = Ticket::new(lease.clone(), expected, batch);
        self.queue.take(&ticket, |group| self.write(group))
    }

    /// For tests: changes the connection itself.
    #[cfg(test)]
    pub(super) fn with(&self, work: impl FnOnce(&Connection)) {
        work(&self.connection().expect("the writer works"));
    }

    fn connection(&self) -> Result<MutexGuard<'_, Connection>, StoreError> {
        self.db.lock().map_err(|_| StoreError::Broken)
    }

    /// Writes a group in one transaction, and answers it.
    fn write(&self, group: &[Arc<Ticket>]) {
        let written = self.transact(|tx| {
            group
                .iter()
                .map(|ticket| rows::append(tx, &ticket.append()).map_err(cause))
                .collect::<Result<Vec<_>, _>>()
        });
        match written {
            Ok(answers) => group
                .iter()
                .zip(answers)
                .for_each(|(ticket, a)| ticket.answer(a)),
            Err(failed) => answer_all(group, failed),
        }
    }

    fn transact<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, Failed> {
        self.transact_on(&mut *self.connection().map_err(Failed::Before)?, work)
    }

    /// One transaction, while no other process has one. After an error of the
    /// disk this connection is trusted no more: what it believes to be in the
    /// file may not be there.
    fn transact_on<T>(
        &self,
        db: &mut Connection,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, Failed> {
        self.alone(db, |db| transact(db, work))
    }

    /// Work on the connection, while no other process writes.
    fn alone<T>(
        &self,
        db: &mut Connection,
        work: impl FnOnce(&mut Connection) -> Result<T, (Failed, bool)>,
    ) -> Result<T, Failed> {
        if self.broken.load(Ordering::Acquire) {
            return Err(Failed::Before(StoreError::Broken));
        }
        let taken = self
            .turn
            .take()
            .map_err(|error| Failed::Before(StoreError::Failed(error.into())))?;
        let done = work(db);
        drop(taken);
        done.map_err(|(failed, disk)| {
            self.broken.fetch_or(disk, Ordering::AcqRel);
            failed
        })
    }
}

/// The flag tells whether the disk itself failed.
fn transact<T>(
    db: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
) -> Result<T, (Failed, bool)> {
    let disk =
        |error: &rusqlite::Error| error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure);
    let begun = db.transaction_with_behavior(TransactionBehavior::Immediate);
    let tx = begun.map_err(|error| (Failed::Before(cause(error)), false))?;
    let answer = work(&tx).map_err(|error| (Failed::Before(error), false))?;
    tx.commit().map_err(|error| {
        let disk = disk(&error);
        (Failed::Commit(cause(error)), disk)
    })?;
    Ok(answer)
}

fn append_error(run: RunId, failed: Failed) -> AppendError {
    match failed {
        Failed::Before(error) => AppendError::Store(error),
        Failed::Commit(source) => AppendError::Unknown { run, source },
    }
}

/// Tells the error to all of a group: itself to the first, its words to the rest.
fn answer_all(group: &[Arc<Ticket>], failed: Failed) {
    let (words, late) = match &failed {
        Failed::Before(error) => (error.to_string(), false),
        Failed::Commit(error) => (error.to_string(), true),
    };
    let mut first = Some(failed);
    for ticket in group {
        let failed = first.take().unwrap_or_else(|| {
            let again = StoreError::Failed(words.clone().into());
            if late {
                Failed::Commit(again)
            } else {
                Failed::Before(again)
            }
        });
        ticket.answer(Err(append_error(ticket.lease.run(), failed)));
    }
}

fn store_error(failed: Failed) -> StoreError {
    match failed {
        Failed::Before(error) | Failed::Commit(error) => error,
    }
}

/// This process, as a holder from now on.
fn this() -> Holder {
    Holder::this(SystemClock.now())
}
