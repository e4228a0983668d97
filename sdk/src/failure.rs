//! Why a call did not do what it was asked: the contract's failure, as a Rust
//! error that `?` carries out of a step.

use crate::bindings::host::types;

pub use types::{Denial, LimitKind, LimitReached};

/// Why a call did not do what it was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// The call is outside of what the node may do.
    Denied(Denial),
    /// The thing named does not exist.
    NotFound(String),
    /// The request itself is wrong.
    Invalid(String),
    /// A bound was reached.
    Limit(LimitReached),
    /// A program, model or plugin could not do its work.
    Unavailable(String),
    /// Whatever else.
    Other(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Denied(denial) => write!(
                f,
                "denied: {} `{}` (rule `{}`); {}",
                denial.capability, denial.target, denial.rule, denial.cure
            ),
            Self::NotFound(what) => write!(f, "not found: {what}"),
            Self::Invalid(what) => write!(f, "invalid: {what}"),
            Self::Limit(limit) => {
                write!(
                    f,
                    "limit reached: {:?}, {} allowed",
                    limit.kind, limit.allowed
                )
            }
            Self::Unavailable(what) => write!(f, "unavailable: {what}"),
            Self::Other(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Failure {}

impl From<types::Failure> for Failure {
    fn from(failure: types::Failure) -> Self {
        match failure {
            types::Failure::Denied(denial) => Self::Denied(denial),
            types::Failure::NotFound(what) => Self::NotFound(what),
            types::Failure::Invalid(what) => Self::Invalid(what),
            types::Failure::Limit(limit) => Self::Limit(limit),
            types::Failure::Unavailable(what) => Self::Unavailable(what),
            types::Failure::Other(what) => Self::Other(what),
        }
    }
}

impl From<Failure> for types::Failure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Denied(denial) => Self::Denied(denial),
            Failure::NotFound(what) => Self::NotFound(what),
            Failure::Invalid(what) => Self::Invalid(what),
            Failure::Limit(limit) => Self::Limit(limit),
            Failure::Unavailable(what) => Self::Unavailable(what),
            Failure::Other(what) => Self::Other(what),
        }
    }
}
