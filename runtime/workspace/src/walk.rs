//! Walking a folder: which of its files belong to its tree.
//!
//! In: a root, what is tracked, ignore rules. Out: files and symlinks that are
//! in, ignored paths, and what can be in no tree, by name. A folder is opened
//! from the root by its path, so depth costs no descriptors and no stack.

use std::collections::{BTreeMap, HashSet};
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, FileType, statat};
use rustix::io::Errno;

use crate::ignore::{FILE as IGNORE_FILE, IgnoreRules};
use crate::opening::{self, FOLDER};
use crate::stamp::Stamp;
use crate::tree::{Entry, MAX_DEPTH, MAX_PATH, folder_of, join, misnamed};

/// Something in the folder that no tree can hold, so it was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The path, escaped where it is not UTF-8.
    pub path: String,
    /// What it is.
    pub why: &'static str,
}

/// Why a walk ended.
#[derive(Debug)]
pub(crate) enum WalkError {
    System { path: String, error: Errno },
    TooMany,
}

/// What is tracked, whatever the ignore rules say.
#[derive(Debug, Default)]
pub(crate) struct Tracked {
    leaves: BTreeMap<String, Entry>,
    folders: HashSet<String>,
}

impl Tracked {
    pub(crate) fn new(leaves: Vec<Entry>) -> Self {
        let mut folders = HashSet::new();
        for leaf in &leaves {
            let mut folder = folder_of(&leaf.path);
            while !folder.is_empty() && folders.insert(folder.to_owned()) {
                folder = folder_of(folder);
            }
        }
        Self {
            leaves: leaves
                .into_iter()
                .map(|leaf| (leaf.path.clone(), leaf))
                .collect(),
            folders,
        }
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Entry> {
        self.leaves.get(path)
    }

    pub(crate) fn holds_below(&self, folder: &str) -> bool {
        self.folders.contains(folder)
    }

    pub(crate) fn is_submodule(&self, path: &str) -> bool {
        self.get(path).is_some_and(|leaf| leaf.mode.is_commit())
    }
}

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// Files and symlinks that are in, with their stamps.
    pub(crate) files: Vec<(String, Stamp)>,
    /// Submodules whose folder is there.
    pub(crate) submodules: Vec<String>,
    /// Left out by an ignore rule; a whole folder ends in `/`.
    pub(crate) ignored: Vec<String>,
    /// Left out because no tree can hold it.
    pub(crate) refused: Vec<Refused>,
}

/// One walk. `live` reads `.gitignore` files on the way.
pub(crate) struct Walk<'w> {
    pub(crate) root: &'w OwnedFd,
    pub(crate) tracked: &'w Tracked,
    pub(crate) rules: &'w mut IgnoreRules,
    pub(crate) live: bool,
    pub(crate) limit: usize,
}

/// A folder still to be read.
struct Folder {
    path: String,
    ignored: bool,
}

