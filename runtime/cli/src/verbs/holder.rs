//! The process that holds a run, and how it is ended.
//!
//! It is signalled by its descriptor, after a look at when it was born, so no other that got its
//! number is ever hit. One that was killed is waited for with everything that it had started:
//! only then does nobody work in the run's folder any more.

use crate::exit::{Fail, chain};
use minion_journal::{Holder, RunId, RunState, RunSummary, Store};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::time::{Duration, Instant};

/// How long one that was killed may take to be gone.
const BURIAL: Duration = Duration::from_millis(800);
/// How long what it had started may take: the walls fall by themselves when it is gone.
const AFTERMATH: Duration = Duration::from_secs(10);
/// How often it is asked meanwhile.
const LOOK: Duration = Duration::from_millis(20);

/// A process that has a run, and no other.
pub(super) struct Held {
    run: RunId,
    holder: Holder,
    process: OwnedFd,
}

impl Held {
    /// The process that holds a run; none when nobody does.
    ///
    /// # Errors
    /// Exit code 5 when somebody holds it who cannot be seen from here.
    pub(super) fn of(store: &dyn Store, run: RunId) -> Result<Option<Self>, Fail> {
        let found = summary(store, run)?;
        if found.state != RunState::Running {
            return Ok(None);
        }
        if let Some(holder) = found.holder
            && let Some(process) = opened(holder)?
        {
            return Ok(Some(Self {
                run,
                holder,
                process,
            }));
        }
        // It may have let go just now.
        if summary(store, run)?.state != RunState::Running {
            return Ok(None);
        }
        let run = run.short();
        Err(Fail::stopped(format!(
            "run {run} is held by a process that cannot be seen from here; cancel it where it runs"
        )))
    }

    /// To this very process; one that is gone already needs none.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), Fail> {
        match pidfd_send_signal(&self.process, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(failed(self.holder, error)),
        }
    }

    /// Whether the process let go of the run, or died, within that time.
    pub(super) fn gone(&self, store: &dyn Store, within: Duration) -> Result<bool, Fail> {
        let since = Instant::now();
        loop {
            if !self.holder.lives() || summary(store, self.run)?.state != RunState::Running {
                return Ok(true);
            }
            if since.elapsed() >= within {
                return Ok(false);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Kills it; when this returns, nothing is left of it nor of what it had started.
    pub(super) fn kill(&self, store: &dyn Store) -> Result<(), Fail> {
        // One that stands still starts nothing more while it is looked at.
        self.signal(Signal::STOP)?;
        let started = Processes::below(self.holder.process);
        self.signal(Signal::KILL)?;
        let (run, process) = (self.run.short(), self.holder.process);
        if !self.gone(store, BURIAL)? {
            return Err(Fail::stopped(format!(
                "process {process}, which has run {run}, was killed and is still there; the system waits for its disk"
            )));
        }
        match started.outlive(AFTERMATH) {
            None => Ok(()),
            Some(left) => Err(Fail::stopped(format!(
                "process {process}, which had run {run}, was killed, and process {left}, which it had started, is still \
                 there; end that one, and try again"
            ))),
        }
    }
}

/// Its descriptor, if it is still there.
fn opened(holder: Holder) -> Result<Option<OwnedFd>, Fail> {
    let Some(pid) = i32::try_from(holder.process).ok().and_then(Pid::from_raw) else {
        return Ok(None);
    };
    match pidfd_open(pid, PidfdFlags::empty()) {
        // Looked at only now: what the descriptor means cannot change any more.
        Ok(process) => Ok(holder.lives().then_some(process)),
        Err(rustix::io::Errno::SRCH) => Ok(None),
        Err(error) => Err(failed(holder, error)),
    }
}

fn failed(holder: Holder, error: rustix::io::Errno) -> Fail {
    let process = holder.process;
    Fail::stopped(format!(
        "process {process} could not be stopped: {error}; stop it as the user whose it is"
    ))
}

/// How a run stands now.
pub(super) fn summary(store: &dyn Store, run: RunId) -> Result<RunSummary, Fail> {
    store
        .summary(run)
        .map_err(|error| Fail::refused(chain(&error)))
}

/// A process as `/proc` tells it: number, parent and birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    number: u32,
    parent: u32,
    born: u64,
}

impl Process {
    /// None when it is gone, or dead and only waits to be noticed.
    fn look(number: u32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
        Self::read(number, &stat)
    }

    fn read(number: u32, stat: &str) -> Option<Self> {
        // The second field is a name in brackets that may hold anything, brackets too.
        let (_, rest) = stat.rsplit_once(") ")?;
        let mut fields = rest.split(' ');
        let state = fields.next()?;
        (!matches!(state, "Z" | "X")).then_some(())?;
        Some(Self {
            number,
            parent: fields.next()?.parse().ok()?,
            born: fields.nth(17)?.parse().ok()?,
        })
    }
}

/// Processes that somebody had started.
struct Processes(Vec<Process>);

impl Processes {
    /// All that descend from this one.
    fn below(process: u32) -> Self {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let all: Vec<_> = numbers.filter_map(Process::look).collect();
        let (mut found, mut above) = (Vec::new(), vec![process]);
        while let Some(parent) = above.pop() {
            let children = all.iter().filter(|process| process.parent == parent);
            for child in children {
                above.push(child.number);
                found.push(*child);
            }
        }
        Self(found)
    }

    /// One that is still there after that time.
    fn outlive(mut self, within: Duration) -> Option<u32> {
        let since = Instant::now();
        let lives = |process: &Process| {
            let now = Process::look(process.number);
            now.is_some_and(|now| now.born == process.born)
        };
        loop {
            self.0.retain(lives);
            let left = self.0.first()?.number;
            if since.elapsed() >= within {
                return Some(left);
            }
            std::thread::sleep(LOOK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command};

    fn sleeper() -> Child {
        Command::new("sleep").arg("60").spawn().unwrap()
    }

    #[test]
    fn what_a_process_started_is_waited_for_until_it_is_dead() {
        let mut child = sleeper();
        let below = || {
            let mut below = Processes::below(std::process::id());
            below.0.retain(|process| process.number == child.id());
            below
        };
        assert_eq!(below().0.len(), 1);
        assert_eq!(below().outlive(Duration::ZERO), Some(child.id()));
        let started = below();
        child.kill().unwrap();
        // Dead is enough: whoever should notice it may never do so.
        assert_eq!(started.outlive(Duration::from_secs(20)), None);
        child.wait().unwrap();
    }

    #[test]
    fn a_name_with_brackets_and_a_number_that_came_round_deceive_nobody() {
        let stat = "7 (a) R 1 (b) S 3 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 9";
        let read = Process::read(7, stat).unwrap();
        assert_eq!((read.parent, read.born), (3, 4711));
        let dead = stat.replace(") S", ") Z");
        assert_eq!(Process::read(7, &dead), None);
        let mut child = sleeper();
        let mut other = Process::look(child.id()).unwrap();
        other.born += 1;
        assert_eq!(Processes(vec![other]).outlive(Duration::ZERO), None);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
