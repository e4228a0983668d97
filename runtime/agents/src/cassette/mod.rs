//! Recorded turns of a model, to play again without one.

mod error;

pub use error::{CassetteError, Place};