impl Walk<'_> {
    pub(crate) fn run(mut self) -> Result<Walked, WalkError> {
        let mut walked = Walked::default();
        let mut todo = vec![Folder {
            path: String::new(),
            ignored: false,
        }];
        while let Some(folder) = todo.pop() {
            self.folder(&folder, &mut todo, &mut walked)?;
        }
        walked.ignored.sort_unstable();
        walked.refused.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(walked)
    }

    fn folder(
        &mut self,
        folder: &Folder,
        todo: &mut Vec<Folder>,
        walked: &mut Walked,
    ) -> Result<(), WalkError> {
        let system = |error| WalkError::System {
            path: folder.path.clone(),
            error,
        };
        let opened = opening::below(self.root, &folder.path, FOLDER).map_err(system)?;
        if self.live {
            self.read_rules(&folder.path, &opened).map_err(system)?;
        }
        let mut entries = Dir::read_from(&opened).map_err(system)?;
        while let Some(entry) = entries.read() {
            let entry = entry.map_err(system)?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                self.limit = self.limit.checked_sub(1).ok_or(WalkError::TooMany)?;
                self.entry(folder, &opened, name, todo, walked)?;
            }
        }
        Ok(())
    }

    fn entry(
        &self,
        folder: &Folder,
        opened: &OwnedFd,
        name: &[u8],
        todo: &mut Vec<Folder>,
        walked: &mut Walked,
    ) -> Result<(), WalkError> {
        let (path, name) = match named(&folder.path, name) {
            Ok(named) => named,
            Err(refused) => {
                walked.refused.push(refused);
                return Ok(());
            }
        };
        let stat = match statat(opened, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Stamp::of(&stat),
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => return Err(WalkError::System { path, error }),
        };
        if stat.kind() == FileType::Directory {
            self.subfolder(folder, path, todo, walked);
            return Ok(());
        }
        if self.tracked.get(&path).is_none() && (folder.ignored || self.rules.ignores(&path, false))
        {
            walked.ignored.push(path);
        } else if let Some(why) = unfit(&stat, name) {
            walked.refused.push(Refused { path, why });
        } else {
            walked.files.push((path, stat));
        }
        Ok(())
    }

    fn subfolder(
        &self,
        parent: &Folder,
        path: String,
        todo: &mut Vec<Folder>,
        walked: &mut Walked,
    ) {
        if self.tracked.is_submodule(&path) {
            if self.holds_anything(&path) {
                walked.refused.push(Refused {
                    path: path.clone(),
                    why: "files inside a submodule",
                });
            }
            walked.submodules.push(path);
            return;
        }
        let ignored = parent.ignored || self.rules.ignores(&path, true);
        if ignored && !self.tracked.holds_below(&path) {
            walked.ignored.push(format!("{path}/"));
        } else {
            todo.push(Folder { path, ignored });
        }
    }

    fn holds_anything(&self, path: &str) -> bool {
        opening::below(self.root, path, FOLDER)
            .and_then(Dir::new)
            .is_ok_and(|entries| {
                entries
                    .flatten()
                    .any(|entry| !matches!(entry.file_name().to_bytes(), b"." | b".."))
            })
    }

    fn read_rules(&mut self, path: &str, folder: &OwnedFd) -> Result<(), Errno> {
        let file = match opening::below(folder, IGNORE_FILE, opening::FILE) {
            Ok(file) => file,
            Err(Errno::NOENT | Errno::LOOP) => return Ok(()),
            Err(error) => return Err(error),
        };
        if Stamp::of(&rustix::fs::fstat(file.as_fd())?).kind() == FileType::RegularFile {
            let mut content = Vec::new();
            std::io::Read::read_to_end(
                &mut std::io::Read::take(std::fs::File::from(file), 1 << 20),
                &mut content,
            )
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
            self.rules.add(path, &content);
        }
        Ok(())
    }
}

/// The path and name of an entry, unless no tree can hold it.
pub(crate) fn named<'n>(folder: &str, name: &'n [u8]) -> Result<(String, &'n str), Refused> {
    let Ok(text) = std::str::from_utf8(name) else {
        let path = join(folder, &name.escape_ascii().to_string());
        let why = "its name is not UTF-8";
        return Err(Refused { path, why });
    };
    let path = join(folder, text);
    let long = path.len() > MAX_PATH || path.split('/').count() > MAX_DEPTH;
    let why = if long {
        Some("the path is too long")
    } else {
        misnamed(name, false)
    };
    match why {
        None => Ok((path, text)),
        Some(why) => Err(Refused { path, why }),
    }
}

/// Why a file cannot be in a tree.
fn unfit(stat: &Stamp, name: &str) -> Option<&'static str> {
    match stat.kind() {
        FileType::RegularFile => None,
        FileType::Symlink => misnamed(name.as_bytes(), true),
        FileType::Fifo => Some("a fifo"),
        FileType::Socket => Some("a socket"),
        FileType::CharacterDevice | FileType::BlockDevice => Some("a device"),
        _ => Some("not a regular file"),
    }
}
