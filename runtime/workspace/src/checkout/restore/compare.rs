//! Which files stand there as the tree has them. The others are removed, so
//! that they can be written anew.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;

use gix::objs::Kind;
use rustix::fs::{AtFlags, FileType, Stat, fstat, readlinkat, unlinkat};
use rustix::io::Errno;

use super::super::write::{batches, known, name_of, permissions, system};
use super::super::{CheckoutError, CheckoutOptions};
use crate::objects::{Objects, Reader, hash};
use crate::opening::{self, FILE, FOLDER, LINK};
use crate::parallel;
use crate::stamp::{Known, Stamp, now};
use crate::tree::{Entry, folder_of};

/// From here on it pays to ask for the size before reading, in bytes.
const LARGE: u64 = 64 << 10;

/// Comparing the files below a root.
pub(super) struct Comparing<'c> {
    root: &'c OwnedFd,
    objects: &'c Objects,
    writable: bool,
    /// User, and group where one was asked for.
    owner: (u32, Option<u32>),
}

impl<'c> Comparing<'c> {
    pub(super) fn new(
        root: &'c OwnedFd,
        objects: &'c Objects,
        options: &CheckoutOptions<'_>,
    ) -> Self {
        let owner = match options.owner {
            Some((user, group)) => (user, Some(group)),
            None => (rustix::process::geteuid().as_raw(), None),
        };
        Self {
            root,
            objects,
            writable: options.make_writable,
            owner,
        }
    }

    /// What is known of the files that are as they should be.
    pub(super) fn run(&self, leaves: &[&Entry]) -> Result<HashMap<String, Known>, CheckoutError> {
        let state = || (self.objects.reader(), Vec::new());
        let same = parallel::each(&batches(leaves), state, |(reader, buffer), batch| {
            self.batch(reader, buffer, batch)
        })?;
        Ok(same.into_iter().flatten().collect())
    }

    /// Compares files of one folder and removes those that differ.
    fn batch(
        &self,
        reader: &Reader,
        buffer: &mut Vec<u8>,
        batch: &[&Entry],
    ) -> Result<Vec<(String, Known)>, CheckoutError> {
        let Some(first) = batch.first() else {
            return Ok(Vec::new());
        };
        let folder = folder_of(&first.path);
        let opened =
            opening::below(self.root, folder, FOLDER).map_err(|error| system(folder, error))?;
        let mut same = Vec::with_capacity(batch.len());
        for leaf in batch {
            let at = now();
            if let Some(stamp) = self.same(reader, buffer, &opened, leaf) {
                let known = known(leaf, stamp);
                same.push((leaf.path.clone(), Known { at, ..known }));
                continue;
            }
            match unlinkat(&opened, name_of(&leaf.path), AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => return Err(system(&leaf.path, error)),
            }
        }
        Ok(same)
    }

    /// The stamp of what stands there, if it is what should. What cannot be
    /// read is not.
    fn same(
        &self,
        reader: &Reader,
        buffer: &mut Vec<u8>,
        folder: &OwnedFd,
        leaf: &Entry,
    ) -> Option<Stamp> {
        let name = name_of(&leaf.path);
        if leaf.mode.is_link() {
            let link = opening::below(folder, name, LINK).ok()?;
            let stat = fstat(&link).ok()?;
            let target = readlinkat(&link, "", Vec::new()).ok()?;
            let same = self.owns(&stat) && hash(Kind::Blob, target.as_bytes()).ok()? == leaf.id;
            return same.then(|| Stamp::of(&stat));
        }
        let file = opening::below(folder, name, FILE).ok()?;
        let stat = fstat(&file).ok()?;
        let stamp = Stamp::of(&stat);
        let size = stamp.size();
        let fit = self.owns(&stat)
            && self.fits(&stat, leaf)
            && (size < LARGE || reader.size_of(&leaf.id) == Some(size));
        if !fit {
            return None;
        }
        buffer.clear();
        File::from(file).take(size + 1).read_to_end(buffer).ok()?;
        (hash(Kind::Blob, buffer).ok()? == leaf.id).then_some(stamp)
    }

    fn owns(&self, stat: &Stat) -> bool {
        let (user, group) = self.owner;
        stat.st_uid == user && group.is_none_or(|group| group == stat.st_gid)
    }

    /// Whether it is a file that could have been written here. One with a
    /// second name is not: whoever has that could write it.
    fn fits(&self, stat: &Stat, leaf: &Entry) -> bool {
        let most = permissions(self.writable, leaf.mode.is_executable());
        let has = stat.st_mode & 0o7777;
        FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
            && stat.st_nlink == 1
            && has & !most == 0
            && has & 0o700 == most & 0o700
    }
}
