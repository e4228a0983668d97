//! Resolution below one root, symlink by symlink.
//!
//! In: a path as written. Out: a descriptor of the real folder, one last name,
//! and the path that both make. Judging and using then mean the same place,
//! whatever others rename meanwhile.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, OFlags, Stat, readlinkat, statat};
use rustix::io::Errno;

use super::FileError;
use super::error::system;
use crate::opening;
use crate::tree::{GIT_FOLDER, join, misnamed};

/// The longest path, in bytes.
const MAX_PATH: usize = 4_096;
/// The most symlinks on one way, as in Linux.
const MAX_LINKS: usize = 40;
const FOLDER: OFlags = OFlags::PATH
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// A place below the root.
#[derive(Debug)]
pub(super) struct Place {
    /// The real folder that it lies in.
    pub(super) folder: Arc<OwnedFd>,
    /// Parts between `folder` and `name` that are no folders, yet.
    pub(super) missing: Vec<String>,
    /// The last name; empty when the place is `folder` itself.
    pub(super) name: String,
    /// From the root.
    pub(super) path: String,
}

impl Place {
    /// What stands there, without following it.
    pub(super) fn stat(&self) -> Result<Stat, Errno> {
        statat(&self.folder, self.name.as_str(), AtFlags::SYMLINK_NOFOLLOW)
    }
}

/// Resolves `path` below `root`; the last name only when `follow`. `through` is
/// asked about each symlink on the way.
pub(super) fn resolve<D>(
    root: &OwnedFd,
    path: &str,
    follow: bool,
    through: &dyn Fn(&str) -> Result<(), FileError<D>>,
) -> Result<Place, FileError<D>> {
    let mut walk = Walk {
        root: Arc::new(root.try_clone().map_err(|error| FileError::System {
            path: path.to_owned(),
            why: error.to_string(),
        })?),
        path,
        todo: Vec::new(),
        stack: Vec::new(),
        links: 0,
    };
    walk.push(path)?;
    walk.run(follow, through)
}

struct Walk<'p> {
    root: Arc<OwnedFd>,
    /// As asked for, to name it in errors.
    path: &'p str,
    /// Parts still to go, the next one last.
    todo: Vec<String>,
    /// Real folders passed, with their paths.
    stack: Vec<(Arc<OwnedFd>, String)>,
    links: usize,
}

impl Walk<'_> {
    /// Puts the parts of a path or of a symlink's target in front.
    fn push<D>(&mut self, path: &str) -> Result<(), FileError<D>> {
        let invalid = |why| FileError::Invalid {
            path: self.path.chars().take(200).collect(),
            why,
        };
        if path.len() > MAX_PATH {
            return Err(invalid("the path is too long"));
        }
        if path.contains('\0') {
            return Err(invalid("the path holds a NUL"));
        }
        if path.starts_with('/') {
            return Err(FileError::Outside(self.path.to_owned()));
        }
        let parts = path
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".");
        self.todo.extend(parts.rev().map(str::to_owned));
        Ok(())
    }

    fn run<D>(
        mut self,
        follow: bool,
        through: &dyn Fn(&str) -> Result<(), FileError<D>>,
    ) -> Result<Place, FileError<D>> {
        self.skip_plain_folders();
        while let Some(part) = self.todo.pop() {
            if part == ".." {
                if self.stack.pop().is_none() {
                    return Err(FileError::Outside(self.path.to_owned()));
                }
                continue;
            }
            let (folder, above) = self.here();
            let path = join(&above, &part);
            if misnamed(part.as_bytes(), false) == Some(GIT_FOLDER) {
                return Err(FileError::GitFolder(path));
            }
            let last = self.todo.is_empty();
            if last && !follow {
                return Ok(place(folder, part, path));
            }
            match target(&folder, &part) {
                Ok(Some(target)) => {
                    through(&path)?;
                    self.follow(&path, &target)?;
                }
                Ok(None) if last => return Ok(place(folder, part, path)),
                Ok(None) => match opening::below(&folder, &part, FOLDER) {
                    Ok(next) => self.stack.push((Arc::new(next), path)),
                    Err(Errno::NOTDIR | Errno::NOENT) => {
                        return self.missing(folder, part, &above);
                    }
                    Err(error) => return Err(system(&path, error)),
                },
                Err(Errno::NOENT) => return self.missing(folder, part, &above),
                Err(error) => return Err(system(&path, error)),
            }
        }
        let (folder, path) = self.here();
        Ok(place(folder, String::new(), path))
    }

    /// Opens everything before the last name at once, where the kernel proves
    /// that no part of it is a symlink. Otherwise nothing happens, and the way
    /// is gone part by part.
    fn skip_plain_folders(&mut self) {
        let parts = &self.todo;
        let closed = |part: &String| part == ".." || misnamed(part.as_bytes(), false).is_some();
        if parts.len() < 2 || parts.iter().any(closed) {
            return;
        }
        let above: Vec<&str> = parts.iter().skip(1).rev().map(String::as_str).collect();
        let above = above.join("/");
        if let Ok(folder) = opening::below(&self.root, &above, FOLDER) {
            self.stack.push((Arc::new(folder), above));
            self.todo.truncate(1);
        }
    }

    fn here(&self) -> (Arc<OwnedFd>, String) {
        match self.stack.last() {
            Some((folder, path)) => (Arc::clone(folder), path.clone()),
            None => (Arc::clone(&self.root), String::new()),
        }
    }

    fn follow<D>(&mut self, link: &str, target: &[u8]) -> Result<(), FileError<D>> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(FileError::Invalid {
                path: self.path.to_owned(),
                why: "too many symlinks on the way",
            });
        }
        let target =
            std::str::from_utf8(target).map_err(|_| FileError::Outside(link.to_owned()))?;
        self.push(target)
    }

    /// `part` isn't there, or is no folder. What follows it can then only be
    /// plain names.
    fn missing<D>(
        mut self,
        folder: Arc<OwnedFd>,
        part: String,
        above: &str,
    ) -> Result<Place, FileError<D>> {
        let mut names = vec![part];
        names.extend(self.todo.drain(..).rev());
        let path = names
            .iter()
            .fold(above.to_owned(), |path, name| join(&path, name));
        for name in &names {
            if misnamed(name.as_bytes(), false) == Some(GIT_FOLDER) {
                return Err(FileError::GitFolder(path));
            }
            if name == ".." {
                return Err(FileError::NotFound(self.path.to_owned()));
            }
        }
        let name = names.pop().unwrap_or_default();
        Ok(Place {
            folder,
            missing: names,
            name,
            path,
        })
    }
}

fn place(folder: Arc<OwnedFd>, name: String, path: String) -> Place {
    Place {
        folder,
        missing: Vec::new(),
        name,
        path,
    }
}

/// The target of a symlink; none for anything else that is there.
fn target(folder: &OwnedFd, name: &str) -> Result<Option<Vec<u8>>, Errno> {
    match readlinkat(folder.as_fd(), name, Vec::new()) {
        Ok(target) => Ok(Some(target.into_bytes())),
        Err(Errno::INVAL) => Ok(None),
        Err(error) => Err(error),
    }
}
