//! What the file system says of a file, kept so that only what changed is
//! hashed again.
//!
//! A stamp vouches for a hash only when the file's last change lies far enough
//! before the moment the content was read: a later edit, even of the same size
//! and even with its modification time set back, then has another change time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gix::ObjectId;
use gix::objs::tree::EntryMode;
use rustix::fs::{FileType, Stat};

/// Linux takes file times from its tick, at most 10 ms behind the clock.
const TICK: Duration = Duration::from_millis(20);
/// Some file systems keep whole seconds, FAT two of them.
const COARSE: Duration = Duration::from_millis(2_100);

/// Identity and times of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    mode: u32,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    #[expect(
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::unnecessary_cast,
        reason = "the types of the fields differ by architecture"
    )]
    pub(crate) fn of(stat: &Stat) -> Self {
        Self {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            mode: stat.st_mode as u32,
            size: stat.st_size as u64,
            modified: (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            changed: (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        }
    }

    pub(crate) fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.mode)
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn executable(&self) -> bool {
        self.mode & 0o100 != 0
    }

    /// Whether every edit after `moment` would have changed this stamp.
    fn settled_at(&self, moment: Duration) -> bool {
        let (seconds, nanos) = self.changed;
        let (Ok(seconds), Ok(nanos)) = (u64::try_from(seconds), u32::try_from(nanos)) else {
            return false;
        };
        let margin = if nanos % 1_000_000 == 0 { COARSE } else { TICK };
        Duration::new(seconds, nanos) + margin < moment
    }
}

/// A file whose content is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(crate) stamp: Stamp,
    pub(crate) mode: EntryMode,
    pub(crate) id: ObjectId,
    /// When the content was read or written, since 1970.
    pub(crate) at: Duration,
}

impl Known {
    /// Whether a file with `stamp` still has this content.
    pub(crate) fn vouches_for(&self, stamp: &Stamp) -> bool {
        self.stamp == *stamp && stamp.settled_at(self.at)
    }
}

/// The clock that file times are compared with. It has to be the machine's
/// own: these times never reach a record or a tree.
pub(crate) fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed_at(seconds: i64, nanos: i64) -> Stamp {
        Stamp {
            device: 1,
            inode: 2,
            mode: 0o100_644,
            size: 3,
            modified: (0, 0),
            changed: (seconds, nanos),
        }
    }

    #[test]
    fn a_hash_of_a_file_that_just_changed_is_not_kept() {
        let fine = changed_at(100, 500_000_001);
        let at = |millis| Duration::from_millis(millis);
        assert!(
            !fine.settled_at(at(100_500)),
            "read in the tick of the change"
        );
        assert!(
            !fine.settled_at(at(100_515)),
            "the clock may be a tick ahead"
        );
        assert!(fine.settled_at(at(100_521)));
        let coarse = changed_at(100, 0);
        assert!(!coarse.settled_at(at(101_900)), "FAT keeps two seconds");
        assert!(coarse.settled_at(at(102_200)));
        assert!(!changed_at(-1, 1).settled_at(at(100_000)), "before 1970");
    }

    #[test]
    fn any_part_of_a_stamp_that_differs_makes_a_file_unknown() {
        let stamp = changed_at(100, 500_000_001);
        let known = Known {
            stamp,
            mode: gix::objs::tree::EntryKind::Blob.into(),
            id: ObjectId::null(gix::hash::Kind::Sha1),
            at: Duration::from_secs(200),
        };
        assert!(known.vouches_for(&stamp));
        let at = Duration::from_millis(100_501);
        assert!(!Known { at, ..known }.vouches_for(&stamp), "just changed");
        for other in [
            Stamp { inode: 9, ..stamp },
            Stamp { device: 9, ..stamp },
            Stamp {
                mode: 0o100_755,
                ..stamp
            },
            Stamp { size: 9, ..stamp },
            Stamp {
                modified: (9, 9),
                ..stamp
            },
            Stamp {
                changed: (9, 9),
                ..stamp
            },
        ] {
            assert!(!known.vouches_for(&other), "{other:?}");
        }
    }
}
