//! OpenAI-compatible chat completions over HTTP: a conversation in, a turn or
//! a typed error out.
//!
//! Refuses plain HTTP to anything but loopback unless told, follows no
//! redirect, takes no proxy from the environment, reads at most 8 MiB, and lets
//! the key into nothing but the `Authorization` header.

mod answer;
mod body;
mod endpoint;
mod exchange;
mod patience;
mod provider;

pub use endpoint::EndpointError;
pub use patience::Timeouts;
pub use provider::{OpenAi, ProviderError};
