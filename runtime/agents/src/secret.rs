//! A key that never shows itself.
//!
//! It has no `Display` and no `Serialize`, its `Debug` is a mark, its memory is
//! overwritten when dropped, and [`Secret::scrub`] takes it out of text that
//! came from elsewhere.

use std::fmt;

use zeroize::Zeroizing;

/// Stands where a key stood.
pub(crate) const REDACTED: &str = "[redacted]";

/// Keys shorter than this are placeholders (`ollama`, `none`): scrubbing them
/// would tear ordinary words apart.
const MIN_SCRUBBED_BYTES: usize = 8;

/// A provider's key.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

/// A key that cannot stand in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the key is empty or has blanks, control or non-ASCII characters in it: check how it was set"
)]
pub struct BadSecret;

impl Secret {
    /// Takes a key; blanks and line ends around it are dropped.
    pub fn new(key: impl Into<String>) -> Result<Self, BadSecret> {
        let given = Zeroizing::new(key.into());
        let key = Zeroizing::new(given.trim().to_owned());
        let usable = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        usable.then_some(Self(key)).ok_or(BadSecret)
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// The text with every occurrence of the key replaced by a mark.
    pub fn scrub(&self, text: &str) -> String {
        if self.0.len() < MIN_SCRUBBED_BYTES {
            return text.to_owned();
        }
        text.replace(self.0.as_str(), REDACTED)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-canary-4711-abcdef";

    #[test]
    fn debug_does_not_show_the_key() {
        let shown = format!("{:?}", Some(Secret::new(KEY).unwrap()));
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[test]
    fn every_occurrence_is_scrubbed() {
        let secret = Secret::new(KEY).unwrap();
        assert_eq!(
            secret.scrub(&format!("{KEY} and Bearer {KEY}")),
            "[redacted] and Bearer [redacted]"
        );
    }

    #[test]
    fn a_placeholder_key_does_not_tear_words_apart() {
        let secret = Secret::new("ollama").unwrap();
        assert_eq!(secret.scrub("ollama runs"), "ollama runs");
    }

    #[test]
    fn the_line_end_of_a_key_file_is_dropped() {
        assert_eq!(Secret::new("abc\n").unwrap().expose(), "abc");
    }

    #[test]
    fn a_key_that_would_split_a_header_is_refused() {
        for key in ["", "  ", "a b", "a\r\nX-Evil: 1", "schlüssel"] {
            assert_eq!(Secret::new(key).unwrap_err(), BadSecret, "{key:?}");
        }
    }
}
