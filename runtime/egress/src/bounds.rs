//! How much and how long one request may be.

use std::fmt;
use std::time::Duration;

/// The bounds of a request. The defaults suit calls of an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Looking up the name, connecting and TLS together: 10 s.
    pub connect: Duration,
    /// From the first byte sent to the head of the response: 60 s.
    pub first_byte: Duration,
    /// Between two pieces of the body: 30 s.
    pub between_bytes: Duration,
    /// Everything together: 5 min.
    pub total: Duration,
    /// Headers sent: 32 KiB.
    pub request_headers: usize,
    /// Body sent: 8 MiB.
    pub request_body: u64,
    /// Headers received: 64 KiB, and 100 of them.
    pub response_headers: usize,
    /// Body received: 16 MiB.
    pub response_body: u64,
    /// Requests at once: 16.
    pub at_once: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_mins(1),
            between_bytes: Duration::from_secs(30),
            total: Duration::from_mins(5),
            request_headers: 32 << 10,
            request_body: 8 << 20,
            response_headers: 64 << 10,
            response_body: 16 << 20,
            at_once: 16,
        }
    }
}

/// What a bound is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundKind {
    /// Time to connect, in milliseconds.
    Connect,
    /// Time to the head of the response, in milliseconds.
    FirstByte,
    /// Time between two pieces, in milliseconds.
    BetweenBytes,
    /// Time altogether, in milliseconds.
    Total,
    /// Bytes of headers sent.
    RequestHeaders,
    /// Bytes of the body sent.
    RequestBody,
    /// Bytes of headers received.
    ResponseHeaders,
    /// Bytes of the body received.
    ResponseBody,
}

impl BoundKind {
    /// Whether it is about time.
    pub const fn is_time(self) -> bool {
        matches!(
            self,
            Self::Connect | Self::FirstByte | Self::BetweenBytes | Self::Total
        )
    }
}

/// A bound that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// What about.
    pub kind: BoundKind,
    /// How much is allowed: milliseconds or bytes.
    pub allowed: u64,
}

impl Bound {
    pub(crate) fn time(kind: BoundKind, allowed: Duration) -> Self {
        let allowed = u64::try_from(allowed.as_millis()).unwrap_or(u64::MAX);
        Self { kind, allowed }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, unit) = match self.kind {
            BoundKind::Connect => ("connecting", "ms"),
            BoundKind::FirstByte => ("waiting for the response", "ms"),
            BoundKind::BetweenBytes => ("waiting for more of the body", "ms"),
            BoundKind::Total => ("the whole request", "ms"),
            BoundKind::RequestHeaders => ("headers sent", "bytes"),
            BoundKind::RequestBody => ("the body sent", "bytes"),
            BoundKind::ResponseHeaders => ("headers received", "bytes"),
            BoundKind::ResponseBody => ("the body received", "bytes"),
        };
        write!(f, "{what}: at most {} {unit}", self.allowed)
    }
}
