//! The files of a store: those of a bare repository that git itself accepts.

use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::CommitId;

/// The folders of a bare repository, outer first.
const FOLDERS: [&str; 6] = [
    "objects",
    "objects/info",
    "objects/pack",
    "refs",
    "refs/heads",
    "refs/minion",
];
/// Names the database that objects are borrowed from.
pub(super) const ALTERNATES: &str = "objects/info/alternates";
/// A ref that names the commit that the run started from.
const BASE: &str = "refs/minion/base";

/// Makes the files of a bare repository that git itself accepts.
pub(super) fn lay_out(
    path: &Path,
    lender: Option<&Path>,
    base: Option<CommitId>,
) -> io::Result<Result<(), PathBuf>> {
    let alternates = match lender.map(line).transpose() {
        Ok(alternates) => alternates,
        Err(lender) => return Ok(Err(lender)),
    };
    std::fs::DirBuilder::new().mode(0o700).create(path)?;
    for folder in FOLDERS {
        std::fs::create_dir(path.join(folder))?;
    }
    std::fs::write(path.join("HEAD"), "ref: refs/heads/main\n")?;
    std::fs::write(
        path.join("config"),
        "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
    )?;
    if let Some(line) = alternates {
        std::fs::write(path.join(ALTERNATES), line)?;
    }
    if let Some(base) = base {
        std::fs::write(path.join(BASE), format!("{base}\n"))?;
    }
    Ok(Ok(()))
}

/// Every file and folder that [`lay_out`] made, and the folder that names the
/// first.
pub(super) fn all(path: &Path) -> Vec<PathBuf> {
    let inner = FOLDERS.iter().chain(&["HEAD", "config", "."]);
    let perhaps = [ALTERNATES, BASE].map(|name| path.join(name));
    inner
        .map(|name| path.join(name))
        .chain(perhaps.into_iter().filter(|path| path.exists()))
        .chain(path.parent().map(Path::to_owned))
        .collect()
}

/// The commit that the store was made for, if it says so.
pub(super) fn base(path: &Path) -> io::Result<Option<CommitId>> {
    match std::fs::read_to_string(path.join(BASE)) {
        Ok(text) => {
            let id = text.trim_end().parse();
            id.map(Some).map_err(io::Error::other)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the store borrows objects.
pub(super) fn borrows(path: &Path) -> bool {
    path.join(ALTERNATES).exists()
}

/// Lets the store borrow from `lender`. Whole or not at all: a kill leaves the
/// old line or the new one.
pub(super) fn borrow_from(path: &Path, lender: &Path) -> io::Result<Result<(), PathBuf>> {
    let line = match line(lender) {
        Ok(line) => line,
        Err(lender) => return Ok(Err(lender)),
    };
    let file = path.join(ALTERNATES);
    if std::fs::read(&file)? != line {
        let new = path.join("objects/info/alternates.new");
        std::fs::write(&new, line)?;
        File::open(&new)?.sync_all()?;
        std::fs::rename(&new, &file)?;
        File::open(path.join("objects/info"))?.sync_all()?;
    }
    Ok(Ok(()))
}

fn line(lender: &Path) -> Result<Vec<u8>, PathBuf> {
    let mut line = lender.as_os_str().as_bytes().to_vec();
    if line.contains(&b'\n') {
        return Err(lender.to_owned());
    }
    line.push(b'\n');
    Ok(line)
}
