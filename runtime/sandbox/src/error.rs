//! Why a command could not be run, and why there is no sandbox at all.

use std::io;
use std::path::PathBuf;

/// A command that did not run. What a program does once started is never an error but a
/// [`Finished`](crate::Finished).
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A path of the spec is relative.
    #[error("`{0}` is not an absolute path")]
    Relative(PathBuf),
    /// A path of the spec is not UTF-8.
    #[error("`{0}` is not UTF-8")]
    NotUtf8(PathBuf),
    /// A path of the spec does not exist or cannot be looked at.
    #[error("`{path}` cannot be shown to the command: {source}")]
    Missing {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A path that is never handed into a sandbox.
    #[error("`{path}` is never shown to a command: {why}")]
    Forbidden {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Level basic under root: the uid that commands run as cannot get to a path.
    #[error("`{path}` cannot be reached by uid {uid}: `{closed}` is closed to it; {}", cure(.closed))]
    Unreachable {
        /// The path of the spec.
        path: PathBuf,
        /// The folder on the way that is closed.
        closed: PathBuf,
        /// The uid of commands.
        uid: u32,
    },
    /// An overlay was asked for where [`Sandbox::has_overlay`](crate::Sandbox::has_overlay) is false.
    #[error("overlays are not available at sandbox level `{0}`; make a copy instead")]
    NoOverlay(crate::Level),
    /// The stage program could not be started or spoken to.
    #[error("the sandbox's stage `{stage}` cannot be started: {source}")]
    Stage {
        /// The stage program.
        stage: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A step of the confinement failed, so the program was not started.
    #[error("the sandbox could not be set up: {step}: {error}")]
    Setup {
        /// Which step.
        step: String,
        /// What the system said.
        error: String,
    },
    /// The program itself could not be executed.
    #[error("`{program}` cannot be executed: {error}")]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system said.
        error: String,
    },
    /// The stages ended without saying how the command did.
    #[error("the sandbox's stages ended without a report: {0}")]
    Lost(String),
}

fn cure(closed: &std::path::Path) -> String {
    format!(
        "`chmod o+x {}` opens the way, or keep it elsewhere",
        closed.display()
    )
}

/// No sandbox of the wanted level on this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("commands cannot be sandboxed: {why}; {cure}")]
pub struct Unavailable {
    /// What is missing, for each level that was tried.
    pub why: String,
    /// What to do about it.
    pub cure: String,
}
