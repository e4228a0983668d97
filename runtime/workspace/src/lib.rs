//! The run's own checkout and everything that is read from or written to it.
//!
//! In: a folder of the user, a revision, a path. Out: a [`Base`], a checkout
//! made from objects or brought back to a tree, the [`TreeId`] of what stands in
//! it, what changed, a branch. What [`RunStore::sync`] acknowledged outlives a
//! kill and a loss of power. The user's repository is only ever read, but for [`RunStore::deliver`],
//! which adds objects and one new branch.
//!
//! Refused: whatever cannot be taken as raw bytes (bare and empty
//! repositories, files that need a filter, names that are not UTF-8). No hook,
//! filter, alias or other program that a repository or a user configured is
//! ever started: no process is started at all.

mod changes;
mod checkout;
mod deliver;
mod discard;
mod files;
mod filters;
mod folder;
mod id;
mod ignore;
mod links;
mod objects;
mod opening;
mod parallel;
mod patch;
mod repository;
mod snapshot;
mod stamp;
mod store;
mod tree;
mod walk;

pub use changes::{Change, ChangeKind, FileKind, Lines};
pub use checkout::{Checkout, CheckoutError, CheckoutOptions, Limits};
pub use deliver::{DeliverError, Delivered, Signature};
pub use discard::discard;
pub use files::{
    EntryKind, FileEntry, FileError, FileLimits, FileOp, Files, Found, Hit, Judge, Judged,
    LimitKind,
};
pub use id::{CommitId, NotAnId, TreeId};
pub use links::Links;
pub use objects::ObjectError;
pub use patch::{Patch, PatchFile, PatchOptions, Shown, text_patch};
pub use repository::{Base, Kind, Repository, RepositoryError};
pub use snapshot::{Snapshot, SnapshotError};
pub use store::{RunStore, RunStoreError};
pub use tree::TreeError;
pub use walk::Refused;
