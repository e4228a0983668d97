//! Checkouts: a tree's files, written from objects into an empty folder, or
//! brought back in one that something else wrote in.
//!
//! Raw bytes and modes only. Symlinks are made as data, after all files, and
//! are never followed; submodules are empty folders. Refused: a tree with
//! files that need a filter, a folder that isn't empty.

use std::collections::{HashMap, HashSet};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use gix::ObjectId;

use crate::objects::{ObjectError, Objects};
use crate::stamp::Known;
use crate::tree::{self, Entry, TreeError};
use crate::walk::Tracked;
use crate::{TreeId, filters, ignore::IgnoreRules};

mod restore;
mod write;

/// Why a checkout could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    /// The tree cannot be used.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// An object is missing or damaged.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// Files that are pointers or cipher text without their filter.
    #[error(
        "{}; a committed line `<path> -filter` in .gitattributes takes a file as it is stored",
        filtered(paths)
    )]
    NeedsFilter {
        /// Every such path.
        paths: Vec<String>,
    },
    /// The folder holds something already.
    #[error("`{}` is not empty", .0.display())]
    Occupied(PathBuf),
    /// The tree is larger than the limits allow.
    #[error("`{path}` goes past the limit of {allowed} bytes")]
    TooLarge {
        /// The file at which it happened.
        path: String,
        /// The limit.
        allowed: u64,
    },
    /// The system refused.
    #[error("cannot write `{path}` into the checkout: {source}")]
    System {
        /// The path below the root.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// How many need a filter, and the first of them.
fn filtered(paths: &[String]) -> String {
    const SHOWN: usize = 10;
    let first: Vec<_> = paths.iter().take(SHOWN).map(String::as_str).collect();
    let more = match paths.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let needs = if paths.len() == 1 {
        "file needs"
    } else {
        "files need"
    };
    format!(
        "{} {needs} a git filter (such as Git LFS), which is never run: `{}`{more}",
        paths.len(),
        first.join("`, `")
    )
}

/// Bounds of a checkout and of what is taken from it.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most files and folders of a tree, or looked at by a snapshot.
    pub files: usize,
    /// The largest file, in bytes.
    pub file_bytes: u64,
    /// The most bytes written by a checkout, or newly hashed by a snapshot.
    pub total_bytes: u64,
}

impl Default for Limits {
    /// 500,000 files, 512 MiB a file, 16 GiB together.
    fn default() -> Self {
        Self {
            files: 500_000,
            file_bytes: 512 << 20,
            total_bytes: 16 << 30,
        }
    }
}

/// How a checkout is made.
#[derive(Clone, Copy)]
pub struct CheckoutOptions<'o> {
    /// User and group that everything in it shall belong to.
    pub owner: Option<(u32, u32)>,
    /// Tracked files that are not written, such as secret-looking ones. They
    /// stay in the tree of every snapshot as they are.
    pub leave_out: &'o dyn Fn(&str) -> bool,
    /// Whether files and folders may be written by their owner.
    pub make_writable: bool,
    /// The base whose ignore rules and tracked files define a snapshot; the
    /// tree itself when absent.
    pub base: Option<TreeId>,
    /// Bounds of the checkout and of its snapshots.
    pub limits: Limits,
}

impl Default for CheckoutOptions<'_> {
    /// Owned by this process, nothing left out, writable, its own base.
    fn default() -> Self {
        Self {
            owner: None,
            leave_out: &|_| false,
            make_writable: true,
            base: None,
            limits: Limits::default(),
        }
    }
}

/// A folder made from a tree, whose own tree can be taken again.
#[derive(Debug)]
pub struct Checkout {
    pub(crate) root: PathBuf,
    pub(crate) folder: OwnedFd,
    pub(crate) base: TreeId,
    pub(crate) objects: Objects,
    pub(crate) tracked: Tracked,
    pub(crate) rules: IgnoreRules,
    pub(crate) left_out: Vec<Entry>,
    pub(crate) known: HashMap<String, Known>,
    pub(crate) known_folders: HashSet<ObjectId>,
    pub(crate) limits: Limits,
}

impl Checkout {
    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The tree whose ignore rules and tracked files define its snapshots.
    pub fn base(&self) -> TreeId {
        self.base
    }

    /// Paths of the tree that were not written.
    pub fn left_out(&self) -> impl Iterator<Item = &str> {
        self.left_out.iter().map(|leaf| leaf.path.as_str())
    }
}

/// Writes `tree` into `dest`, which is made when it doesn't exist.
pub(crate) fn checkout(
    objects: &Objects,
    tree: TreeId,
    dest: &Path,
    options: CheckoutOptions<'_>,
) -> Result<Checkout, CheckoutError> {
    let plan = Plan::of(objects, tree, &options)?;
    let (folder, known) = write::into_empty(objects, &plan.written, dest, &options)?;
    Ok(plan.done(objects, dest, folder, known))
}

/// Brings `dest`, whatever stands there, to `tree`.
pub(crate) fn restore(
    objects: &Objects,
    tree: TreeId,
    dest: &Path,
    options: CheckoutOptions<'_>,
) -> Result<Checkout, CheckoutError> {
    if dest
        .symlink_metadata()
        .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    {
        return checkout(objects, tree, dest, options);
    }
    let plan = Plan::of(objects, tree, &options)?;
    let (folder, known) = restore::in_place(objects, &plan, dest, &options)?;
    Ok(plan.done(objects, dest, folder, known))
}

/// What a checkout of a tree consists of.
struct Plan {
    written: Vec<Entry>,
    left_out: Vec<Entry>,
    base: TreeId,
    tracked: Tracked,
    rules: IgnoreRules,
    known_folders: HashSet<ObjectId>,
    limits: Limits,
}

impl Plan {
    fn of(
        objects: &Objects,
        tree: TreeId,
        options: &CheckoutOptions<'_>,
    ) -> Result<Self, CheckoutError> {
        let reader = objects.reader();
        let flat = tree::flatten(&reader, tree, options.limits.files)?;
        let base = options.base.unwrap_or(tree);
        let of_base = (base != tree)
            .then(|| tree::flatten(&reader, base, options.limits.files))
            .transpose()?;
        let (left_out, written): (Vec<Entry>, Vec<Entry>) = flat
            .leaves
            .iter()
            .cloned()
            .partition(|leaf| !leaf.mode.is_commit() && (options.leave_out)(&leaf.path));
        let paths = filters::needed(&reader, &flat.leaves)?;
        if !paths.is_empty() {
            return Err(CheckoutError::NeedsFilter { paths });
        }
        let mut known_folders = flat.folders;
        let base_leaves = match of_base {
            Some(of_base) => {
                known_folders.extend(of_base.folders);
                of_base.leaves
            }
            None => flat.leaves,
        };
        Ok(Self {
            written,
            left_out,
            base,
            rules: IgnoreRules::of_tree(&reader, &base_leaves)?,
            tracked: Tracked::new(base_leaves),
            known_folders,
            limits: options.limits,
        })
    }

    fn done(
        self,
        objects: &Objects,
        dest: &Path,
        folder: OwnedFd,
        known: HashMap<String, Known>,
    ) -> Checkout {
        Checkout {
            root: dest.to_owned(),
            folder,
            base: self.base,
            objects: objects.clone(),
            tracked: self.tracked,
            rules: self.rules,
            left_out: self.left_out,
            known,
            known_folders: self.known_folders,
            limits: self.limits,
        }
    }
}
