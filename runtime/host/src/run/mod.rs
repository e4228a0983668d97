//! Last stage: the host walks the graph of a linked component on a repository.
//!
//! Per visit: a fresh instance, the state in, the new state and a label out, a checkpoint.
//! Gates are run here, by the host, on fresh checkouts; what is delivered is decided here,
//! from evidence alone.

#[cfg(feature = "bench")]
pub mod bench;
mod end;
mod gate;
mod ledger;
mod prepare;
mod space;
mod step;
mod walk;

pub use prepare::{RunError, RunRequest};
pub(crate) use space::lay_out;

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
    let walked = tokio::select! {
        end = walk::walk(&mut run, observer) => end,
        () = interrupted() => Ok(walk::End::Stopped("interrupted".to_owned())),
    };
    let end = match walked {
        Err(Halt::Stopped(why)) => walk::End::Stopped(why),
        other => other?,
    };
    end::finish(run, end).await
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
