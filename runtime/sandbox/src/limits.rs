//! What a command may use up before it is ended.

use std::time::Duration;

use serde::{Deserialize, Serialize};

const MIB: u64 = 1 << 20;

/// Bounds on one command and everything that it starts.
///
/// Defaults: 10 minutes, 4 MiB of each output stream, 8 GiB of memory, 512 processes, files of
/// 2 GiB, 4 GiB of scratch space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Wall time; then everything is killed.
    pub wall: Duration,
    /// How much of stdout, and of stderr, is kept. The rest is read, counted and thrown away.
    pub output_bytes: usize,
    /// Memory in bytes. A single process hits `RLIMIT_DATA`; the sum over all processes is
    /// measured four times a second and bounded by killing everything.
    pub memory: u64,
    /// Processes and threads alive at the same time.
    pub processes: u64,
    /// Size of the largest file, in bytes.
    pub file_size: u64,
    /// Bytes in `/tmp` and in the throw-away layers of all overlays together (level full).
    pub scratch: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall: Duration::from_mins(10),
            output_bytes: 4 << 20,
            memory: 8 * 1024 * MIB,
            processes: 512,
            file_size: 2 * 1024 * MIB,
            scratch: 4 * 1024 * MIB,
        }
    }
}

/// The limit for which a command was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exceeded {
    /// [`Limits::wall`]
    Wall,
    /// [`Limits::memory`], as the sum over all processes.
    Memory,
    /// [`Limits::processes`], counted by the supervisor.
    Processes,
}
