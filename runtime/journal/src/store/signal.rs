//! Words to a run from outside.

use serde_json::Value;

/// A word to a run, from whoever does not hold it: cancel, wake, a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// What it is about, `cancel`.
    pub name: String,
    /// What it says.
    pub body: Value,
    /// Makes sending it again the same signal.
    pub dedupe: Option<String>,
}

impl Signal {
    /// The most bytes of name, body and dedupe id together: 64 KiB.
    pub const MAX: usize = 64 * 1024;
}
