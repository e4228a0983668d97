//! Which process holds a run, told so that nobody else is ever taken for it.

use std::{fmt, fs};

use crate::Timestamp;

/// The process that holds a run. Numbers of processes come round; together with the
/// moment of its start one means the same process until the machine is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its number on this machine.
    pub process: u32,
    /// When it was started, in ticks since the machine was: field 22 of its `stat` below
    /// `/proc`.
    pub born: u64,
    /// When it claimed the run.
    pub since: Timestamp,
}

impl Holder {
    /// This process, `since` now.
    pub fn this(since: Timestamp) -> Self {
        let process = std::process::id();
        Self {
            process,
            born: born(process).unwrap_or_default(),
            since,
        }
    }

    /// Whether the process is still there, and no other that got its number.
    pub fn lives(&self) -> bool {
        born(self.process) == Some(self.born)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { process, since, .. } = self;
        write!(f, "process {process} on this machine, since {since}")
    }
}

fn born(process: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is a name in brackets that may hold anything, brackets too.
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_process_itself_is_taken_for_the_holder() {
        let this = Holder::this(Timestamp(0));
        assert!(this.lives() && this.born > 0);
        let born = this.born - 1;
        assert!(!Holder { born, ..this }.lives(), "another of that number");
        let process = u32::MAX;
        assert!(!Holder { process, ..this }.lives(), "no such process");
        let since = "process 4711 on this machine, since 1970-01-01T00:00:00.000Z";
        let process = 4711;
        assert_eq!(Holder { process, ..this }.to_string(), since);
    }
}
