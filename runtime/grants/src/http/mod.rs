//! Requests over HTTP: what a request is, patterns of them, which addresses
//! are public, and which credential goes with what.
//!
//! What is judged here is what is sent: a [`HttpRequest`] is read once from
//! text, in one canonical spelling, and whoever sends it takes it from there.

mod address;
mod credential;
mod host;
mod judge;
mod method;
mod pattern;
mod request;

pub(crate) use address::is_own;
pub use address::is_public;
pub(crate) use credential::CredentialRule;
pub use credential::{Attach, CredentialBinding, CredentialSource};
pub use method::HttpMethod;
pub use pattern::{HttpPattern, HttpPatternError};
pub use request::HttpRequest;
