//! Last stage: the host walks the graph of a linked component on a repository.
//!
//! Per visit: a fresh instance, the state in, the new state and a label out, a checkpoint.
//! Gates are run here, by the host, on fresh checkouts; what is delivered is decided here,
//! from evidence alone.

mod end;
mod gate;
mod ledger;
mod prepare;
mod step;
mod walk;

pub(crate) use prepare::lay_out;
pub use prepare::{RunError, RunRequest};

use crate::event::Observer;
use crate::link::Linked;
use crate::outcome::Finished;
use minion_door::Halt;

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
    let mut run = prepare::prepare(linked, request, observer)?;
    let end = tokio::select! {
        end = walk::walk(&mut run, observer) => stopped(end)?,
        () = interrupted() => walk::End::Stopped("interrupted".to_owned()),
    };
    end::finish(run, end).await
}

/// A limit that was reached in the middle of a visit ends the run in order, with a record
/// of it; what keeps the journal from being written cannot.
fn stopped(end: Result<walk::End, Halt>) -> Result<walk::End, Halt> {
    match end {
        Err(Halt::Stopped(why)) => Ok(walk::End::Stopped(why)),
        end => end,
    }
}

async fn interrupted() {
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
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
