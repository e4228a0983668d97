//! JSON Schemas of tools and outputs, compiled once.
//!
//! Nothing is fetched for a `$ref`, and patterns are matched by an engine
//! without backtracking, so that a schema cannot hang the host.

use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

/// A schema is short; this one is the largest that is compiled.
const MAX_SCHEMA_BYTES: usize = 64 * 1024;

const MAX_PROBLEMS: usize = 3;
const MAX_PROBLEM_CHARS: usize = 200;

/// A compiled JSON Schema, draft 2020-12 unless it says otherwise.
pub(crate) struct Schema(Validator);

impl Schema {
    pub(crate) fn compile(schema: &Value) -> Result<Self, String> {
        if !schema.is_object() {
            return Err("it is not a JSON object".to_owned());
        }
        let bytes = schema.to_string().len();
        if bytes > MAX_SCHEMA_BYTES {
            return Err(format!(
                "it has {bytes} bytes, at most {MAX_SCHEMA_BYTES} are taken"
            ));
        }
        let options = jsonschema::options()
            .offline()
            .with_pattern_options(PatternOptions::regex());
        options
            .build(schema)
            .map(Self)
            .map_err(|error| problem(&error))
    }

    /// The first few problems in one line.
    pub(crate) fn check(&self, value: &Value) -> Result<(), String> {
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

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        for endless in [
            json!({ "$ref": "#" }),
            json!({ "allOf": [{ "$ref": "#" }, { "$ref": "#" }] }),
            json!({ "$ref": "#/$defs/a", "$defs": {
                "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
        ] {
            if let Ok(schema) = Schema::compile(&endless) {
                let _ = schema.check(&json!({ "a": [1, 2, { "b": 3 }] }));
            }
        }
    }

    #[test]
    fn a_schema_that_doubles_at_every_step_ends() {
        let mut definitions = serde_json::Map::new();
        for level in 0..60 {
            let next = json!({ "$ref": format!("#/$defs/d{}", level + 1) });
            definitions.insert(format!("d{level}"), json!({ "allOf": [next, next] }));
        }
        definitions.insert("d60".to_owned(), json!({ "type": "object" }));
        let started = Instant::now();
        if let Ok(schema) = Schema::compile(&json!({ "$ref": "#/$defs/d0", "$defs": definitions }))
        {
            let _ = schema.check(&json!({}));
        }
        assert!(started.elapsed() < Duration::from_secs(5));
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
}
