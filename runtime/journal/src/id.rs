//! Names of runs: ULIDs, and the fragments of them that people type.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

use ulid::Ulid;

use crate::Timestamp;

/// Names one run: a ULID, written as 26 characters of Crockford's base 32. Ids
/// sort by the time their runs began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(Ulid);

/// A text that names no run.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not the name of a run: expected 4 to 26 of the characters 0-9 and A-Z")]
pub struct RunIdError(String);

impl RunId {
    /// From 128 bits: 48 of milliseconds since 1970, 80 of chance.
    pub const fn from_bits(bits: u128) -> Self {
        Self(Ulid(bits))
    }

    /// The 128 bits in big-endian order, as they go into the chain.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.0.to_be_bytes()
    }

    /// When the run began, as its id says: to the millisecond.
    pub fn begun(self) -> Timestamp {
        Timestamp(self.0.timestamp_ms().saturating_mul(1_000))
    }

    /// The last six characters: 30 bits of chance, what people see and type.
    pub fn short(self) -> String {
        self.to_string()[20..].to_owned()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RunId {
    type Err = RunIdError;

    fn from_str(text: &str) -> Result<Self, RunIdError> {
        match text.parse::<RunFragment>()? {
            RunFragment::Whole(run) => Ok(run),
            RunFragment::Part(_) => Err(RunIdError(text.to_owned())),
        }
    }
}

/// What a person typed for a run: the whole id, or its beginning or end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunFragment {
    /// All 26 characters.
    Whole(RunId),
    /// At least four characters of its beginning or end, in upper case.
    Part(String),
}

impl FromStr for RunFragment {
    type Err = RunIdError;

    /// Reads as Crockford does: case is nothing, `I` and `L` are 1, `O` is 0,
    /// dashes are skipped.
    fn from_str(text: &str) -> Result<Self, RunIdError> {
        let wrong = || RunIdError(text.chars().take(40).collect());
        let read: Option<String> = text
            .chars()
            .filter(|c| *c != '-')
            .take(27)
            .map(crockford)
            .collect();
        let read = read.ok_or_else(wrong)?;
        match read.len() {
            26 => Ulid::from_string(&read)
                .ok()
                // 26 characters hold 130 bits: the two above 128 must not be set.
                .filter(|id| id.to_string() == read)
                .map(|id| Self::Whole(RunId(id)))
                .ok_or_else(wrong),
            4..26 => Ok(Self::Part(read)),
            _ => Err(wrong()),
        }
    }
}

fn crockford(character: char) -> Option<char> {
    match character.to_ascii_uppercase() {
        'I' | 'L' => Some('1'),
        'O' => Some('0'),
        'U' => None,
        upper if upper.is_ascii_alphanumeric() => Some(upper),
        _ => None,
    }
}

/// Makes ids of runs.
pub trait IdSource: Send + Sync {
    /// An id that no run has yet, for a run that begins `now`.
    fn next(&self, now: Timestamp) -> RunId;
}

/// Ids with 80 bits of the system's chance.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    fn next(&self, now: Timestamp) -> RunId {
        RunId(Ulid::from_datetime(
            UNIX_EPOCH + Duration::from_micros(now.micros()),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "01J9ZZZZZZ0000000000QX4T7M";

    #[test]
    fn id_reads_back_from_its_text_in_any_case() {
        let run: RunId = TEXT.parse().unwrap();
        assert_eq!(run.to_string(), TEXT);
        assert_eq!(TEXT.to_lowercase().parse::<RunId>().unwrap(), run);
        assert_eq!(run.short(), "QX4T7M");
    }

    #[test]
    fn look_alikes_and_dashes_are_read_as_meant() {
        let part = "o1j9-Lx".parse::<RunFragment>().unwrap();
        assert_eq!(part, RunFragment::Part("01J91X".into()));
    }

    #[test]
    fn texts_that_name_no_run_are_refused() {
        for text in [
            "",
            "01J",
            "01J9%",
            "01J9U",
            "../../x",
            "8ZZZZZZZZZ0000000000QX4T7M",
        ] {
            assert!(text.parse::<RunFragment>().is_err(), "{text}");
        }
        assert!("0".repeat(27).parse::<RunFragment>().is_err());
        assert!("01J9".parse::<RunId>().is_err());
    }

    #[test]
    fn system_ids_carry_their_time_and_differ() {
        let now = Timestamp(1_795_253_400_000_000);
        let (one, other) = (SystemIds.next(now), SystemIds.next(now));
        assert_ne!(one, other);
        assert_eq!(one.to_string()[..10], other.to_string()[..10]);
    }
}
