//! Watches what no single process limit bounds: the sum of memory and the number of processes.

use std::fs;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::limits::{Exceeded, Limits};
use crate::stage::sweep;

const INTERVAL: Duration = Duration::from_millis(250);

/// Whose memory counts.
#[derive(Clone, Copy)]
pub(super) enum Whom {
    /// All processes that can be seen: in a process namespace of our own.
    Everyone,
    /// Our descendants.
    Descendants,
}

/// Returns when the host orders the end, or is gone.
pub(super) fn wait_for_end(mut control: &UnixStream) {
    let mut byte = [0];
    while let Err(error) = control.read(&mut byte) {
        if error.kind() != std::io::ErrorKind::Interrupted {
            break;
        }
    }
}

/// Returns when a limit is exceeded.
pub(super) fn wait_for_excess(limits: &Limits, whom: Whom) -> Exceeded {
    loop {
        std::thread::sleep(INTERVAL);
        let processes = match whom {
            Whom::Everyone => sweep::all_processes(),
            Whom::Descendants => sweep::descendants(),
        };
        if processes.len() as u64 > limits.processes.saturating_add(1) {
            return Exceeded::Processes;
        }
        if used_memory(&processes) > limits.memory {
            return Exceeded::Memory;
        }
    }
}

/// Private memory of all, plus shared memory once: that of the process with the most of it.
fn used_memory(processes: &[i32]) -> u64 {
    let (mut private, mut shared) = (0, 0);
    for process in processes {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        private += kibibytes(&status, "RssAnon:");
        shared = kibibytes(&status, "RssShmem:").max(shared);
    }
    (private + shared) * 1024
}

fn kibibytes(status: &str, name: &str) -> u64 {
    let value = status.lines().find_map(|line| line.strip_prefix(name));
    value
        .and_then(|value| value.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{kibibytes, used_memory};

    #[test]
    fn memory_is_read_in_bytes_from_the_status_file() {
        let status = "Name:\tx\nVmRSS:\t     999 kB\nRssAnon:\t    1234 kB\nRssFile:\t 5 kB\n";
        assert_eq!(
            (
                kibibytes(status, "RssAnon:"),
                kibibytes(status, "RssShmem:")
            ),
            (1234, 0)
        );
    }

    #[test]
    fn our_own_memory_is_more_than_nothing_and_less_than_everything() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!((1 << 16..1 << 40).contains(&used_memory(&[own])));
    }
}
