//! The one boundary of a run.
//!
//! Whoever wants an effect (a blueprint's step, a plugin, an agent's tool, the host
//! itself) comes here with a [`Caller`] and a [`CallKind`]. The door judges, records and
//! only then lets the effect happen; an effect on the outside world is preceded by its
//! committed intent. What a guest may see of a refusal is a [`Failure`]; when the journal
//! cannot be written there is only [`Halt`], and the run stops.

mod call;
mod caller;
mod failure;
mod meter;
mod passage;
mod warnings;

pub use call::{CALLS, CallKind, calls};
pub use caller::Caller;
pub use failure::{Failure, Halt, LimitKind, LimitReached};
pub use meter::{Budget, Meter, Spent};
pub use passage::{Answer, Denied, Door, Judge, Permit, Scope};
pub use warnings::{Warned, Warnings};
