//! Recorded turns of a model, to play again without one.
//!
//! Only the model's side is in a cassette: what it asks to be called is
//! executed live, through the host's door, every time.

mod error;
mod file;
mod play;
mod record;
mod request;

pub use error::{CassetteError, Difference, Place};
pub use play::Cassette;
pub use record::Recorder;
