//! Every wall and every limit, tried from inside with real processes, at every level.
//!
//! A level that this machine cannot give fails the tests, unless `MINION_TEST_WITHOUT` names it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod environment;
mod files;
mod fixture;
mod limits;
mod network;
mod overlays;
mod privileges;
mod processes;
mod toolchains;
mod unprivileged;
