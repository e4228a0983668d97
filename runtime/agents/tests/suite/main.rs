//! The loop, the provider and cassettes as their users see them: models are
//! scripts or a server on loopback that speaks real HTTP.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests are tests, but the lint only knows the functions themselves"
)]

mod aimock;
mod cassettes;
mod double;
mod junk;
mod limits;
mod provider;
mod script;
mod secrets;
mod talk;
