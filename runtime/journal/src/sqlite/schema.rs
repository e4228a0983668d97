//! The tables, and what is read back from their values.
//!
//! | table | what |
//! |---|---|
//! | `runs` | one row a run: what the list shows; written at begin and end only |
//! | `heads` | one small row a run: epoch, last record and its hash, last checkpoint; written with every batch, so it is apart from `runs` |
//! | `records` | the chain: bytes and hash, by run and place |
//! | `blobs` | large payloads by their SHA-256 |
//!
//! The hash of the record before is not stored: it is the row before.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, ErrorCode, Row};

use crate::{Hash, RunId, StoreError};

/// Marks the file as ours: "MNJL" in ASCII.
pub(super) const APPLICATION: i32 = 0x4d4e_4a4c;

/// Version of the tables. A later program migrates; an earlier one refuses.
pub(super) const VERSION: i32 = 1;

const TABLES: &str = "
CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    started INTEGER NOT NULL,
    blueprint TEXT NOT NULL,
    version TEXT NOT NULL,
    repository TEXT NOT NULL,
    task TEXT NOT NULL,
    ended INTEGER,
    outcome TEXT,
    reason TEXT,
    branch TEXT,
    tree TEXT,
    totals TEXT
) STRICT;
CREATE TABLE heads (
    run INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    holder TEXT NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    checkpoint INTEGER
) STRICT;
CREATE TABLE records (
    run INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    bytes TEXT NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE blobs (
    digest BLOB NOT NULL UNIQUE,
    bytes BLOB NOT NULL
) STRICT;
";

/// Makes the tables in an empty file.
pub(super) fn create(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(TABLES)?;
    db.pragma_update(None, "application_id", APPLICATION)?;
    db.pragma_update(None, "user_version", VERSION)
}

/// What every connection is told.
pub(super) fn configure(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "cell_size_check", true)?;
    db.set_prepared_statement_cache_capacity(32);
    Ok(())
}

/// What a database error means to whoever asked.
pub(super) fn cause(error: Error) -> StoreError {
    let code = error.sqlite_error_code();
    let what = error.to_string();
    match code {
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreError::ReadOnly,
        Some(ErrorCode::DiskFull) => StoreError::Full(error.into()),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Locked(error.into())
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) | None => StoreError::Corrupt {
            what,
            source: Some(error.into()),
        },
        Some(_) => StoreError::Failed(error.into()),
    }
}

pub(super) fn corrupt(what: impl Into<String>) -> StoreError {
    StoreError::Corrupt {
        what: what.into(),
        source: None,
    }
}

/// The bytes of a text or blob, whatever they are.
pub(super) fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<u8>> {
    match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Ok(bytes.to_vec()),
        other => Err(Error::InvalidColumnType(
            column,
            "bytes".into(),
            other.data_type(),
        )),
    }
}

pub(super) fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<Hash> {
    row.get(column).map(Hash)
}

pub(super) fn run(row: &Row<'_>, column: usize) -> Result<RunId, StoreError> {
    let text: String = row.get(column).map_err(cause)?;
    text.parse()
        .map_err(|_| corrupt(format!("`{}` is no run", text.escape_debug())))
}
