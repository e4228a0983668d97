//! What is read, on a connection that cannot write.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::holders::Holders;
use super::schema::{self, bytes, cause, corrupt, hash};
use crate::{
    Ending, Hash, Head, Holder, NewRun, Outcome, Pause, RunFilter, RunFragment, RunId, RunState,
    RunSummary, Seq, StoreError, StoredRecord, Timestamp,
};

const SUMMARY: &str = "SELECT id, started, blueprint, version, repository, task, ended, outcome, \
     reason, branch, tree, totals, epoch, seq, hash, checkpoint";

/// What a summary needs beside the tables.
pub(super) struct Listing {
    pub(super) holders: Holders,
    pub(super) schema: i32,
}

impl Listing {
    fn query(&self, rest: &str) -> String {
        let since_2 = match self.schema {
            ..2 => "NULL, NULL, NULL, NULL, NULL",
            _ => "pause, process, born, since, imported",
        };
        format!("{SUMMARY}, {since_2} FROM runs LEFT JOIN heads ON run = number {rest}")
    }
}

pub(super) fn head(db: &Connection, run: RunId) -> Result<Head, StoreError> {
    let sql = "SELECT seq, hash FROM runs JOIN heads ON run = number WHERE id = ?1";
    let mut query = db.prepare_cached(sql).map_err(cause)?;
    let head = |row: &Row<'_>| {
        Ok(Head {
            seq: Seq(row.get(0)?),
            hash: hash(row, 1)?,
        })
    };
    let found = query.query_row([run.to_string()], head).optional();
    found.map_err(cause)?.ok_or(StoreError::NoRun(run))
}

pub(super) fn records(
    db: &Connection,
    run: RunId,
    from: Seq,
    limit: usize,
) -> Result<Vec<StoredRecord>, StoreError> {
    let sql = "SELECT seq, hash, bytes FROM records WHERE run = ?1 AND seq >= ?2 \
               ORDER BY seq LIMIT ?3";
    let number = number(db, run)?;
    let mut query = db.prepare_cached(sql).map_err(cause)?;
    let record = |row: &Row<'_>| {
        Ok(StoredRecord {
            seq: Seq(row.get(0)?),
            hash: hash(row, 1)?,
            bytes: bytes(row, 2)?,
        })
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = query
        .query_map(params![number, from.0, limit], record)
        .map_err(cause)?;
    rows.collect::<Result<_, _>>().map_err(cause)
}

/// The number that stands for a run in the other tables.
pub(super) fn number(db: &Connection, run: RunId) -> Result<i64, StoreError> {
    let mut query = db
        .prepare_cached("SELECT number FROM runs WHERE id = ?1")
        .map_err(cause)?;
    let found = query
        .query_row([run.to_string()], |row| row.get(0))
        .optional();
    found.map_err(cause)?.ok_or(StoreError::NoRun(run))
}

pub(super) fn blob(db: &Connection, digest: &Hash) -> Result<Vec<u8>, StoreError> {
    let mut query = db
        .prepare_cached("SELECT bytes FROM blobs WHERE digest = ?1")
        .map_err(cause)?;
    let found = query
        .query_row([digest.0], |row| bytes(row, 0))
        .optional()
        .map_err(cause)?;
    let found = found.ok_or(StoreError::NoBlob(*digest))?;
    if Hash::of(&found) == *digest {
        Ok(found)
    } else {
        Err(StoreError::BlobAltered(*digest))
    }
}

pub(super) fn has_blob(db: &Connection, digest: &Hash) -> Result<bool, StoreError> {
    let mut query = db
        .prepare_cached("SELECT 1 FROM blobs WHERE digest = ?1")
        .map_err(cause)?;
    query.exists([digest.0]).map_err(cause)
}

pub(super) fn candidates(
    db: &Connection,
    fragment: &RunFragment,
    limit: usize,
) -> Result<Vec<RunId>, StoreError> {
    let typed = match fragment {
        RunFragment::Whole(run) => run.to_string(),
        RunFragment::Part(text) => text.clone(),
    };
    // A fragment holds digits and letters only: nothing that LIKE would read.
    let sql = "SELECT id FROM runs WHERE id LIKE ?1 || '%' OR id LIKE '%' || ?1 \
               ORDER BY id DESC LIMIT ?2";
    let mut query = db.prepare_cached(sql).map_err(cause)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = query.query(params![typed, limit]).map_err(cause)?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next().map_err(cause)? {
        runs.push(schema::run(row, 0)?);
    }
    Ok(runs)
}

