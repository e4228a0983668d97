//! JSON Schemas of states, parameters, tools and outputs, compiled once. They come from
//! components and tools, so they are data of strangers.
//!
//! A schema cannot hang the host: it is surveyed before it is compiled,
//! nothing is fetched for a `$ref`, and patterns are matched by an engine
//! without backtracking.

mod survey;

use jsonschema::error::ValidationErrorKind;
use jsonschema::paths::LocationSegment;
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use self::survey::{check_size, survey};

/// A schema is short; this one is the largest that is compiled.
const MAX_SCHEMA_BYTES: usize = 64 * 1024;

/// A compiled regular expression.
const MAX_PATTERN_BYTES: usize = 256 * 1024;

const MAX_PROBLEMS: usize = 3;
const MAX_PROBLEM_CHARS: usize = 200;

/// A compiled JSON Schema, always read as draft 2020-12.
#[derive(Debug)]
pub struct Schema(Validator);

impl Schema {
    /// Compiles a schema of at most 64 KiB. The error says what is wrong with it, or why it
    /// could cost more than it may.
    pub fn compile(schema: &Value) -> Result<Self, String> {
        if !schema.is_object() {
            return Err("it is not a JSON object".to_owned());
        }
        let bytes = schema.to_string().len();
        if bytes > MAX_SCHEMA_BYTES {
            return Err(format!(
                "it has {bytes} bytes, at most {MAX_SCHEMA_BYTES} are taken"
            ));
        }
        survey(schema)?;
        let patterns = PatternOptions::regex()
            .size_limit(MAX_PATTERN_BYTES)
            .dfa_size_limit(MAX_PATTERN_BYTES);
        let options = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .offline()
            .with_pattern_options(patterns);
        options
            .build(schema)
            .map(Self)
            .map_err(|error| problem(&error))
    }

