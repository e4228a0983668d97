//! JSON with the same bytes every time: keys sorted, no white space.

use serde::Serialize;
use serde_json::Value;

/// Writes a value as canonical JSON. Two values that are equal give the same
/// bytes, whatever order their keys came in.
///
/// # Panics
/// Never for values of this crate: their keys are text.
pub fn canonical_json(value: &impl Serialize) -> Vec<u8> {
    let value = serde_json::to_value(value).unwrap_or(Value::Null);
    sorted(value).to_string().into_bytes()
}

/// Puts every object's keys in order; the map type may keep insertion order.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(
                entries
                    .into_iter()
                    .map(|(key, value)| (key, sorted(value)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_keys_makes_no_difference() {
        let a: Value = serde_json::from_str(r#"{"b":1,"a":{"d":[{"y":1,"x":2}],"c":2}}"#).unwrap();
        let b: Value = serde_json::from_str(r#"{"a":{"c":2,"d":[{"x":2,"y":1}]},"b":1}"#).unwrap();
        assert_eq!(canonical_json(&a), canonical_json(&b));
        assert_eq!(
            canonical_json(&b),
            br#"{"a":{"c":2,"d":[{"x":2,"y":1}]},"b":1}"#
        );
    }
}