pub(super) fn summary(
    db: &Connection,
    run: RunId,
    listing: &Listing,
) -> Result<RunSummary, StoreError> {
    let mut query = db
        .prepare_cached(&listing.query("WHERE id = ?1"))
        .map_err(cause)?;
    let mut rows = query.query([run.to_string()]).map_err(cause)?;
    match rows.next().map_err(cause)? {
        Some(row) => line(row, listing),
        None => Err(StoreError::NoRun(run)),
    }
}

pub(super) fn runs(
    db: &Connection,
    filter: &RunFilter,
    listing: &Listing,
) -> Result<Vec<RunSummary>, StoreError> {
    let sql = listing.query(
        "WHERE (?1 IS NULL OR blueprint = ?1) AND (?2 IS NULL OR repository = ?2) \
         ORDER BY id DESC",
    );
    let mut query = db.prepare_cached(&sql).map_err(cause)?;
    let mut rows = query
        .query(params![filter.blueprint, filter.repository])
        .map_err(cause)?;
    let limit = filter.limit.unwrap_or(usize::MAX);
    let mut runs = Vec::new();
    while runs.len() < limit
        && let Some(row) = rows.next().map_err(cause)?
    {
        let summary = line(row, listing)?;
        if filter.state.is_none_or(|state| state == summary.state) {
            runs.push(summary);
        }
    }
    Ok(runs)
}

fn line(row: &Row<'_>, listing: &Listing) -> Result<RunSummary, StoreError> {
    let run = schema::run(row, 0)?;
    let ending = ending(row)?;
    let epoch: Option<u64> = row.get(12).map_err(cause)?;
    let epoch = epoch.ok_or_else(|| corrupt(format!("run `{}` has no head", run.short())))?;
    let (pause, holder) = (pause(row)?, holder(row).map_err(cause)?);
    let imported: Option<bool> = row.get(20).map_err(cause)?;
    let imported = imported.unwrap_or_default();
    let lives = || listing.holders.lives(run, epoch);
    let state = match (&ending, pause) {
        (Some(_), _) => RunState::Ended,
        _ if imported => RunState::Imported,
        _ if lives().map_err(|e| StoreError::Failed(e.into()))? => RunState::Running,
        (_, Some(Pause::Waiting)) => RunState::Waiting,
        (_, Some(Pause::Decided)) => RunState::Decided,
        (_, Some(Pause::Stopped)) => RunState::Stopped,
        (_, None) => RunState::Interrupted,
    };
    let rest = || -> rusqlite::Result<RunSummary> {
        Ok(RunSummary {
            begun: NewRun {
                run,
                started: Timestamp(row.get(1)?),
                blueprint: row.get(2)?,
                version: row.get(3)?,
                repository: row.get(4)?,
                task: row.get(5)?,
            },
            state,
            epoch,
            head: Head {
                seq: Seq(row.get(13)?),
                hash: hash(row, 14)?,
            },
            holder: holder.filter(|_| state == RunState::Running),
            pause,
            imported,
            checkpoint: row.get::<_, Option<u64>>(15)?.map(Seq),
            ended: row.get::<_, Option<u64>>(6)?.map(Timestamp),
            ending,
        })
    };
    rest().map_err(cause)
}

fn pause(row: &Row<'_>) -> Result<Option<Pause>, StoreError> {
    let found: Option<String> = row.get(16).map_err(cause)?;
    let known = |name: String| {
        Pause::named(&name).ok_or_else(|| corrupt(format!("`{}` is no pause", name.escape_debug())))
    };
    found.map(known).transpose()
}

fn holder(row: &Row<'_>) -> rusqlite::Result<Option<Holder>> {
    let Some(process) = row.get(17)? else {
        return Ok(None);
    };
    let (born, since) = (row.get(18)?, Timestamp(row.get(19)?));
    Ok(Some(Holder {
        process,
        born,
        since,
    }))
}

fn ending(row: &Row<'_>) -> Result<Option<Ending>, StoreError> {
    let Some(outcome) = row.get::<_, Option<String>>(7).map_err(cause)? else {
        return Ok(None);
    };
    let totals: Option<String> = row.get(11).map_err(cause)?;
    let totals = serde_json::from_str(totals.as_deref().unwrap_or("{}"));
    Ok(Some(Ending {
        outcome: Outcome::named(&outcome)
            .ok_or_else(|| corrupt(format!("`{}` is no outcome", outcome.escape_debug())))?,
        reason: row.get(8).map_err(cause)?,
        branch: row.get(9).map_err(cause)?,
        tree: row.get(10).map_err(cause)?,
        totals: totals.map_err(|_| corrupt("the totals of a run are no map of numbers"))?,
    }))
}
