//! Names of trees and commits: git's SHA-1 ids, kept apart by type.

use std::fmt;
use std::str::FromStr;

use gix::ObjectId;

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an object id of 40 hexadecimal digits")]
pub struct NotAnId(String);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) ObjectId);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                ObjectId::from_hex(text.as_bytes())
                    .map(Self)
                    .map_err(|_| NotAnId(text.to_owned()))
            }
        }
    };
}

id! {
    /// A tree over raw bytes and modes. Two trees with the same id hold the
    /// same files. Shown as 40 hexadecimal digits.
    TreeId
}

id! {
    /// A commit. Shown as 40 hexadecimal digits.
    CommitId
}
