//! The whole command, as a person or a machine uses it: real components, real git, real
//! sandboxes, an own home for every test.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod world;

mod attacks;
mod auditing;
mod author;
mod bad_input;
mod evidence;
mod looking;
mod main_job;
mod model;
mod survival;
