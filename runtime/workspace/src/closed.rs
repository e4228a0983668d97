//! Folders that nobody else writes in: ours, no links, and looked at by the handle that was
//! opened, so that no other folder is meant than the one that was judged.
//!
//! What lies in such a folder cannot be exchanged by others, as long as it is such a folder
//! itself.

use std::fs::DirBuilder;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Gid, Mode, fchmod, fchown, fstat, openat};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::opening::FOLDER;

/// Why a folder is not used.
#[derive(Debug, thiserror::Error)]
pub enum ClosedError {
    /// It belongs to somebody else.
    #[error("`{}` belongs to user {owner}, who can put anything into it; make it yours with `chown {us} {}`, or name \
             another folder", path.display(), path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        us: u32,
    },
    /// Others may write in it.
    #[error("`{}` can be written by others (mode {mode:03o}); close it with `chmod go-w {}`", path.display(), path.display())]
    Writable {
        /// The folder.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is a link, or a file.
    #[error("`{}` is not a plain folder; name the folder itself, not a link to it", .0.display())]
    WrongKind(PathBuf),
    /// The system refused.
    #[error("`{}` cannot be used: {source}", path.display())]
    System {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ClosedError {
    /// Whether somebody else could have written what is in it.
    pub fn is_distrust(&self) -> bool {
        matches!(self, Self::Foreign { .. } | Self::Writable { .. })
    }
}

/// Makes the folder `path`, or takes one of ours that nobody else could write in, and closes it
/// to all others; the group `through` may pass, if one is named. One that lets a group pass
/// already stays so: another run may need that.
pub fn closed(path: &Path, through: Option<u32>) -> Result<(), ClosedError> {
    make(path)?;
    let (folder, mode) = judged(path)?;
    let passable = mode == 0o710 && through.is_none();
    if passable || (mode == 0o700 && through.is_none()) {
        return Ok(());
    }
    close(&folder, through).map_err(|error| system(path, error))
}

/// Makes the folder `path` closed to all others, or takes one of ours that nobody else can write
/// in, as far as its owner has opened it to readers. A closed one lets the group `through` pass.
pub fn kept(path: &Path, through: Option<u32>) -> Result<(), ClosedError> {
    make(path)?;
    let (folder, mode) = judged(path)?;
    if mode != 0o700 || through.is_none() {
        return Ok(());
    }
    close(&folder, through).map_err(|error| system(path, error))
}

fn make(path: &Path) -> Result<(), ClosedError> {
    let mut builder = DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(path);
    match made {
        // A link or a file: what is there is said after a look at it.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(ClosedError::System {
            path: path.to_owned(),
            source: error,
        }),
        _ => Ok(()),
    }
}

/// The folder, opened, and its permissions.
fn judged(path: &Path) -> Result<(OwnedFd, u32), ClosedError> {
    let folder = openat(CWD, path, FOLDER, Mode::empty()).map_err(|error| match error {
        Errno::LOOP | Errno::NOTDIR => ClosedError::WrongKind(path.to_owned()),
        other => system(path, other),
    })?;
    let stat = fstat(&folder).map_err(|error| system(path, error))?;
    let (path, us) = (path.to_owned(), geteuid().as_raw());
    let mode = stat.st_mode & 0o777;
    if stat.st_uid != us {
        let owner = stat.st_uid;
        return Err(ClosedError::Foreign { path, owner, us });
    }
    if mode & 0o022 != 0 {
        return Err(ClosedError::Writable { path, mode });
    }
    Ok((folder, mode))
}

fn close(folder: &OwnedFd, through: Option<u32>) -> Result<(), Errno> {
    let Some(group) = through else {
        return fchmod(folder, Mode::from(0o700));
    };
    // First the group: the one before it gets no further meanwhile.
    fchmod(folder, Mode::from(0o700))?;
    fchown(folder, None, Some(Gid::from_raw(group)))?;
    fchmod(folder, Mode::from(0o710))
}

fn system(path: &Path, error: Errno) -> ClosedError {
    ClosedError::System {
        path: path.to_owned(),
        source: error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

    fn mode(folder: &Path) -> u32 {
        folder.metadata().unwrap().mode() & 0o777
    }

    fn set(folder: &Path, mode: u32) {
        std::fs::set_permissions(folder, PermissionsExt::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_others_could_have_written_is_refused_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("runs");
        closed(&folder, None).unwrap();
        for open in [0o777, 0o770, 0o702, 0o720] {
            set(&folder, open);
            for judge in [closed, kept] {
                let error = judge(&folder, None).unwrap_err();
                assert!(error.is_distrust());
                let cure = format!("`chmod go-w {}`", folder.display());
                assert!(error.to_string().contains(&cure), "{error}");
            }
            assert_eq!(mode(&folder), open);
        }
        set(&folder, 0o755);
        closed(&folder, None).unwrap();
        assert_eq!(mode(&folder), 0o700);
    }

    #[test]
    fn another_users_folder_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let us = geteuid().as_raw();
        let folder = if us == 0 {
            chown(home.path(), Some(60_700), None).unwrap();
            home.path()
        } else {
            Path::new("/usr")
        };
        let error = kept(folder, None).unwrap_err();
        assert!(matches!(error, ClosedError::Foreign { .. }), "{error}");
        assert!(error.to_string().contains(&format!("`chown {us} ")));
    }

    #[test]
    fn a_link_to_a_folder_and_a_file_are_none() {
        let home = tempfile::tempdir().unwrap();
        let [folder, link, file] = ["folder", "link", "file"].map(|name| home.path().join(name));
        closed(&folder, None).unwrap();
        symlink(&folder, &link).unwrap();
        std::fs::write(&file, "").unwrap();
        for wrong in [link, file] {
            let error = closed(&wrong, None).unwrap_err();
            assert!(matches!(error, ClosedError::WrongKind(_)), "{error}");
        }
    }

    #[test]
    fn a_group_passes_and_does_not_read() {
        let home = tempfile::tempdir().unwrap();
        let own = home.path().metadata().unwrap().gid();
        let folder = home.path().join("folder");
        closed(&folder, Some(own)).unwrap();
        assert_eq!(mode(&folder), 0o710);
        assert_eq!(folder.metadata().unwrap().gid(), own);
        closed(&folder, None).unwrap();
        assert_eq!(mode(&folder), 0o710, "another run may need the way");
    }

    #[test]
    fn what_a_person_has_opened_to_readers_stays_so() {
        let home = tempfile::tempdir().unwrap();
        let own = home.path().metadata().unwrap().gid();
        let state = home.path().join("state");
        kept(&state, Some(own)).unwrap();
        assert_eq!(mode(&state), 0o710);
        for chosen in [0o750, 0o755, 0o500] {
            set(&state, chosen);
            kept(&state, Some(own)).unwrap();
            assert_eq!(mode(&state), chosen);
        }
    }
}
