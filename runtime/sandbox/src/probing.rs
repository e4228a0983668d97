//! A probe that goes on beside other work: it starts processes and waits for them, which
//! needs hardly anything of the core that asks.

use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle};

use crate::error::Unavailable;
use crate::sandbox::Sandbox;

/// A probe that was begun. Dropping it waits for its end, so that no process of it outlives
/// whoever began it.
#[derive(Debug)]
pub struct Probing {
    stage: PathBuf,
    thread: Option<JoinHandle<Result<Sandbox, Unavailable>>>,
}

impl Sandbox {
    /// Begins [`probe`](Self::probe) on a thread of its own.
    pub fn probe_beside(stage_exe: PathBuf) -> Probing {
        let stage = stage_exe.clone();
        let thread = Builder::new().name("sandbox probe".to_owned());
        Probing {
            stage,
            thread: thread.spawn(|| Self::probe(stage_exe)).ok(),
        }
    }
}

impl Probing {
    /// What [`probe`](Sandbox::probe) says; waits for it. Where no thread could be had, or it
    /// did not end well, the probe happens now.
    ///
    /// # Errors
    /// As of [`probe`](Sandbox::probe).
    pub fn wait(mut self) -> Result<Sandbox, Unavailable> {
        let said = self.thread.take().and_then(|thread| thread.join().ok());
        said.unwrap_or_else(|| Sandbox::probe(self.stage.clone()))
    }

    /// The program that was named for the stages.
    pub fn stage(&self) -> &Path {
        &self.stage
    }
}

impl Drop for Probing {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
