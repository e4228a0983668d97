//! The methods of HTTP that may be sent. `CONNECT` and `TRACE` are none of
//! them: the one makes a tunnel, the other shows the headers of whoever asks.

use std::fmt;
use std::str::FromStr;

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HttpMethod {
    /// Read.
    Get,
    /// Read the headers alone.
    Head,
    /// Ask what can be done.
    Options,
    /// Replace.
    Put,
    /// Remove.
    Delete,
    /// Whatever the server makes of it.
    Post,
    /// Change a part.
    Patch,
}

impl HttpMethod {
    /// All of them, in the order in which patterns name them.
    pub const ALL: [Self; 7] = [
        Self::Get,
        Self::Head,
        Self::Options,
        Self::Put,
        Self::Delete,
        Self::Post,
        Self::Patch,
    ];

    /// As it is sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Post => "POST",
            Self::Patch => "PATCH",
        }
    }

    /// Whether doing it twice is the same as doing it once (RFC 9110, 9.2.2).
    pub const fn is_idempotent(self) -> bool {
        !matches!(self, Self::Post | Self::Patch)
    }
}

impl fmt::Display for HttpMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for HttpMethod {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        Self::ALL
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or("methods are GET, HEAD, OPTIONS, PUT, DELETE, POST, PATCH, in capitals")
    }
}
