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

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{
    Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params,
};

use super::holders::Holders;
use super::schema::{cause, count, hash, int};
use super::{MAX_BLOB, read};
use crate::{
    AppendError, Batch, Blob, Claim, ClaimError, Ending, Hash, Head, Lease, NewRun, RunId, Seq,
    StoreError, Timestamp,
};

/// One append that waits for its transaction.
struct Ticket {
    lease: Lease,
    expected: Head,
    batch: Batch,
    answer: Mutex<Option<Result<Head, AppendError>>>,
}

impl Ticket {
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
        let head = follow(Seq(0), first)?;
        let guard = holders
            .hold(run.run, 1)
            .map_err(|error| StoreError::Failed(error.into()))?;
        let made = self.transact(|tx| {
            if read::number(tx, run.run).is_ok() {
                return Ok(Err(AppendError::Exists(run.run)));
            }
            let number = insert_run(tx, run).map_err(cause)?;
            insert_batch(tx, number, first).map_err(cause)?;
            let sql =
                "INSERT INTO heads (run, epoch, holder, seq, hash) VALUES (?1, 1, ?2, ?3, ?4)";
            let row = params![number, holder(), int(head.seq.0), head.hash.0];
            tx.execute(sql, row).map_err(cause)?;
            Ok(Ok(()))
        });
        match made {
            Ok(Ok(())) => Ok(Lease::new(run.run, 1, Some(guard))),
            Ok(Err(refusal)) => Err(refusal),
            Err(failed) => Err(append_error(run.run, failed)),
        }
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
            let (epoch, holder_then, ended) = standing(tx, number).map_err(cause)?;
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
            tx.execute(sql, params![number, int(epoch + 1), holder()])
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
        fits(&blob)?;
        let put = self.transact(|tx| insert_blob(tx, &blob).map_err(cause));
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
        follow(expected.seq, &batch)?;
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
        let db = self.connection()?;
        // While this thread waited, another may have written for it.
        if let Some(answer) = ticket.answered() {
            return answer;
        }
        self.write_queue(db);
        ticket
            .answered()
            .unwrap_or(Err(AppendError::Store(StoreError::Broken)))
    }

    fn connection(&self) -> Result<MutexGuard<'_, Connection>, StoreError> {
        self.db.lock().map_err(|_| StoreError::Broken)
    }

    /// Writes all that waits, in one transaction.
    fn write_queue(&self, db: MutexGuard<'_, Connection>) {
        let group = self
            .queue
            .lock()
            .map(|mut queue| std::mem::take(&mut *queue));
        let group = group.unwrap_or_default();
        let written = self.transact_on(db, |tx| {
            group
                .iter()
                .map(|ticket| append(tx, ticket).map_err(cause))
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
        self.transact_on(self.connection().map_err(Failed::Before)?, work)
    }

    /// One transaction, while no other process has one. After an error of the
    /// disk this connection is trusted no more: what it believes to be in the
    /// file may not be there.
    fn transact_on<T>(
        &self,
        mut db: MutexGuard<'_, Connection>,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, Failed> {
        if self.broken.load(Ordering::Acquire) {
            return Err(Failed::Before(StoreError::Broken));
        }
        self.lock
            .lock()
            .map_err(|error| Failed::Before(StoreError::Failed(error.into())))?;
        let done = transact(&mut db, work);
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

/// The head after a batch that follows `before`, if it does so without gaps and
/// with blobs of an allowed size.
fn follow(before: Seq, batch: &Batch) -> Result<Head, AppendError> {
    let mut expected = before;
    for record in &batch.records {
        expected = expected.next();
        if record.seq != expected {
            return Err(StoreError::Gap {
                expected,
                found: Some(record.seq),
            }
            .into());
        }
    }
    batch.blobs.iter().try_for_each(fits)?;
    match batch.records.last() {
        Some(last) => Ok(Head {
            seq: last.seq,
            hash: last.hash,
        }),
        None => Err(StoreError::Gap {
            expected: before.next(),
            found: None,
        }
        .into()),
    }
}

fn fits(blob: &Blob) -> Result<(), StoreError> {
    match blob.bytes().len() {
        bytes if bytes > MAX_BLOB => Err(StoreError::TooLarge {
            bytes,
            max: MAX_BLOB,
        }),
        _ => Ok(()),
    }
}

/// Appends one batch, or says why not; the outer error is the database's.
fn append(tx: &Transaction<'_>, ticket: &Ticket) -> rusqlite::Result<Result<Head, AppendError>> {
    let (run, expected) = (ticket.lease.run(), ticket.expected);
    let sql = "SELECT number, epoch, seq, hash, outcome IS NOT NULL \
               FROM runs JOIN heads ON run = number WHERE id = ?1";
    let mut query = tx.prepare_cached(sql)?;
    let found = query.query_row([run.to_string()], |row| {
        let tail = Head {
            seq: Seq(count(row, 2)?),
            hash: hash(row, 3)?,
        };
        Ok((
            row.get::<_, i64>(0)?,
            count(row, 1)?,
            tail,
            row.get::<_, bool>(4)?,
        ))
    });
    let Some((number, current, tail, ended)) = found.optional()? else {
        return Ok(Err(StoreError::NoRun(run).into()));
    };
    let epoch = ticket.lease.epoch();
    if current != epoch {
        return Ok(Err(AppendError::Fenced {
            run,
            held: epoch,
            current,
        }));
    }
    if ended {
        return Ok(Err(AppendError::Ended(run)));
    }
    if tail != expected {
        return Ok(Err(AppendError::Conflict { run, tail }));
    }
    let after = match follow(expected.seq, &ticket.batch) {
        Ok(after) => after,
        Err(refusal) => return Ok(Err(refusal)),
    };
    insert_batch(tx, number, &ticket.batch)?;
    let sql = "UPDATE heads SET seq = ?2, hash = ?3 WHERE run = ?1";
    tx.prepare_cached(sql)?
        .execute(params![number, int(after.seq.0), after.hash.0])?;
    Ok(Ok(after))
}

fn insert_run(tx: &Transaction<'_>, run: &NewRun) -> rusqlite::Result<i64> {
    let sql = "INSERT INTO runs (id, started, blueprint, version, repository, task) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let started = int(run.started.micros());
    let id = run.run.to_string();
    let row = params![
        id,
        started,
        run.blueprint,
        run.version,
        run.repository,
        run.task
    ];
    tx.execute(sql, row)?;
    Ok(tx.last_insert_rowid())
}

fn insert_batch(tx: &Transaction<'_>, number: i64, batch: &Batch) -> rusqlite::Result<()> {
    batch
        .blobs
        .iter()
        .try_for_each(|blob| insert_blob(tx, blob))?;
    let sql = "INSERT INTO records (run, seq, hash, bytes) VALUES (?1, ?2, ?3, ?4)";
    let mut insert = tx.prepare_cached(sql)?;
    for record in &batch.records {
        let text = ToSqlOutput::Borrowed(ValueRef::Text(&record.bytes));
        insert.execute(params![number, int(record.seq.0), record.hash.0, text])?;
    }
    match &batch.ending {
        Some((at, ending)) => close(tx, number, *at, ending),
        None => Ok(()),
    }
}

fn insert_blob(tx: &Transaction<'_>, blob: &Blob) -> rusqlite::Result<()> {
    let sql = "INSERT INTO blobs (digest, bytes) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING";
    tx.prepare_cached(sql)?
        .execute(params![blob.digest().0, blob.bytes()])
        .map(drop)
}

fn close(
    tx: &Transaction<'_>,
    number: i64,
    at: Timestamp,
    ending: &Ending,
) -> rusqlite::Result<()> {
    let sql = "UPDATE runs SET ended = ?2, outcome = ?3, reason = ?4, branch = ?5, tree = ?6, \
               totals = ?7 WHERE number = ?1";
    let totals = serde_json::to_string(&ending.totals)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let outcome = ending.outcome.name();
    let row = params![
        number,
        int(at.micros()),
        outcome,
        ending.reason,
        ending.branch,
        ending.tree,
        totals
    ];
    tx.execute(sql, row).map(drop)
}

/// Epoch, holder, and whether it has ended.
fn standing(tx: &Transaction<'_>, number: i64) -> rusqlite::Result<(u64, String, bool)> {
    let sql = "SELECT epoch, holder, outcome IS NOT NULL FROM runs JOIN heads ON run = number \
               WHERE number = ?1";
    tx.query_row(sql, [number], |row| {
        Ok((count(row, 0)?, row.get(1)?, row.get(2)?))
    })
}

/// How this process calls itself when it holds a run.
fn holder() -> String {
    format!("process {}", std::process::id())
}
