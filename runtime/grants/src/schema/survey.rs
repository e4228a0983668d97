//! Whether checking values against a schema can take long, told before it is
//! compiled.
//!
//! Validators follow references again and again: sixty definitions, each
//! naming the next one twice, take 2⁶⁰ steps. So references are counted as if
//! what they name stood in their place, and whatever cannot be counted so is
//! refused: references that come back to themselves or leave the document,
//! and keywords that look at other keywords' results.

use std::collections::BTreeMap;

use serde_json::Value;

/// Places of a schema, references unfolded.
const MAX_PLACES: u64 = 2_000;

/// How deep they lie.
const MAX_DEPTH: u64 = 96;

/// Regular expressions are compiled ahead, whether used or not.
const MAX_PATTERNS: usize = 50;

/// Values that one check looks at.
const MAX_VALUES: usize = 10_000;

const UNCOUNTABLE: [&str; 4] = [
    "$dynamicRef",
    "$recursiveRef",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// What unfolding a part of the schema comes to.
#[derive(Clone, Copy)]
struct Extent {
    places: u64,
    depth: u64,
}

/// A schema while its references are being followed.
struct Survey<'a> {
    root: &'a Value,
    /// By reference; none: being followed right now.
    known: BTreeMap<&'a str, Option<Extent>>,
    patterns: usize,
    /// How deep we are.
    level: u64,
}

/// Refuses a schema whose checks could take long.
pub(super) fn survey(schema: &Value) -> Result<(), String> {
    let mut survey = Survey {
        root: schema,
        known: BTreeMap::new(),
        patterns: 0,
        level: 0,
    };
    let extent = survey.walk(schema, true)?;
    if extent.places > MAX_PLACES {
        return Err(format!(
            "it has more than {MAX_PLACES} places once references are followed"
        ));
    }
    if extent.depth > MAX_DEPTH {
        return Err(too_deep());
    }
    if survey.patterns > MAX_PATTERNS {
        return Err(format!(
            "it has more than {MAX_PATTERNS} regular expressions"
        ));
    }
    Ok(())
}

/// Refuses a value with too much in it to be looked at.
pub(super) fn check_size(value: &Value) -> Result<(), String> {
    let mut left = vec![value];
    let mut seen = 0_usize;
    while let Some(value) = left.pop() {
        seen += 1;
        match value {
            Value::Array(items) => left.extend(items),
            Value::Object(fields) => left.extend(fields.values()),
            _ => {}
        }
        if seen + left.len() > MAX_VALUES {
            return Err(format!("it holds more than {MAX_VALUES} values"));
        }
    }
    Ok(())
}

impl<'a> Survey<'a> {
    fn walk(&mut self, part: &'a Value, is_root: bool) -> Result<Extent, String> {
        self.level += 1;
        if self.level > 2 * MAX_DEPTH {
            return Err(too_deep());
        }
        let mut extent = Extent {
            places: 1,
            depth: 0,
        };
        match part {
            Value::Array(items) => {
                for item in items {
                    extent.take_in(self.walk(item, false)?);
                }
            }
            Value::Object(fields) => {
                for (key, value) in fields {
                    self.check_key(key, value, is_root)?;
                    extent.take_in(match (key.as_str(), value) {
                        ("$ref", Value::String(reference)) => self.follow(reference)?,
                        // Counted where it is referred to.
                        ("$defs" | "definitions", _) => self.count_patterns(value)?,
                        _ => self.walk(value, false)?,
                    });
                }
            }
            _ => {}
        }
        self.level -= 1;
        Ok(extent)
    }

    fn check_key(&mut self, key: &str, value: &Value, is_root: bool) -> Result<(), String> {
        if UNCOUNTABLE.contains(&key) {
            return Err(format!("`{key}` is not taken"));
        }
        if key == "$id" && value.is_string() && !is_root {
            return Err("`$id` is taken at the top only".to_owned());
        }
        match (key, value) {
            ("pattern", Value::String(_)) => self.patterns += 1,
            ("patternProperties", Value::Object(patterns)) => self.patterns += patterns.len(),
            _ => {}
        }
        Ok(())
    }

    fn follow(&mut self, reference: &'a str) -> Result<Extent, String> {
        match self.known.get(reference) {
            Some(Some(extent)) => return Ok(*extent),
            Some(None) => return Err(format!("`{reference}` comes back to itself")),
            None => {}
        }
        let target = reference
            .strip_prefix('#')
            .and_then(|pointer| self.root.pointer(pointer))
            .ok_or_else(|| format!("`{reference}` names nothing in the schema itself"))?;
        self.known.insert(reference, None);
        let extent = self.walk(target, false)?;
        self.known.insert(reference, Some(extent));
        Ok(extent)
    }

    /// Definitions nobody refers to cost no steps, but may hold anything.
    fn count_patterns(&mut self, definitions: &'a Value) -> Result<Extent, String> {
        self.walk(definitions, false)?;
        Ok(Extent {
            places: 0,
            depth: 0,
        })
    }
}

fn too_deep() -> String {
    format!("it is more than {MAX_DEPTH} levels deep")
}

impl Extent {
    fn take_in(&mut self, part: Self) {
        self.places = self.places.saturating_add(part.places);
        self.depth = self.depth.max(part.depth.saturating_add(1));
    }
}
