//! The tables, and what is read back from their values.
//!
//! | table | what |
//! |---|---|
//! | `runs` | one row a run: what the list shows; written at begin and end only |
//! | `heads` | one small row a run: epoch, last record and its hash, last checkpoint; written with every batch, so it is apart from `runs` |
//! | `records` | the chain: bytes and hash, by run and place |
//! | `blobs` | large payloads by their SHA-256 |
//! | `refs` | which run refers to which blob |
//! | `signals` | what was said to a run, numbered from 1 for each |
//!
//! The hash of the record before is not stored: it is the row before.
//!
//! A new file is made as one of version 1 that is migrated at once, so that there is
//! one description of each table, and the way from version 1 is walked every day.

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, ErrorCode, Row};

use crate::{Hash, RunId, StoreError};

/// Marks the file as ours: "MNJL" in ASCII.
pub(super) const APPLICATION: i32 = 0x4d4e_4a4c;

/// Version of the tables. A later program migrates; an earlier one refuses.
pub(super) const VERSION: i32 = 2;

const TABLES_1: &str = "
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

const STEP_2: &str = "
ALTER TABLE runs ADD COLUMN imported INTEGER;
ALTER TABLE heads ADD COLUMN pause TEXT;
ALTER TABLE heads ADD COLUMN process INTEGER;
ALTER TABLE heads ADD COLUMN born INTEGER;
ALTER TABLE heads ADD COLUMN since INTEGER;
CREATE TABLE refs (
    run INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (run, digest)
) STRICT, WITHOUT ROWID;
CREATE TABLE signals (
    run INTEGER NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    dedupe TEXT,
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX signal_once ON signals (run, dedupe) WHERE dedupe IS NOT NULL;
";

/// Bytes of a page. A row of a table without row ids leaves its page when it is longer than a
/// quarter of it, and then costs pages of its own: with twice SQLite's usual 4 KiB, records with
/// a source file or a command's output of up to 2,000 bytes stay.
pub(super) const PAGE: u32 = 8 << 10;

/// Before the first table is made: freed pages can be given back one by one later, with
/// little room on the disk, where a VACUUM writes the whole file anew.
pub(super) fn prepare_new(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "page_size", PAGE)?;
    db.pragma_update(None, "auto_vacuum", "INCREMENTAL")
}

/// Makes the tables of version 1 in an empty file.
pub(super) fn create(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(TABLES_1)?;
    db.pragma_update(None, "application_id", APPLICATION)
}

/// Makes a file of version 1 one of version 2.
pub(super) fn migrate(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(STEP_2)?;
    let mut records = db.prepare("SELECT run, bytes FROM records")?;
    let mut rows = records.query([])?;
    while let Some(row) = rows.next()? {
        refer(db, row.get(0)?, &bytes(row, 1)?)?;
    }
    db.pragma_update(None, "user_version", VERSION)
}

/// Whatever looks like the digest of a blob in a record counts as a reference: one too
/// many keeps a few bytes, one too few would lose them, even for a damaged record.
fn refer(db: &Connection, run: i64, record: &[u8]) -> rusqlite::Result<()> {
    const MARK: &[u8] = br#""digest":""#;
    let sql = "INSERT INTO refs SELECT ?1, digest FROM blobs WHERE digest = ?2 \
               ON CONFLICT DO NOTHING";
    let mut insert = db.prepare_cached(sql)?;
    for at in 0..record.len() {
        let digest = record[at..]
            .strip_prefix(MARK)
            .and_then(|rest| rest.get(..64));
        let digest = digest.and_then(|digest| std::str::from_utf8(digest).ok());
        if let Some(Ok(digest)) = digest.map(str::parse::<Hash>) {
            insert.execute(rusqlite::params![run, digest.0])?;
        }
    }
    Ok(())
}

/// What every connection is told.
pub(super) fn configure(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "cell_size_check", true)?;
    // The library is built with statistics that a plan may follow. Without this it looks at the
    // values of each query, and prepares it anew whenever they change.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
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
