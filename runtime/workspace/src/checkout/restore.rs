//! Bringing a folder back to a tree, whatever was done to it.
//!
//! Nothing of the folder is believed: what should not be there is cleared away,
//! files that should be are read and compared, and what is missing or differs
//! is written anew. Everything goes through handles below the root; no symlink
//! is followed.

use std::collections::{BTreeSet, HashMap};
use std::os::fd::OwnedFd;
use std::path::Path;

use super::write::{Writing, folders, system};
use super::{CheckoutError, CheckoutOptions, Plan};
use crate::objects::Objects;
use crate::opening;
use crate::stamp::Known;
use crate::tree::Entry;

mod clear;
mod compare;

use clear::{Clearing, Left};
use compare::Comparing;

/// Brings the folder `dest` to what is planned, and tells what is known of each
/// file.
pub(super) fn in_place(
    objects: &Objects,
    plan: &Plan,
    dest: &Path,
    options: &CheckoutOptions<'_>,
) -> Result<(OwnedFd, HashMap<String, Known>), CheckoutError> {
    let root = opening::root_freed(dest).map_err(|error| system(&dest.to_string_lossy(), error))?;
    let wanted = folders(&plan.written);
    let left = Clearing::new(&root, plan, &wanted, options).run()?;
    let mut known = Comparing::new(&root, objects, options).run(&left.files)?;
    let missing: Vec<&Entry> = plan
        .written
        .iter()
        .filter(|leaf| !leaf.mode.is_commit() && !known.contains_key(&leaf.path))
        .collect();
    let new: BTreeSet<&str> = wanted.difference(&left.folders).copied().collect();
    let given = given(&wanted, &left, options);
    let written = Writing::below(&root, objects, options).run(&new, &missing, &given)?;
    known.extend(written);
    Ok((root, known))
}

/// Folders whose owner or mode is not what it shall be.
fn given<'f>(
    wanted: &BTreeSet<&'f str>,
    left: &Left<'f>,
    options: &CheckoutOptions<'_>,
) -> BTreeSet<&'f str> {
    let fit = |folder: &&str| options.make_writable && left.owned.contains(folder);
    let unfit = wanted.iter().filter(|folder| !fit(folder));
    unfit.copied().collect()
}
