//! The wasmtime host: the way of a run from a file to an outcome.
//!
//! `load → inspect → admit → link → run ⇄ door → outcome`, one file a stage. Each stage
//! takes the previous stage's value, so a component that was not admitted cannot be linked,
//! and one that was not linked cannot run. `imports` has a file for each interface that a
//! guest may import; all of them lead through `services` to the door.

mod admit;
mod bindings;
mod bounds;
mod describe;
mod engine;
mod event;
mod guest;
mod imports;
mod inspect;
mod link;
mod load;
mod network;
mod outcome;
mod project;
mod run;
mod services;
mod surface;
mod view;

#[cfg(feature = "bench")]
#[doc(hidden)]
pub use run::bench;

pub use admit::{AdmitError, Admitted, admit, subject};
pub use describe::{DescribeError, describe};
pub use engine::{Engine, EngineError};
pub use event::{Detail, Event, Judgement, Observer, Silent, Start, Visited};
pub use inspect::{InspectError, Inspected, Part, inspect};
pub use link::{LinkError, Linked, link};
pub use load::{LoadError, Loaded, load};
pub use minion_door::{Budget, Warnings};
pub use network::Network;
pub use outcome::{Beside, Branch, Finished, Outcome, origin};
pub use project::{ProjectCommand, ProjectError, Purpose};
pub use run::{
    Cancel, Forking, Means, Recorded, Replayed, Resumable, ResumeRequest, RunError, RunRequest,
    recorded, replay, resume, run, store_exit_code, take_up, visit_of,
};
pub use services::plugins::Verdict;
