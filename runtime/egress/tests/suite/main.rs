//! The way out, tried against real servers on loopback: names that change
//! their answers, servers that drip, flood, redirect and echo.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod addresses;
mod credentials;
mod dns;
mod requests;
mod responses;
mod server;
