//! The hash of the chain, and its exact definition.
//!
//! The hash of record *n* of a run is SHA-256 over the concatenation of
//!
//! | bytes | what |
//! |---|---|
//! | 26 | the ASCII text `minion-journal/record/v1\0\0` (two zero bytes) |
//! | 32 | the hash of record *n* − 1; 32 zero bytes for the first |
//! | 16 | the run's id, its 128 bits in big-endian order |
//! | 8 | the sequence number *n*, big-endian, from 1 |
//! | 8 | the length of the stored bytes, big-endian |
//! | … | the stored bytes of the record, exactly as they lie in the store |
//!
//! Every part has a fixed length or is preceded by it, so no two different
//! records have the same input. Since run and sequence are in it, a record
//! cannot be moved, doubled or carried over from another run. What the chain
//! does not stop is somebody who rewrites all of it, head included: for that,
//! compare with a head that was kept elsewhere ([`crate::verify_against`]).

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::{RunId, Seq};

const DOMAIN: &[u8; 26] = b"minion-journal/record/v1\0\0";

/// A SHA-256; shown as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

/// A text that is no hash.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not 64 hexadecimal digits")]
pub struct HashError(String);

impl Hash {
    /// What stands before the first record.
    pub const ZERO: Self = Self([0; 32]);

    /// The SHA-256 of `bytes` alone: how blobs are addressed.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash of a record, as the module defines it.
    pub fn of_record(previous: &Self, run: RunId, seq: Seq, bytes: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(DOMAIN);
        hasher.update(previous.0);
        hasher.update(run.to_bytes());
        hasher.update(seq.0.to_be_bytes());
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
        Self(hasher.finalize().into())
    }

    /// The first 12 digits, for people.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let wrong = || HashError(text.chars().take(80).collect());
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let (high, low) = (digit(pair[0]), digit(pair[1]));
            *byte = high.zip(low).map(|(h, l)| h << 4 | l).ok_or_else(wrong)?;
        }
        Ok(Self(bytes))
    }
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_hash_reads_back() {
        let hash = Hash::of(b"abc");
        let text = hash.to_string();
        assert_eq!(
            text,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(text.parse::<Hash>().unwrap(), hash);
        assert!(text.to_uppercase().parse::<Hash>().is_err());
        assert!("é".repeat(32).parse::<Hash>().is_err());
    }

    /// Keeps the definition: a new way of hashing would orphan every journal.
    #[test]
    fn definition_of_the_record_hash_stays() {
        let run: RunId = "01J9ZZZZZZZZZZZZZZZZZZZZZZ".parse().unwrap();
        let mut input = b"minion-journal/record/v1\0\0".to_vec();
        input.extend([7; 32]);
        input.extend(run.to_bytes());
        input.extend([0, 0, 0, 0, 0, 0, 0, 9]);
        input.extend([0, 0, 0, 0, 0, 0, 0, 2]);
        input.extend(b"{}");
        assert_eq!(
            Hash::of_record(&Hash([7; 32]), run, Seq(9), b"{}"),
            Hash::of(&input)
        );
    }
}