    /// Whether a value fits; the error is the first few problems in one line.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        check_size(value)?;
        let problems: Vec<_> = self
            .0
            .iter_errors(value)
            .take(MAX_PROBLEMS)
            .map(|error| problem(&error))
            .collect();
        if problems.is_empty() {
            return Ok(());
        }
        Err(problems.join("; "))
    }

    /// The names of the value's own members that do not fit, are missing or are too many: the
    /// first of them, escaped.
    pub fn misfits(&self, value: &Value) -> Vec<String> {
        if check_size(value).is_err() {
            return Vec::new();
        }
        let mut names: Vec<String> = Vec::new();
        for name in self
            .0
            .iter_errors(value)
            .take(MAX_PROBLEMS)
            .flat_map(|error| members(value, &error))
        {
            let name = crate::shown(&name);
            if names.len() < MAX_PROBLEMS && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// The member of the value itself that an error is about.
fn members(value: &Value, error: &ValidationError<'_>) -> Vec<String> {
    if let Some(LocationSegment::Property(name)) = error.instance_path().iter().next() {
        return vec![name.to_string()];
    }
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected.clone(),
        ValidationErrorKind::Required { property } => {
            property.as_str().map(str::to_owned).into_iter().collect()
        }
        // Where no member at all is allowed, the error tells the member's value alone.
        ValidationErrorKind::FalseSchema => {
            let members = value.as_object().into_iter().flatten();
            let refused = members.filter(|(_, member)| *member == error.instance().as_ref());
            refused.map(|(name, _)| name.clone()).collect()
        }
        _ => Vec::new(),
    }
}

fn problem(error: &ValidationError<'_>) -> String {
    let place = error.instance_path().to_string();
    let text: String = error.to_string().chars().take(MAX_PROBLEM_CHARS).collect();
    if place.is_empty() {
        return text;
    }
    let place: String = place.chars().take(MAX_PROBLEM_CHARS).collect();
    format!("at {place}: {text}")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_elsewhere_is_not_fetched() {
        for reference in ["http://127.0.0.1:1/x.json", "file:///etc/passwd"] {
            assert!(
                Schema::compile(&json!({ "$ref": reference })).is_err(),
                "{reference}"
            );
        }
    }

    fn refused(schema: &Value) -> String {
        Schema::compile(schema).err().unwrap_or_default()
    }

    #[test]
    fn a_schema_that_comes_back_to_itself_is_refused() {
        for endless in [
            json!({ "$ref": "#" }),
            json!({ "allOf": [{ "$ref": "#" }, { "$ref": "#" }] }),
            json!({ "properties": { "a": { "$ref": "#" } } }),
            json!({ "$ref": "#/$defs/a", "$defs": {
                "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
        ] {
            assert!(refused(&endless).contains("itself"), "{endless}");
        }
    }

    fn chain(length: usize, link: impl Fn(Value) -> Value) -> Value {
        let mut definitions = serde_json::Map::new();
        for level in 0..length {
            let next = json!({ "$ref": format!("#/$defs/d{}", level + 1) });
            definitions.insert(format!("d{level}"), link(next));
        }
        definitions.insert(format!("d{length}"), json!({ "type": "object" }));
        json!({ "$ref": "#/$defs/d0", "$defs": definitions })
    }

    #[test]
    fn a_schema_that_doubles_at_every_step_is_refused() {
        let doubling = chain(24, |next| json!({ "allOf": [next, next] }));
        assert!(refused(&doubling).contains("places"));
        let deep = chain(200, |next| json!({ "allOf": [next] }));
        assert!(refused(&deep).contains("deep"));
        let fine = chain(20, |next| json!({ "allOf": [next] }));
        assert_eq!(refused(&fine), "");
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        for schema in [
            json!({ "$dynamicRef": "#x" }),
            json!({ "unevaluatedProperties": false }),
            json!({ "$defs": { "a": { "$id": "https://a.example/x" } } }),
            json!({ "$ref": "#anchor" }),
        ] {
            assert_ne!(refused(&schema), "", "{schema}");
        }
        let patterns = json!({ "anyOf": vec![json!({ "pattern": "a" }); 51] });
        assert!(refused(&patterns).contains("regular expressions"));
        assert_ne!(refused(&json!({ "pattern": "(a{1000}){1000}" })), "");
    }

    #[test]
    fn a_value_with_too_much_in_it_does_not_fit() {
        let any = Schema::compile(&json!({})).unwrap();
        assert_eq!(any.check(&json!(vec![0; 9_999])), Ok(()));
        assert!(any.check(&json!(vec![0; 10_000])).is_err());
    }

    #[test]
    fn a_definition_may_be_shared() {
        let schema = json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "properties": { "a": { "$ref": "#/definitions/n" }, "b": { "$ref": "#/definitions/n" } },
            "definitions": { "n": { "type": "integer" } },
        });
        let schema = Schema::compile(&schema).unwrap();
        assert_eq!(schema.check(&json!({ "a": 1, "b": 2 })), Ok(()));
        assert!(schema.check(&json!({ "a": 1, "b": "2" })).is_err());
    }

    #[test]
    fn a_pattern_cannot_backtrack_for_ever() {
        let schema = Schema::compile(&json!({ "pattern": "^(a+)+$" })).unwrap();
        let started = Instant::now();
        assert!(schema.check(&json!("a".repeat(50_000) + "!")).is_err());
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_problem_names_its_place_and_stays_short() {
        let schema = Schema::compile(&json!({ "properties": { "n": { "type": "integer" } } }));
        let problems = schema
            .unwrap()
            .check(&json!({ "n": "x".repeat(10_000) }))
            .unwrap_err();
        assert!(
            problems.starts_with("at /n: ") && problems.len() < 300,
            "{problems}"
        );
    }

    #[test]
    fn members_that_do_not_fit_are_named() {
        let schema = json!({
            "properties": { "file": {}, "n": { "type": "integer" }, "deep": { "items": { "type": "string" } } },
            "required": ["file"],
            "additionalProperties": false,
        });
        let schema = Schema::compile(&schema).unwrap();
        let misfits = |value: Value| schema.misfits(&value);
        assert_eq!(misfits(json!({ "file": 1, "n": "x" })), ["n"]);
        assert_eq!(misfits(json!({})), ["file"]);
        assert_eq!(misfits(json!({ "file": 1, "a\u{1b}": 2 })), ["a\\u{1b}"]);
        assert_eq!(misfits(json!({ "file": 1, "deep": ["x", 1] })), ["deep"]);
        assert_eq!(misfits(json!({ "file": 1 })), Vec::<String>::new());
    }

    #[test]
    fn a_member_is_named_where_none_at_all_is_allowed() {
        let none = Schema::compile(&json!({ "type": "object", "additionalProperties": false }));
        let misfits = none.unwrap().misfits(&json!({ "skip": "slow" }));
        assert_eq!(misfits, ["skip"]);
    }
}
