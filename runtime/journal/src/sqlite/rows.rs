//! The rows that a transaction writes, and when it refuses to.

use std::collections::BTreeSet;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension, Transaction, params};

use super::MAX_BLOB;
use super::schema::hash;
use crate::{
    AppendError, Batch, Blob, Ending, Hash, Head, Holder, Lease, NewRun, Pause, Seq, StoreError,
    Timestamp,
};

/// The head after a batch that follows `before`, if it does so without gaps and
/// with blobs of an allowed size.
pub(super) fn follow(before: Seq, batch: &Batch) -> Result<Head, AppendError> {
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

pub(super) fn fits(blob: &Blob) -> Result<(), StoreError> {
    match blob.bytes().len() {
        bytes if bytes > MAX_BLOB => Err(StoreError::TooLarge {
            bytes,
            max: MAX_BLOB,
        }),
        _ => Ok(()),
    }
}

/// What is appended, and by whom.
pub(super) struct Append<'a> {
    pub(super) lease: &'a Lease,
    pub(super) expected: Head,
    pub(super) batch: &'a Batch,
}

/// Appends one batch, or says why not; the outer error is the database's.
pub(super) fn append(
    tx: &Transaction<'_>,
    append: &Append<'_>,
) -> rusqlite::Result<Result<Head, AppendError>> {
    let number = match admit(tx, append.lease, append.expected)? {
        Ok(number) => number,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let head = match follow(append.expected.seq, append.batch) {
        Ok(head) => head,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Some(missing) = missing(tx, append.batch)? {
        return Ok(Err(StoreError::NoBlob(missing).into()));
    }
    insert_batch(tx, number, append.batch)?;
    let sql = "UPDATE heads SET seq = ?2, hash = ?3, checkpoint = coalesce(?4, checkpoint), \
               pause = ?5 WHERE run = ?1";
    let checkpoint = append.batch.checkpoint.map(|seq| seq.0);
    let pause = append.batch.pause.map(Pause::name);
    let row = params![number, head.seq.0, head.hash.0, checkpoint, pause];
    tx.prepare_cached(sql)?.execute(row)?;
    Ok(Ok(head))
}

/// The number of the lease's run, if the lease is the last one handed out, the
/// run goes on, and its head is the expected one.
fn admit(
    tx: &Transaction<'_>,
    lease: &Lease,
    expected: Head,
) -> rusqlite::Result<Result<i64, AppendError>> {
    let (run, held) = (lease.run(), lease.epoch());
    let sql = "SELECT number, epoch, seq, hash, outcome IS NOT NULL \
               FROM runs JOIN heads ON run = number WHERE id = ?1";
    let mut query = tx.prepare_cached(sql)?;
    let found = query.query_row([run.to_string()], |row| {
        let (seq, hash) = (Seq(row.get(2)?), hash(row, 3)?);
        let (number, ended) = (row.get::<_, i64>(0)?, row.get::<_, bool>(4)?);
        Ok((number, row.get(1)?, Head { seq, hash }, ended))
    });
    Ok(match found.optional()? {
        None => Err(StoreError::NoRun(run).into()),
        Some((_, current, ..)) if current != held => {
            Err(AppendError::Fenced { run, held, current })
        }
        Some((.., true)) => Err(AppendError::Ended(run)),
        Some((_, _, tail, _)) if tail != expected => Err(AppendError::Conflict { run, tail }),
        Some((number, ..)) => Ok(number),
    })
}

/// A blob that a batch needs, that does not come with it and is not there.
pub(super) fn missing(tx: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<Option<Hash>> {
    if batch.refs.is_empty() {
        return Ok(None);
    }
    let with: BTreeSet<Hash> = batch.blobs.iter().map(Blob::digest).collect();
    let mut query = tx.prepare_cached("SELECT 1 FROM blobs WHERE digest = ?1")?;
    for digest in batch.refs.iter().filter(|digest| !with.contains(digest)) {
        if !query.exists([digest.0])? {
            return Ok(Some(*digest));
        }
    }
    Ok(None)
}

/// Writes a run's row, its head and its first batch; one without a holder is imported.
pub(super) fn insert_new(
    tx: &Transaction<'_>,
    run: &NewRun,
    first: &Batch,
    head: Head,
    holder: Option<Holder>,
) -> rusqlite::Result<()> {
    let number = insert_run(tx, run, holder.is_none())?;
    insert_batch(tx, number, first)?;
    let sql = "INSERT INTO heads (run, epoch, holder, seq, hash, checkpoint, pause) \
               VALUES (?1, 1, '', ?2, ?3, ?4, ?5)";
    let checkpoint = first.checkpoint.map(|seq| seq.0);
    let pause = first.pause.map(Pause::name);
    let row = params![number, head.seq.0, head.hash.0, checkpoint, pause];
    tx.execute(sql, row)?;
    match holder {
        Some(holder) => hand_out(tx, number, 1, holder),
        None => Ok(()),
    }
}

/// Notes who holds a run from now on. `holder` is what version 1 showed.
pub(super) fn hand_out(
    tx: &Transaction<'_>,
    number: i64,
    epoch: u64,
    holder: Holder,
) -> rusqlite::Result<()> {
    let sql = "UPDATE heads SET epoch = ?2, holder = ?3, process = ?4, born = ?5, since = ?6 \
               WHERE run = ?1";
    let Holder {
        process,
        born,
        since,
    } = holder;
    let row = params![
        number,
        epoch,
        holder.to_string(),
        process,
        born,
        since.micros()
    ];
    tx.execute(sql, row).map(drop)
}

fn insert_run(tx: &Transaction<'_>, run: &NewRun, imported: bool) -> rusqlite::Result<i64> {
    let sql = "INSERT INTO runs (id, started, blueprint, version, repository, task, imported) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let started = run.started.micros();
    let id = run.run.to_string();
    let row = params![
        id,
        started,
        run.blueprint,
        run.version,
        run.repository,
        run.task,
        imported.then_some(true)
    ];
    tx.execute(sql, row)?;
    Ok(tx.last_insert_rowid())
}

fn insert_batch(tx: &Transaction<'_>, number: i64, batch: &Batch) -> rusqlite::Result<()> {
    batch
        .blobs
        .iter()
        .try_for_each(|blob| insert_blob(tx, blob))?;
    let with = batch.blobs.iter().map(Blob::digest);
    for digest in with.chain(batch.refs.iter().copied()) {
        let sql = "INSERT INTO refs (run, digest) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        tx.prepare_cached(sql)?.execute(params![number, digest.0])?;
    }
    let sql = "INSERT INTO records (run, seq, hash, bytes) VALUES (?1, ?2, ?3, ?4)";
    let mut insert = tx.prepare_cached(sql)?;
    for record in &batch.records {
        let text = ToSqlOutput::Borrowed(ValueRef::Text(&record.bytes));
        insert.execute(params![number, record.seq.0, record.hash.0, text])?;
    }
    match &batch.ending {
        Some((at, ending)) => close(tx, number, *at, ending),
        None => Ok(()),
    }
}

pub(super) fn insert_blob(tx: &Transaction<'_>, blob: &Blob) -> rusqlite::Result<()> {
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
        at.micros(),
        outcome,
        ending.reason,
        ending.branch,
        ending.tree,
        totals
    ];
    tx.execute(sql, row).map(drop)
}

/// What a claim has to know.
pub(super) struct Standing {
    pub(super) epoch: u64,
    pub(super) holder: String,
    pub(super) ended: bool,
    pub(super) imported: bool,
}

pub(super) fn standing(tx: &Transaction<'_>, number: i64) -> rusqlite::Result<Standing> {
    let sql = "SELECT epoch, holder, outcome IS NOT NULL, imported IS NOT NULL \
               FROM runs JOIN heads ON run = number WHERE number = ?1";
    tx.query_row(sql, [number], |row| {
        Ok(Standing {
            epoch: row.get(0)?,
            holder: row.get(1)?,
            ended: row.get(2)?,
            imported: row.get(3)?,
        })
    })
}
