//! Opening: which folder and which file are taken, and which are refused.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::turn::Turn;
use super::{SqliteStore, holders, schema, write};
use crate::StoreError;

const FILE: &str = "journal.sqlite";
const DOOR: &str = "writer.lock";
const TURNSTILE: &str = "writer.turn";

/// How long to wait for a foreign program that locks the file; our own queue as `turn`
/// says.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a journal was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is none.
    #[error("there is no journal at `{}`", .0.display())]
    NotFound(PathBuf),
    /// Others may read or enter it.
    #[error("`{}` can be entered by others (mode {mode:03o}); close it with `chmod {cure:03o} {}`", path.display(), path.display())]
    Exposed {
        /// The folder or file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// What they should be.
        cure: u32,
    },
    /// It is a link, a pipe, a folder.
    #[error("`{}` is not a plain {expected}", path.display())]
    WrongKind {
        /// What was found.
        path: PathBuf,
        /// `file` or `folder`.
        expected: &'static str,
    },
    /// It may not be written.
    #[error("the journal `{}` is read-only; make it writable with `chmod u+w {}`", .0.display(), .0.display())]
    ReadOnly(PathBuf),
    /// It was made by a later program.
    #[error("the journal `{}` has schema {found}, and this program knows up to {known}: use the newer minion-rt that wrote it", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i32,
        /// The latest that is known here.
        known: i32,
    },
    /// It is a database of somebody else.
    #[error("`{}` is a database, but no journal of minion-rt", .0.display())]
    Foreign(PathBuf),
    /// It is damaged, or no database at all.
    #[error("the journal `{}` is corrupt; move it away to begin a new one", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: rusqlite::Error,
    },
    /// An earlier program writes it, and it has to be brought to a new form.
    #[error("the journal `{}` is in use by an earlier minion-rt; open it again when its runs have ended", .0.display())]
    InUse(PathBuf),
    /// Somebody else keeps it locked.
    #[error("the journal `{}` is locked by another program", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: rusqlite::Error,
    },
    /// The file system failed.
    #[error("`{}` could not be opened", path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database failed.
    #[error("the journal `{}` could not be opened", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: rusqlite::Error,
    },
}

impl SqliteStore {
    /// Opens the journal in a folder; makes both when they are not there.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_within(dir.as_ref(), PATIENCE)
    }

    /// Opens a journal that exists, for reading alone. Changes no record, but may
    /// have to write SQLite's own files beside it.
    pub fn open_read_only(dir: impl AsRef<Path>) -> Result<Self, OpenError> {
        let dir = dir.as_ref();
        let path = dir.join(FILE);
        check(&path, "file", 0o600)?.ok_or_else(|| OpenError::NotFound(path.clone()))?;
        let mut store = Self {
            dir: dir.to_owned(),
            writer: None,
            readers: Mutex::default(),
            schema: 0,
        };
        let db = store.connect().map_err(|source| database(&path, source))?;
        store.schema = admit(&path, &db)?;
        store
            .readers
            .lock()
            .map(|mut readers| readers.push(db))
            .ok();
        Ok(store)
    }

    pub(super) fn open_within(dir: &Path, patience: Duration) -> Result<Self, OpenError> {
        make_folder(dir)?;
        make_folder(&dir.join(holders::FOLDER))?;
        let (door, turnstile) = (dir.join(DOOR), dir.join(TURNSTILE));
        let turn = Turn::new(make_file(&door)?, make_file(&turnstile)?);
        let path = dir.join(FILE);
        let db = {
            let _taken = turn.take().map_err(|source| io_error(dir, source))?;
            make_database(&path).and_then(|()| prepare(&path, patience))
        };
        let writer = write::Writer::new(db?, turn);
        Ok(Self {
            dir: dir.to_owned(),
            writer: Some(writer),
            readers: Mutex::default(),
            schema: schema::VERSION,
        })
    }

    /// Runs `work` on a connection of its own that cannot write.
    pub(super) fn reading<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self
            .readers
            .lock()
            .ok()
            .and_then(|mut readers| readers.pop());
        let db = match idle {
            Some(db) => db,
            None => self.connect().map_err(schema::cause)?,
        };
        let answer = work(&db);
        if let Ok(mut readers) = self.readers.lock() {
            readers.push(db);
        }
        answer
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(self.dir.join(FILE), flags)?;
        db.busy_timeout(PATIENCE)?;
        schema::configure(&db)?;
        Ok(db)
    }
}

