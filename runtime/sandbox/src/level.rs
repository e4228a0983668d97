//! How strongly a command is confined. The level stands in the evidence of every gate.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The walls around a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// No walls, only limits, a clean environment and an end for every process that was started.
    /// Used when a grant spells it out; never chosen by [`Sandbox::probe`](crate::Sandbox::probe).
    Unsandboxed,
    /// Landlock and seccomp on the host's own file system: no sockets, no readable `/proc`.
    Basic,
    /// Namespaces with an own root, `/tmp`, `/dev` and `/proc`, plus Landlock and seccomp.
    Full,
}

impl Level {
    /// The word that stands in evidence and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Basic => "basic",
            Self::Unsandboxed => "unsandboxed",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
