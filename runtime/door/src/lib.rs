//! The one boundary of a run.
//!
//! Whoever wants an effect (a blueprint's step, a plugin, an agent's tool, the host
//! itself) comes here with a [`Caller`] and a [`CallKind`]. The door judges, records and
//! only then lets the effect happen; an effect on the outside world is preceded by its
//! committed intent. What a guest may see of a refusal is a [`Failure`]; when the journal
//! cannot be written there is only [`Halt`], and the run stops.
//!
//! A run that is resumed or replayed goes through its own record first: what stands there
//! is the answer, and nothing happens a second time.

mod call;
mod caller;
mod door;
mod failure;
mod judge;
mod meter;
mod passage;
mod script;
mod warnings;

pub use call::{CALLS, Call, CallKind, calls};
pub use caller::Caller;
pub use door::{Denied, Door, SHOWN_DENIALS};
pub use failure::{Divergence, Failure, Halt, LimitKind, LimitReached};
pub use judge::Judge;
pub use meter::{Budget, Meter, Spent};
pub use passage::{Answer, Opened, Passed, Permit, Scope};
pub use script::{After, Records};
pub use warnings::{Warned, Warnings};