/// Opens the writer connection, with the tables made.
fn prepare(path: &Path, patience: Duration) -> Result<Connection, OpenError> {
    let failed = |source| database(path, source);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(path, flags).map_err(failed)?;
    db.busy_timeout(patience).map_err(failed)?;
    let found = admit(path, &db)?;
    if found == 0 {
        schema::prepare_new(&db).map_err(failed)?;
        db.pragma_update(None, "journal_mode", "WAL")
            .map_err(failed)?;
    } else if found < schema::VERSION {
        unused(path)?;
    }
    if found < schema::VERSION {
        let make = db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        if found == 0 {
            schema::create(&make).map_err(failed)?;
        }
        schema::migrate(&make).map_err(failed)?;
        make.commit().map_err(failed)?;
    }
    schema::configure(&db).map_err(failed)?;
    Ok(db)
}

/// Whether no process holds a run: an earlier program would go on without the references
/// that keep its blobs.
fn unused(path: &Path) -> Result<(), OpenError> {
    let folder = path.parent().unwrap_or(path);
    match holders::Holders::at(folder).anybody() {
        Ok(false) => Ok(()),
        Ok(true) => Err(OpenError::InUse(path.to_owned())),
        Err(source) => Err(io_error(folder, source)),
    }
}

/// Takes only a file of ours, in a version that is known, or an empty one; gives
/// the version.
fn admit(path: &Path, db: &Connection) -> Result<i32, OpenError> {
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let failed = |source| database(path, source);
    let application = number("application_id").map_err(failed)?;
    let version = number("user_version").map_err(failed)?;
    let tables = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
        row.get::<_, i64>(0)
    });
    match (application, version, tables.map_err(failed)?) {
        (0, 0, 0) => Ok(0),
        (schema::APPLICATION, found, _) if found > schema::VERSION => Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            known: schema::VERSION,
        }),
        (schema::APPLICATION, 1.., _) => Ok(version),
        _ => Err(OpenError::Foreign(path.to_owned())),
    }
}

/// Makes an empty file for the database. One that exists is looked at but not
/// opened here: closing it would drop the locks that SQLite has on it in this
/// process. Its name is flushed, for SQLite takes the file as given.
fn make_database(path: &Path) -> Result<(), OpenError> {
    match check(path, "file", 0o600)? {
        Some(found) if found.permissions().readonly() => Err(OpenError::ReadOnly(path.to_owned())),
        Some(_) => Ok(()),
        None => {
            make_file(path)?;
            let folder = path.parent().unwrap_or(path);
            let flushed = File::open(folder).and_then(|folder| folder.sync_all());
            flushed.map_err(|source| io_error(folder, source))
        }
    }
}

/// Makes a folder that only we may enter, or takes one that is so.
fn make_folder(path: &Path) -> Result<(), OpenError> {
    if check(path, "folder", 0o700)?.is_none() {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|source| io_error(path, source))?;
    }
    Ok(())
}

/// Makes a file that only we may read, or takes one that is so.
fn make_file(path: &Path) -> Result<File, OpenError> {
    if check(path, "file", 0o600)?.is_some_and(|found| found.permissions().readonly()) {
        return Err(OpenError::ReadOnly(path.to_owned()));
    }
    let mut options = OpenOptions::new();
    let opened = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path);
    opened.map_err(|source| io_error(path, source))
}

/// What lies at `path`, if it is of the right kind and closed to others.
fn check(path: &Path, expected: &'static str, cure: u32) -> Result<Option<Metadata>, OpenError> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(io_error(path, source)),
    };
    let fits = if expected == "folder" {
        found.is_dir()
    } else {
        found.is_file()
    };
    if !fits {
        return Err(OpenError::WrongKind {
            path: path.to_owned(),
            expected,
        });
    }
    match found.permissions().mode() & 0o777 {
        mode if mode & 0o077 != 0 => Err(OpenError::Exposed {
            path: path.to_owned(),
            mode,
            cure,
        }),
        _ => Ok(Some(found)),
    }
}

fn io_error(path: &Path, source: io::Error) -> OpenError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            OpenError::ReadOnly(path)
        }
        _ => OpenError::Io { path, source },
    }
}

fn database(path: &Path, source: rusqlite::Error) -> OpenError {
    use rusqlite::ErrorCode as Code;
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(Code::ReadOnly | Code::PermissionDenied) => OpenError::ReadOnly(path),
        Some(Code::DatabaseCorrupt | Code::NotADatabase) => OpenError::Corrupt { path, source },
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => OpenError::Locked { path, source },
        _ => OpenError::Database { path, source },
    }
}
