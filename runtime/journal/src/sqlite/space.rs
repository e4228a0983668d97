//! What runs and blobs take, and giving it back.
//!
//! Freed pages go back to the file system by `incremental_vacuum`: it moves only as
//! many pages as were freed, in one transaction, and needs little room on a disk that is
//! nearly full. A file of version 1 cannot do so; its first sweep writes it anew once
//! with VACUUM, which needs its size again on the disk, and can afterwards.

use rusqlite::{Connection, Row, Transaction};

use super::read;
use super::schema::{cause, hash};
use crate::{Hash, RunId, Size, StoreError, Swept};

const UNREFERENCED: &str = "FROM blobs WHERE digest NOT IN (SELECT digest FROM refs)";

/// Removes all rows of a run.
pub(super) fn remove(tx: &Transaction<'_>, number: i64) -> rusqlite::Result<()> {
    for table in ["records", "heads", "refs", "signals"] {
        tx.execute(&format!("DELETE FROM {table} WHERE run = ?1"), [number])?;
    }
    tx.execute("DELETE FROM runs WHERE number = ?1", [number])
        .map(drop)
}

pub(super) fn references(
    db: &Connection,
    schema: i32,
    run: RunId,
) -> Result<Vec<Hash>, StoreError> {
    let number = read::number(db, run)?;
    if schema < 2 {
        return Ok(Vec::new());
    }
    let sql = "SELECT digest FROM refs WHERE run = ?1 ORDER BY digest";
    let mut query = db.prepare_cached(sql).map_err(cause)?;
    let rows = query.query_map([number], |row| hash(row, 0));
    rows.map_err(cause)?
        .collect::<Result<_, _>>()
        .map_err(cause)
}

pub(super) fn size(db: &Connection, schema: i32, runs: &[RunId]) -> Result<Size, StoreError> {
    let numbers: Result<Vec<_>, _> = runs
        .iter()
        .map(|run| read::number(db, *run).map(|number| number.to_string()))
        .collect();
    // Numbers of rows, and so nothing that has to be quoted.
    let list = numbers?.join(", ");
    let sql = format!(
        "SELECT count(*), coalesce(sum(octet_length(bytes) + octet_length(hash)), 0) \
         FROM records WHERE run IN ({list})"
    );
    let (records, record_bytes) = db.query_row(&sql, [], pair).map_err(cause)?;
    let mut size = Size {
        records,
        record_bytes,
        ..Size::default()
    };
    if schema >= 2 {
        let sql = format!(
            "SELECT count(*), coalesce(sum(length(bytes)), 0) FROM blobs \
             WHERE digest IN (SELECT digest FROM refs WHERE run IN ({list})) \
             AND digest NOT IN (SELECT digest FROM refs WHERE run NOT IN ({list}))"
        );
        (size.blobs, size.blob_bytes) = db.query_row(&sql, [], pair).map_err(cause)?;
    }
    Ok(size)
}

fn pair(row: &Row<'_>) -> rusqlite::Result<(u64, u64)> {
    Ok((row.get(0)?, row.get(1)?))
}

/// What a sweep would remove. A file of version 1 knows no references: nothing.
pub(super) fn unreferenced(db: &Connection, schema: i32) -> Result<Swept, StoreError> {
    if schema < 2 {
        return Ok(Swept::default());
    }
    let sql = format!("SELECT count(*), coalesce(sum(length(bytes)), 0) {UNREFERENCED}");
    let (blobs, bytes) = db.query_row(&sql, [], pair).map_err(cause)?;
    Ok(Swept { blobs, bytes })
}

pub(super) fn sweep(tx: &Transaction<'_>) -> Result<Swept, StoreError> {
    let swept = unreferenced(tx, super::schema::VERSION)?;
    tx.execute(&format!("DELETE {UNREFERENCED}"), [])
        .map_err(cause)?;
    Ok(swept)
}

/// Gives freed pages back, and then the room that the log took for it.
pub(super) fn give_back(db: &Connection) -> rusqlite::Result<()> {
    const INCREMENTAL: i32 = 2;
    let mode: i32 = db.pragma_query_value(None, "auto_vacuum", |row| row.get(0))?;
    if mode == INCREMENTAL {
        run(db, "PRAGMA incremental_vacuum")?;
    } else {
        db.pragma_update(None, "auto_vacuum", INCREMENTAL)?;
        run(db, "VACUUM")?;
    }
    // One who reads may keep it from being cut; then the next to close does it.
    run(db, "PRAGMA wal_checkpoint(TRUNCATE)")
}

/// Runs a statement to its end, whatever rows it gives.
fn run(db: &Connection, sql: &str) -> rusqlite::Result<()> {
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}
