//! What is said to runs: rows that are written without a lease.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::read;
use super::rows;
use super::schema::cause;
use crate::{RunId, Signal, SignalError, StoreError};

/// The body as it is stored, if the signal is not too long.
pub(super) fn fits(signal: &Signal) -> Result<String, SignalError> {
    let body = signal.body.to_string();
    let dedupe = signal.dedupe.as_deref().map_or(0, str::len);
    let (bytes, max) = (signal.name.len() + body.len() + dedupe, Signal::MAX);
    if bytes > max {
        return Err(SignalError::TooLarge { bytes, max });
    }
    Ok(body)
}

/// Keeps a signal, unless one with its dedupe id is there; gives the number of the one
/// that is kept.
pub(super) fn insert(
    tx: &Transaction<'_>,
    run: RunId,
    signal: &Signal,
    body: &str,
) -> Result<Result<u64, SignalError>, StoreError> {
    let number = read::number(tx, run)?;
    let now = rows::standing(tx, number).map_err(cause)?;
    if now.ended {
        return Ok(Err(SignalError::Ended(run)));
    }
    if now.imported {
        return Ok(Err(SignalError::Imported(run)));
    }
    if let Some(before) = same(tx, number, signal).map_err(cause)? {
        return Ok(Ok(before));
    }
    let sql = "INSERT INTO signals (run, number, name, body, dedupe) VALUES (?1, \
               (SELECT coalesce(max(number), 0) + 1 FROM signals WHERE run = ?1), ?2, ?3, ?4) \
               RETURNING number";
    let row = params![number, signal.name, body, signal.dedupe];
    let kept = tx.query_row(sql, row, |row| row.get(0));
    kept.map(Ok).map_err(cause)
}

fn same(tx: &Transaction<'_>, run: i64, signal: &Signal) -> rusqlite::Result<Option<u64>> {
    let sql = "SELECT number FROM signals WHERE run = ?1 AND dedupe = ?2";
    tx.query_row(sql, params![run, signal.dedupe], |row| row.get(0))
        .optional()
}

pub(super) fn after(
    db: &Connection,
    schema: i32,
    run: RunId,
    after: u64,
) -> Result<Vec<(u64, Signal)>, StoreError> {
    let run = read::number(db, run)?;
    if schema < 2 {
        return Ok(Vec::new());
    }
    let sql = "SELECT number, name, body, dedupe FROM signals WHERE run = ?1 AND number > ?2 \
               ORDER BY number";
    let mut query = db.prepare_cached(sql).map_err(cause)?;
    let rows = query
        .query_map(params![run, after], signal)
        .map_err(cause)?;
    rows.collect::<Result<_, _>>().map_err(cause)
}

fn signal(row: &Row<'_>) -> rusqlite::Result<(u64, Signal)> {
    let text: String = row.get(2)?;
    let body = serde_json::from_str(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, error.into())
    })?;
    let (name, dedupe) = (row.get(1)?, row.get(3)?);
    Ok((row.get(0)?, Signal { name, body, dedupe }))
}
