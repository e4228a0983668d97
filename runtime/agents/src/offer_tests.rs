//! What can be offered, and which calls pass.

use serde_json::{Value, json};

use super::{MAX_TOOLS, Offer};
use crate::{SetupError, ToolCall, ToolSpec};

fn spec(name: &str) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        description: "a tool".to_owned(),
        parameters: json!({
            "type": "object",
            "properties": { "n": { "type": "integer" } },
            "required": ["n"],
            "additionalProperties": false,
        }),
    }
}

fn rule(arguments: Value) -> Option<&'static str> {
    let call = ToolCall {
        id: "c".to_owned(),
        name: "count".to_owned(),
        arguments,
    };
    let offer = Offer::pin(vec![spec("count")]).unwrap();
    offer.judge(&call).err().map(|refusal| refusal.rule())
}

#[test]
fn sixteen_tools_are_too_many() {
    let specs = |count: usize| (0..count).map(|n| spec(&format!("t{n}"))).collect();
    assert!(Offer::pin(specs(MAX_TOOLS)).is_ok());
    assert_eq!(
        Offer::pin(specs(MAX_TOOLS + 1)).err(),
        Some(SetupError::TooManyTools { count: 16, max: 15 })
    );
}

#[test]
fn one_name_twice_is_refused() {
    let twice = Offer::pin(vec![spec("a"), spec("a")]).err();
    assert_eq!(twice, Some(SetupError::DuplicateTool("a".to_owned())));
}

#[test]
fn names_that_providers_refuse_are_refused_before_the_call() {
    for name in ["", "a b", "a.b", "ü", &"x".repeat(65)] {
        let refused = Offer::pin(vec![spec(name)]).err();
        assert!(
            matches!(refused, Some(SetupError::ToolName(_))),
            "{name:?}: {refused:?}"
        );
    }
}

#[test]
fn only_an_object_that_fits_passes() {
    assert_eq!(rule(json!({ "n": 1 })), None);
    assert_eq!(rule(json!({ "n": "1" })), Some("arguments-outside-schema"));
    assert_eq!(
        rule(json!({ "n": 1, "m": 2 })),
        Some("arguments-outside-schema")
    );
    assert_eq!(rule(json!("{\"n\": 1")), Some("arguments-not-json"));
    assert_eq!(rule(json!("{\"n\": 1}")), Some("arguments-not-json"));
    assert_eq!(rule(json!([1])), Some("arguments-not-json"));
    assert_eq!(rule(json!(null)), Some("arguments-not-json"));
}

#[test]
fn the_argument_that_does_not_fit_is_part_of_what_was_wanted() {
    let wanted = |arguments: Value| {
        let call = ToolCall {
            id: "c".to_owned(),
            name: "count".to_owned(),
            arguments,
        };
        let offer = Offer::pin(vec![spec("count")]).unwrap();
        offer.judge(&call).unwrap_err().target("count")
    };
    assert_eq!(wanted(json!({ "n": "1" })), "count(n)");
    assert_eq!(wanted(json!({ "m": 1 })), "count(m, n)");
    assert_eq!(wanted(json!("{\"n\": 1")), "count");
}

#[test]
fn a_made_up_name_is_escaped_and_shortened() {
    let call = ToolCall {
        id: "c".to_owned(),
        name: format!("\u{1b}[31m{}", "x".repeat(10_000)),
        arguments: json!({}),
    };
    let refusal = Offer::pin(vec![]).unwrap().judge(&call).unwrap_err();
    let text = refusal.to_string();
    assert!(!text.contains('\u{1b}') && text.len() < 300, "{text}");
}

#[test]
fn a_schema_that_is_none_is_named() {
    let mut broken = spec("count");
    broken.parameters = json!({ "type": "objekt" });
    let error = Offer::pin(vec![broken]).err().unwrap().to_string();
    assert!(error.contains("tool `count`"), "{error}");
}
