//! Kernel sandbox for commands, and the toolchain profiles that say what to run in it.
//!
//! A [`Spec`] goes in: one program, its arguments, what it may see, its limits. A [`Finished`]
//! comes out when the program *and everything it started* is gone. What a command was not given
//! is not there: no files, no descriptors, no environment, no network, no privileges.
//!
//! The kernel does the confining, in stages that are each an `exec` of their own (`stage_main`),
//! so nothing ever runs between `fork` and `exec` and no `unsafe` is needed.

mod error;
mod level;
mod limits;
mod output;
mod plan;
mod probing;
mod run;
mod sandbox;
mod spec;
mod stage;
pub mod toolchain;
mod wire;

pub use error::{SandboxError, Unavailable};
pub use level::Level;
pub use limits::{Exceeded, Limits};
pub use probing::Probing;
pub use run::Finished;
pub use sandbox::Sandbox;
pub use spec::{HomeLink, Overlay, Spec};
pub use stage::stage_main;
pub use toolchain::{Invocation, NotFound, Toolchains};
