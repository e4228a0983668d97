//! Write a blueprint or a plugin in a few lines.
//!
//! A **blueprint** declares its graph and has one function per step:
//!
//! ```
//! use minion_sdk::prelude::*;
//!
//! #[state]
//! struct Work {
//!     rounds: u32,
//! }
//!
//! blueprint! {
//!     state: Work,
//!     start: gather,
//!
//!     deterministic gather { needs: [source], done => mend }
//!     agentic mend {
//!         needs: [source, model],
//!         prompts: ["mend.md"], tools: ["read", "edit"],
//!         max_turns: 20, max_tokens: 200_000, max_seconds: 600,
//!         max_visits: 2, then: escalated,
//!         done => lint,
//!     }
//!     gate lint = "std:lint" { pass => delivered, fail => mend }
//! }
//!
//! fn gather(work: Work, cx: &Context) -> Step<Work> {
//!     cx.log(format!("{} entries", cx.workspace().list("")?.len()));
//!     Ok(work.then("done"))
//! }
//!
//! fn mend(mut work: Work, cx: &Context) -> Step<Work> {
//!     work.rounds += 1;
//!     let report = cx.agent("mend.md").task(cx.task()).findings(cx.findings()).run()?;
//!     cx.log(report.summary);
//!     Ok(work.then("done"))
//! }
//! # fn main() {}
//! ```
//!
//! A graph can ask a human: `approval person { approved => mend, rejected => failed }` is a
//! node without a function. A run that comes to it stands still, with no process, until
//! somebody says yes or no about its tree; the state goes on as it was.
//!
//! A **plugin** has one function: `plugin!(run)`; see [`plugin!`].
//!
//! Both compile to `wasm32-unknown-unknown`, where the only imports are those
//! of the host. On every other target the same calls are answered by
//! [`testing`], so that `cargo test` in a guest crate needs nothing but Rust.

mod agent;
mod bindings;
mod blueprint;
mod command;
mod entry;
mod failure;
mod finding;
pub mod graph;
mod http;
mod log;
mod plugin;
mod plugins;
mod project;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod workspace;

pub use agent::{AgentCall, Report};
pub use blueprint::{Blueprint, Context, LastVisit, State, Step, Transition};
pub use command::{Command, Completed};
pub use failure::{Denial, Failure, LimitKind, LimitReached};
pub use finding::{Finding, Severity, few};
pub use http::{Method, Request, Response};
pub use log::Level;
pub use minion_sdk_macros::{blueprint, parameters, state};
pub use plugin::{
    Input, NoParameters, Output, Parameters, Plugin, ProjectCommand, Purpose, TestCase,
    TestOutcome, TestReport, Verdict,
};
pub use plugins::{Answer, PluginCall};
pub use project::Ecosystem;
pub use workspace::{Change, ChangeKind, Entry, EntryKind, Hit, Workspace};

/// What almost every guest uses.
pub mod prelude {
    pub use crate::{
        Blueprint as _, Context, Failure, Finding, Input, NoParameters, Output, Plugin as _,
        Severity, State, Step, Verdict, blueprint, parameters, plugin, state,
    };
}

/// The macros' own way in; no promise is made about it.
#[doc(hidden)]
pub mod __private {
    pub use crate::bindings::{blueprint as blueprint_bindings, plugin as plugin_bindings};
    pub use crate::blueprint::{no_such_step, visit};
    pub use crate::entry::{describe, run, step};
    pub use crate::graph::{graph, schema};
    pub use crate::plugin::RawInput;
    pub use {schemars, serde, serde_json};
}

/// The host's interfaces: the real imports in a component, [`testing`]
/// everywhere else.
mod host {
    #[cfg(target_arch = "wasm32")]
    pub(crate) use crate::bindings::host::{agent, command, http, log, plugins, workspace};
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) use crate::testing::imports::{agent, command, http, log, plugins, workspace};
}
