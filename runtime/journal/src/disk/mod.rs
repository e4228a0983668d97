//! Records as they lie in the store: one line of canonical JSON each, with the
//! version of its shape in `v`.
//!
//! `{"at":…,"body":{"call":{…}},"micros":…,"parent":…,"seq":…,"v":1,"visit":…}`
//!
//! In go live types, out come bytes, and back. A version is never changed once
//! released: a new shape is a new module beside `v1`, which stays and reads on.
//! Refused by name: bytes of a newer version, and bytes that are no record.

mod v1;

#[cfg(test)]
mod tests;

use crate::{Hash, Record, RunId, Seq, StoredRecord};

pub(crate) use v1::{Envelope, encode};

/// Stored bytes that cannot be read as a record.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Written by a later program.
    #[error(
        "record {seq} has version {found}, and this program reads 1: a newer minion-rt wrote it"
    )]
    Newer {
        /// Which record.
        seq: Seq,
        /// Its version.
        found: u64,
    },
    /// Not of the shape that its version has.
    #[error("record {seq} cannot be read")]
    Malformed {
        /// Which record.
        seq: Seq,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// It says of itself to be another record.
    #[error("record {seq} says of itself that it is record {found}")]
    Misplaced {
        /// Where it lies.
        seq: Seq,
        /// What it says.
        found: Seq,
    },
}

#[derive(serde::Deserialize)]
struct Version {
    v: u64,
}

/// Reads a stored record of `run` that follows the hash `prev`. Judges the
/// shape, not the chain.
pub(crate) fn decode(run: RunId, prev: Hash, stored: &StoredRecord) -> Result<Record, DecodeError> {
    let seq = stored.seq;
    let disk = match serde_json::from_slice::<v1::RecordV1<'_>>(&stored.bytes) {
        Ok(disk) => disk,
        Err(source) => return Err(refusal(seq, &stored.bytes, source)),
    };
    if disk.seq != seq.0 {
        return Err(DecodeError::Misplaced {
            seq,
            found: Seq(disk.seq),
        });
    }
    Ok(disk.into_live(run, prev, stored.hash))
}

/// The kind of a stored record, as its body names it, without reading the rest. None
/// when the bytes do not begin as canonical ones do: only reading all of them tells.
pub(crate) fn kind(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(br#"{"at":"#)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = rest[digits..].strip_prefix(br#","body":{""#)?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    Some(&rest[..end])
}

/// A later version is likely to fail in its shape first: says so by its name.
fn refusal(seq: Seq, bytes: &[u8], source: serde_json::Error) -> DecodeError {
    match serde_json::from_slice::<Version>(bytes) {
        Ok(Version { v }) if v > v1::VERSION => DecodeError::Newer { seq, found: v },
        _ => DecodeError::Malformed { seq, source },
    }
}
