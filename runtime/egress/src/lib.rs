//! The one way out to the network.
//!
//! In come a request that was judged ([`Outgoing`]), a closure that says which
//! addresses it may reach, and the credential that goes with it; out comes a
//! response whose body is read piece by piece ([`Incoming`]).
//!
//! Refused or ended: headers that the host alone sets, names with any address
//! that may not be reached, credentials without TLS, whatever is larger or
//! slower than its bound. A name is looked up once and the checked address is
//! the one that is connected to. No redirect is followed, no connection is
//! shared, no variable of the environment names a proxy.

mod bounds;
mod connect;
mod credential;
mod headers;
mod incoming;
mod names;
mod outgoing;
mod scrub;
mod send;

pub use bounds::{Bound, BoundKind, Bounds};
pub use connect::{Trust, TrustError};
pub use credential::{BadCredential, Credential};
pub use incoming::Incoming;
pub use names::{Names, NamesError};
pub use outgoing::{Body, BodyError, Outgoing, body_of};
pub use send::{Egress, SendError};
