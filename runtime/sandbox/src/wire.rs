//! What host and stages say to each other: length-prefixed JSON on one socket.
//!
//! The socket is the stages' stdin and never reaches the program. Its end of file is the order
//! to kill everything: it comes when the host says so, and by itself when the host dies.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::level::Level;
use crate::limits::{Exceeded, Limits};
use crate::plan::Mount;
use crate::spec::HomeLink;

const LARGEST_FRAME: usize = 8 << 20;

/// First word of the argument list of a process that is a stage.
pub(crate) const STAGE_WORD: &str = "__minion-sandbox-stage";

/// Who commands run as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Identity {
    /// The host is not root: commands have its uid.
    Same,
    /// The host is root: commands get this uid and gid.
    Dropped { uid: u32, gid: u32 },
}

/// Everything that the stages need to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) level: Level,
    pub(crate) identity: Identity,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) directory: PathBuf,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) mounts: Vec<Mount>,
    pub(crate) home: Vec<HomeLink>,
    pub(crate) limits: Limits,
    /// Where levels without an own `/tmp` make one.
    pub(crate) temporary: PathBuf,
}

/// What the stages tell the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Report {
    /// A step failed; the program was not started.
    Failed { step: String, error: String },
    /// The program could not be executed.
    NotStarted { error: String },
    /// The program ended by itself or by a signal.
    Ended {
        exit: Option<i32>,
        signal: Option<i32>,
    },
    /// Everything was killed for a limit.
    Over(Exceeded),
    /// Processor time of everything, in microseconds.
    Used { cpu_micros: u64 },
}

/// Encodes one frame.
pub(crate) fn frame<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(value).map_err(io::Error::other)?;
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend(body);
    Ok(bytes)
}

/// Splits the frames out of everything that was received; a torn last frame is left out.
pub(crate) fn frames<T: DeserializeOwned>(mut bytes: &[u8]) -> Vec<T> {
    let mut values = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*head) as usize;
        let Some((body, rest)) = rest.split_at_checked(length) else {
            break;
        };
        values.extend(serde_json::from_slice(body).ok());
        bytes = rest;
    }
    values
}

/// Reads exactly one frame and not one byte more, so that the next reader finds its own.
pub(crate) fn receive<T: DeserializeOwned>(mut from: &UnixStream) -> io::Result<T> {
    let mut head = [0; 4];
    from.read_exact(&mut head)?;
    let length = u32::from_le_bytes(head) as usize;
    if length > LARGEST_FRAME {
        return Err(io::Error::other("frame too large"));
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    serde_json::from_slice(&body).map_err(io::Error::other)
}

/// Writes one frame.
pub(crate) fn send<T: Serialize>(mut to: &UnixStream, value: &T) -> io::Result<()> {
    to.write_all(&frame(value)?)
}
