//! The processes between the host and the program, each an `exec` of its own.
//!
//! Level full: `enter` makes the namespaces and waits; `init` is process 1 in them, builds the
//! root, gives up every privilege, and starts the program. Levels below: `supervise` stays
//! outside and answers for all descendants; `confine` gives up every privilege and becomes the
//! program. None of them ever returns to the host program's own `main`.

mod confine;
mod enter;
mod environment;
mod failure;
mod init;
mod landlock;
mod loopback;
mod mounts;
mod privileges;
mod seccomp;
mod supervise;
mod sweep;
mod watch;

use crate::wire::STAGE_WORD;

/// Has to be called first in `main` of the stage program: `Some` is the exit code of a process
/// that was a stage, `None` means that this is an ordinary start.
pub fn stage_main() -> Option<i32> {
    let mut words = std::env::args().skip(1);
    if words.next()? != STAGE_WORD {
        return None;
    }
    Some(match words.next().as_deref() {
        Some("enter") => failure::reported(|control| {
            enter::enter(control, words.next().as_deref() == Some("dropped"))
        }),
        Some("init") => failure::reported(init::init),
        Some("supervise") => failure::reported(supervise::supervise),
        Some("confine") => failure::reported(confine::confine),
        _ => failure::FAILED,
    })
}
