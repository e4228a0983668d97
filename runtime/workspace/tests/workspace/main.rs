//! The room against real repositories, with git itself as the oracle.
#![expect(clippy::unwrap_used, reason = "a failed step of a test fails the test")]

mod attacks;
mod checkout;
mod deliver;
mod durable;
mod files;
mod fork;
mod interrupted;
mod patch;
mod project;
mod reopen;
mod repository;
mod restore;
mod snapshot;
mod tree;
mod vandals;
