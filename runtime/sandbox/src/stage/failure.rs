//! How a stage fails: it says which step and why on the control socket, and ends.

use std::io;
use std::os::unix::net::UnixStream;

use crate::wire::{self, Report};

/// Exit code of a stage that could not do its work. The report says more.
pub(super) const FAILED: i32 = 125;

/// A step of the confinement that did not work.
#[derive(Debug)]
pub(super) struct Failure {
    step: String,
    error: String,
}

/// Names the step that an error belongs to.
pub(super) trait Step<T> {
    fn step(self, step: impl Into<String>) -> Result<T, Failure>;
}

impl<T, E: std::fmt::Display> Step<T> for Result<T, E> {
    fn step(self, step: impl Into<String>) -> Result<T, Failure> {
        self.map_err(|error| Failure {
            step: step.into(),
            error: error.to_string(),
        })
    }
}

/// Runs a stage on its control socket and reports its failure there.
pub(super) fn reported(stage: impl FnOnce(&UnixStream) -> Result<i32, Failure>) -> i32 {
    let Ok(control) = control() else {
        return FAILED;
    };
    stage(&control).unwrap_or_else(|failure| {
        let Failure { step, error } = failure;
        let _ = wire::send(&control, &Report::Failed { step, error });
        FAILED
    })
}

/// The control socket comes as stdin. A copy above 2 survives stdin's replacement and, being
/// close-on-exec, never reaches the program. Every other descriptor is closed first: whoever
/// started the host may have leaked some into it.
fn control() -> io::Result<UnixStream> {
    let open = std::fs::read_dir("/proc/self/fd")?;
    let numbers: Vec<i32> = open
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    for number in numbers.into_iter().filter(|number| *number > 2) {
        let _ = nix::unistd::close(number);
    }
    Ok(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?.into())
}
