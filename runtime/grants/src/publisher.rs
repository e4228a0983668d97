//! Who signed a file. Whoever loads it verifies the signature; here it is only
//! compared.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const PREFIX: &str = "ed25519:";

/// A public key, written `ed25519:` and 64 lower-case hex digits.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Publisher(String);

/// The text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a publisher is `ed25519:` and 64 lower-case hex digits")]
pub struct PublisherError;

impl Publisher {
    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Publisher {
    type Err = PublisherError;

    fn from_str(text: &str) -> Result<Self, PublisherError> {
        let digits = text.strip_prefix(PREFIX).ok_or(PublisherError)?;
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if digits.len() != 64 || !digits.bytes().all(hex) {
            return Err(PublisherError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Publisher {
    type Error = PublisherError;

    fn try_from(text: String) -> Result<Self, PublisherError> {
        text.parse()
    }
}

impl From<Publisher> for String {
    fn from(key: Publisher) -> Self {
        key.0
    }
}

impl fmt::Display for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
