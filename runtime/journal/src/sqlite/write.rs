//! The one connection of a process that writes.
//!
//! Appends are grouped: whoever comes while another thread writes puts its batch
//! into the queue; the next one to get the connection takes the whole queue into
//! one transaction and flushes once for all. A batch that is refused (fenced,
//! conflict) does not touch the others of its group; an error of the database
//! takes the whole group back.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior, params};

use super::holders::Holders;
use super::read;
use super::rows::{self, Append};
use super::schema::cause;
use crate::{
    AppendError, Batch, Blob, Claim, ClaimError, Hash, Head, Lease, NewRun, RunId, Seq, StoreError,
};

/// One append that waits for its transaction.
struct Ticket {
    lease: Lease,
    expected: Head,
    batch: Batch,
    answer: Mutex<Option<Result<Head, AppendError>>>,
}

impl Ticket {
    fn append(&self) -> Append<'_> {
        Append {
            lease: &self.lease,
            expected: self.expected,
            batch: &self.batch,
        }
    }

    fn answer(&self, answer: Result<Head, AppendError>) {
        if let Ok(mut slot) = self.answer.lock() {
            *slot = Some(answer);
        }
    }

    fn answered(&self) -> Option<Result<Head, AppendError>> {
        self.answer.lock().ok()?.take()
    }
}

/// The writer of this process.
pub(super) struct Writer {
    db: Mutex<Connection>,
    queue: Mutex<Vec<Arc<Ticket>>>,
    lock: File,
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
    pub(super) fn new(db: Connection, lock: File) -> Self {
        let (db, queue) = (Mutex::new(db), Mutex::default());
        Self {
            db,
            queue,
            lock,
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
            let guard = holders
                .hold(run.run, 1)
                .map_err(|e| StoreError::Failed(e.into()))?;
            rows::insert_new(tx, run, first, head, &holder()).map_err(cause)?;
            Ok(Ok(Lease::new(run.run, 1, Some(guard))))
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
            let (epoch, holder_then, ended) = rows::standing(tx, number).map_err(cause)?;
            if ended {
                return Ok(Err(ClaimError::Ended(run)));
            }
            if claim == Claim::IfFree && holders.lives(run, epoch).map_err(io)? {
                return Ok(Err(ClaimError::Held {
                    run,
                    holder: holder_then,
                }));
            }
            let guard = holders.hold(run, epoch + 1).map_err(io)?;
            let sql = "UPDATE heads SET epoch = ?2, holder = ?3 WHERE run = ?1";
            tx.execute(sql, params![number, epoch + 1, holder()])
                .map_err(cause)?;
            Ok(Ok((Lease::new(run, epoch + 1, Some(guard)), epoch)))
        });
        let (lease, before) = match claimed {
            Ok(answer) => answer?,
            Err(Failed::Before(error) | Failed::Commit(error)) => return Err(error.into()),
        };
        if claim == Claim::IfFree {
            holders.forget(run, before);
        }
        Ok(lease)
    }

    pub(super) fn put_blob(&self, bytes: &[u8]) -> Result<Hash, StoreError> {
        let blob = Blob::new(bytes.to_vec());
        rows::fits(&blob)?;
        let put = self.transact(|tx| rows::insert_blob(tx, &blob).map_err(cause));
        match put {
            Ok(()) => Ok(blob.digest()),
            Err(Failed::Before(error) | Failed::Commit(error)) => Err(error),
        }
    }

    pub(super) fn append(
        &self,
        lease: &Lease,
        expected: Head,
        batch: Batch,
    ) -> Result<Head, AppendError> {
        rows::follow(expected.seq, &batch)?;
        let (lease, answer) = (lease.clone(), Mutex::default());
        let ticket = Arc::new(Ticket {
            lease,
            expected,
            batch,
            answer,
        });
        self.queue
            .lock()
            .map_err(|_| StoreError::Broken)?
            .push(Arc::clone(&ticket));
        let mut db = self.connection()?;
        // While this thread waited, another may have written for it.
        if let Some(answer) = ticket.answered() {
            return answer;
        }
        self.write_queue(&mut db);
        ticket
            .answered()
            .unwrap_or(Err(AppendError::Store(StoreError::Broken)))
    }

    /// For tests: changes the connection itself.
    #[cfg(test)]
    pub(super) fn with(&self, work: impl FnOnce(&Connection)) {
        work(&self.connection().expect("the writer works"));
    }

    fn connection(&self) -> Result<MutexGuard<'_, Connection>, StoreError> {
        self.db.lock().map_err(|_| StoreError::Broken)
    }

    /// Writes all that waits, in one transaction. Every ticket is answered before
    /// the connection is given up: whoever gets it next relies on that.
    fn write_queue(&self, db: &mut Connection) {
        let group = self
            .queue
            .lock()
            .map(|mut queue| std::mem::take(&mut *queue));
        let group = group.unwrap_or_default();
        let written = self.transact_on(db, |tx| {
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
            Err(failed) => answer_all(&group, failed),
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
        if self.broken.load(Ordering::Acquire) {
            return Err(Failed::Before(StoreError::Broken));
        }
        self.lock
            .lock()
            .map_err(|error| Failed::Before(StoreError::Failed(error.into())))?;
        let done = transact(db, work);
        let _ = self.lock.unlock();
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

/// How this process calls itself when it holds a run.
fn holder() -> String {
    format!("process {}", std::process::id())
}
