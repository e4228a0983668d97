//! Finding and ending every descendant, also those that left their group, session and parent.
//!
//! As child subreaper we become the parent of every orphan below us, so nothing leaves the tree.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions};

/// Long enough for thousands of processes; a tree that outlives it is reported.
const PATIENCE: Duration = Duration::from_secs(8);

/// Kills and reaps until no child is left. False: some would not go.
pub(super) fn end_all() -> bool {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Err(rustix::io::Errno::CHILD) => return true,
            Ok(None) => {
                kill_all();
                std::thread::sleep(Duration::from_micros(300));
            }
            _ => {}
        }
    }
    false
}

/// Kills every descendant there is at this moment, without reaping.
pub(super) fn kill_all() {
    let parents = parents();
    for process in below(own_id(), &parents) {
        kill(process, parents.get(&process).copied());
    }
}

/// All processes that descend from this one.
pub(super) fn descendants() -> Vec<i32> {
    below(own_id(), &parents())
}

/// All processes that can be seen.
pub(super) fn all_processes() -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}

/// How many threads the processes of a uid have, as the kernel counts for `RLIMIT_NPROC`.
pub(super) fn threads_of(uid: u32) -> u64 {
    let status = |id: i32| fs::read_to_string(format!("/proc/{id}/status")).ok();
    all_processes()
        .into_iter()
        .filter_map(status)
        .map(|status| threads_in(&status, uid))
        .sum()
}

fn threads_in(status: &str, uid: u32) -> u64 {
    let field = |name| {
        let value = status.lines().find_map(|line| line.strip_prefix(name));
        value.and_then(|value| value.split_whitespace().next()?.parse::<u64>().ok())
    };
    if field("Uid:") == Some(uid.into()) {
        field("Threads:").unwrap_or(1)
    } else {
        0
    }
}

/// By handle, and only if the number still means the process that was looked at.
fn kill(process: i32, parent: Option<i32>) {
    let Some(pid) = Pid::from_raw(process) else {
        return;
    };
    let Ok(handle) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) else {
        return;
    };
    if parent_of(process) == parent || parent_of(process) == Some(own_id()) {
        let _ = rustix::process::pidfd_send_signal(&handle, Signal::KILL);
    }
}

fn own_id() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

fn parents() -> BTreeMap<i32, i32> {
    all_processes()
        .into_iter()
        .filter_map(|id| Some((id, parent_of(id)?)))
        .collect()
}

fn below(root: i32, parents: &BTreeMap<i32, i32>) -> Vec<i32> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(
            parents
                .iter()
                .filter(|(_, of)| **of == parent)
                .map(|(id, _)| *id),
        );
        next += 1;
    }
    found.split_off(1)
}

fn parent_of(process: i32) -> Option<i32> {
    parent_in(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

/// The name in brackets is the process's own choice: the fields start after its last bracket.
fn parent_in(stat: &str) -> Option<i32> {
    stat.rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{below, parent_in};

    #[test]
    fn a_process_name_cannot_forge_its_parent() {
        assert_eq!(parent_in("7 (a) S 1 (b) S 42 7 7"), Some(42));
        assert_eq!(parent_in("7 (x"), None);
    }

    #[test]
    fn descendants_are_found_at_any_depth_and_strangers_are_not() {
        let parents = BTreeMap::from([(2, 1), (5, 2), (3, 5), (9, 8), (8, 1)]);
        assert_eq!(below(2, &parents), [5, 3]);
    }
}
