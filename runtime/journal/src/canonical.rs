//! Canonical JSON: the same value always gives the same bytes.
//!
//! No white space; members of objects in the order of their names' UTF-8
//! bytes; numbers and strings as `serde_json` writes them (integers as they
//! are, other numbers with the fewest digits that read back the same). It is
//! the order alone that RFC 8785 would have otherwise, by UTF-16 units.

use std::borrow::Cow;
use std::io::{self, Write as _};

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::Hash;

/// A value that writes itself canonically.
#[derive(Debug)]
pub(crate) struct Json<'a>(pub(crate) Cow<'a, Value>);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Ordered(&self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|value| Self(Cow::Owned(value)))
    }
}

struct Ordered<'a>(&'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                items
                    .iter()
                    .try_for_each(|item| seq.serialize_element(&Self(item)))?;
                seq.end()
            }
            Value::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                let mut put = |(name, value)| map.serialize_entry(name, &Self(value));
                // Already ordered, unless some crate of the program asks
                // serde_json to keep the order of insertion.
                if members.keys().is_sorted() {
                    members.iter().try_for_each(put)?;
                } else {
                    let mut sorted: Vec<_> = members.iter().collect();
                    sorted.sort_unstable_by_key(|(name, _)| *name);
                    sorted.into_iter().try_for_each(&mut put)?;
                }
                map.end()
            }
            plain => plain.serialize(serializer),
        }
    }
}

/// Bytes that are gathered before they are hashed.
const GATHERED: usize = 4 * 1024;

/// The canonical bytes of a value.
pub(crate) fn to_vec(value: &Value) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Ordered(value))
}

/// The SHA-256 of the canonical bytes of a value.
pub(crate) fn hash(value: &Value) -> Hash {
    let mut hasher = Sha256::new();
    // Strings are written piece by piece, the hasher takes blocks: pieces are gathered first.
    let mut feed = io::BufWriter::with_capacity(GATHERED, Feed(&mut hasher));
    // Neither the hasher nor a value with names of text fails to be written.
    let _ = serde_json::to_writer(&mut feed, &Ordered(value));
    let _ = feed.flush();
    drop(feed);
    Hash(hasher.finalize().into())
}

struct Feed<'a>(&'a mut Sha256);

impl io::Write for Feed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether the canonical bytes of a value are more than `limit`; stops counting
/// there, and allocates nothing. Small values, which nearly all are, are not
/// even written to be counted.
pub(crate) fn is_longer_than(value: &Value, limit: usize) -> bool {
    at_most(value) > limit && serde_json::to_writer(Counter { left: limit }, value).is_err()
}

/// A length that the canonical bytes of a value never pass.
fn at_most(value: &Value) -> usize {
    // A control character becomes `\u001f`; quotes stand around, a comma or a
    // colon after.
    let text = |text: &str| 6 * text.len() + 3;
    match value {
        Value::Null | Value::Bool(_) => 6,
        // The longest is a negative float with 17 digits and an exponent.
        Value::Number(_) => 32,
        Value::String(string) => text(string),
        Value::Array(items) => 3 + items.iter().map(at_most).sum::<usize>(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| text(name) + at_most(value);
            3 + members.iter().map(member).sum::<usize>()
        }
    }
}

struct Counter {
    left: usize,
}

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.left.checked_sub(bytes.len());
        self.left = left.ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_in_the_order_of_their_names() {
        let value = json!({"b": [1, {"z": 0, "a": 1.5}], "a": "\u{7f}é\n", "": null});
        let text = String::from_utf8(to_vec(&value).unwrap()).unwrap();
        assert_eq!(
            text,
            "{\"\":null,\"a\":\"\u{7f}é\\n\",\"b\":[1,{\"a\":1.5,\"z\":0}]}"
        );
    }

    #[test]
    fn no_value_is_longer_than_its_bound() {
        let numbers = json!([
            f64::MIN_POSITIVE,
            -1.797_693_134_862_315_7e308,
            i64::MIN,
            u64::MAX,
            -1e-7
        ]);
        let odd = "\u{0}\u{1f}\"\\/\u{7f}\u{2028}é😀";
        for value in [
            numbers,
            json!({odd: {odd: [odd, null, true, false, {}, []]}}),
            json!(odd),
            json!(null),
        ] {
            assert!(to_vec(&value).unwrap().len() <= at_most(&value), "{value}");
        }
    }

    #[test]
    fn the_hash_is_that_of_the_bytes() {
        let value = json!({"b": [1, {"z": 0, "a": 1.5}], "a": "é\n", "": null});
        assert_eq!(hash(&value), Hash::of(&to_vec(&value).unwrap()));
    }

    #[test]
    fn length_is_compared_at_the_byte() {
        let value = json!({"k": "0123456789"});
        let length = to_vec(&value).unwrap().len();
        assert!(!is_longer_than(&value, length));
        assert!(is_longer_than(&value, length - 1));
    }
}
