//! Last stage: the host walks the graph of a linked component on a repository.
//!
//! Per visit: a fresh instance, the state in, the new state and a label out, a checkpoint.
//! Gates are run here, by the host, on fresh checkouts; what is delivered is decided here,
//! from evidence alone. A run that was left can be resumed from its last checkpoint, and
//! one that ended can be done again from its journal alone.

mod approval;
mod assemble;
mod begin;
#[cfg(feature = "bench")]
pub mod bench;
mod budget;
mod cancel;
mod elapsed;
mod end;
mod exit;
mod gate;
mod hand_over;
mod ledger;
mod machine;
mod recover;
mod replay;
mod resume;
mod space;
mod step;
mod walk;

pub use assemble::{Means, RunError};
pub use begin::{Forking, RunRequest};
pub use cancel::Cancel;
pub use exit::store_exit_code;
pub use recover::{Recorded, recorded, visit_of};
pub use replay::{Replayed, replay};
pub use resume::{Resumable, ResumeRequest, take_up};
pub(crate) use space::lay_out;

use crate::event::Observer;
use crate::link::Linked;
use crate::outcome::Finished;
use assemble::Run;
use minion_door::Halt;
use walk::End;

/// Runs a linked component to its end.
///
/// # Errors
/// [`RunError`] when the run cannot begin (no such repository, no sandbox, a journal that
/// cannot be opened) or cannot go on because nothing can be recorded any more. However a
/// blueprint itself ends is an [`Outcome`](crate::Outcome).
pub async fn run(
    linked: Linked,
    request: RunRequest,
    observer: &dyn Observer,
) -> Result<Finished, RunError> {
    let run = begin::begin(linked, request, observer)?;
    go(run, observer).await
}

/// Goes on with a run that another process left.
///
/// # Errors
/// As [`run`]; [`RunError::Halt`] with a divergence when the component does not do again
/// what the journal says it did.
pub async fn resume(
    linked: Linked,
    taken: Resumable,
    request: ResumeRequest,
    observer: &dyn Observer,
) -> Result<Finished, RunError> {
    let run = resume::resume(linked, &taken, request, observer)?;
    go(run, observer).await
}

async fn go(mut run: Run, observer: &dyn Observer) -> Result<Finished, RunError> {
    let marks = cancel::Marks::of(&run);
    let walked = tokio::select! {
        end = walk::walk(&mut run, observer) => end,
        why = interrupted() => {
            let cancel = marks.cancel(&**run.services.door.journal()?.store());
            Ok(End::Stopped(cancel.map_or_else(|| why.to_owned(), |cancel| cancel.to_string())))
        }
    };
    let end = match walked {
        Err(Halt::Stopped(why)) => End::Limited(why),
        Err(Halt::Waits(node)) => End::Waiting(node),
        Err(Halt::InDoubt(what)) => End::Escalated(format!(
            "in doubt: {what} was begun by a process that did not tell what came of it; look whether it happened"
        )),
        other => other?,
    };
    end::finish(run, end).await
}

async fn interrupted() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => "interrupted from the keyboard",
        () = terminated => "asked to stop by another process",
    }
}
