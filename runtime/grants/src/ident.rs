//! Names that authors choose: of nodes, asks and parts. Checked once, when
//! they are read, so that no later code meets a name it would have to escape.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no {what}: {rule}")]
pub struct IdentError {
    what: &'static str,
    name: String,
    rule: &'static str,
}

macro_rules! ident {
    ($(#[$doc:meta])* $name:ident, $what:literal, $fits:path, $rule:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and takes a name.
            pub fn new(name: impl Into<String>) -> Result<Self, IdentError> {
                let name = name.into();
                if $fits(&name) {
                    return Ok(Self(name));
                }
                Err(IdentError { what: $what, name: crate::shown(&name), rule: $rule })
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = IdentError;

            fn from_str(text: &str) -> Result<Self, IdentError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdentError;

            fn try_from(text: String) -> Result<Self, IdentError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }
    };
}

ident!(
    /// The name of a node of the graph.
    NodeId, "node id", is_slug, "use lower-case letters, digits, `-` and `_`, a letter first, at most 64"
);
ident!(
    /// The name of an ask, unique in its manifest.
    AskId, "ask id", is_slug, "use lower-case letters, digits, `-` and `_`, a letter first, at most 64"
);
ident!(
    /// The name of a component or of something it carries: `acme/fix-bug`,
    /// `std:lint`, `implement.md`.
    PartName, "name", is_part_name,
    "use letters, digits, `.`, `-`, `_` and single `/` or `:` between them, at most 100"
);

fn is_slug(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
        })
}

fn is_part_name(name: &str) -> bool {
    let word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_alphanumeric())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    name.len() <= 100 && name.split(['/', ':']).all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_be_mistaken_are_refused() {
        for bad in [
            "", "/x", "x/", "a//b", "../x", "a/../b", "a b", "x\n", "é", "a:", "-x", ".x",
        ] {
            assert!(PartName::new(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "Gather", "1st", "a b", "a\u{1b}[0m", &"x".repeat(65)] {
            assert!(NodeId::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_in_use_are_accepted() {
        for good in ["acme/fix-bug", "std:lint", "implement.md", "prompts/a.md"] {
            assert!(PartName::new(good).is_ok(), "{good}");
        }
        assert!(NodeId::new("fix_it-2").is_ok());
    }
}
