//! What a model is shown and what the host reads must be the same thing.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{WorkspaceCall, WorkspaceTool, workspace_specs};
use crate::ToolCall;
use crate::offer::Offer;

fn call(name: &str, arguments: Value) -> ToolCall {
    ToolCall {
        id: "c1".to_owned(),
        name: name.to_owned(),
        arguments,
    }
}

fn all() -> Offer {
    Offer::pin(workspace_specs(WorkspaceTool::ALL.map(WorkspaceTool::name))).unwrap()
}

#[test]
fn specs_come_in_one_order_and_once() {
    let specs = workspace_specs(["write", "read", "write", "other"]);
    let names: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, ["read", "write"]);
}

#[test]
fn smallest_call_of_each_tool_fits_schema_and_type() {
    for (name, arguments) in [
        ("read", json!({ "file": "a" })),
        ("list", json!({ "directory": "" })),
        ("search", json!({ "pattern": "x" })),
        ("edit", json!({ "file": "a", "old": "x", "new": "" })),
        ("write", json!({ "file": "a", "content": "" })),
        ("run", json!({ "program": "cargo", "arguments": ["test"] })),
    ] {
        let call = call(name, arguments);
        all().judge(&call).unwrap();
        WorkspaceCall::parse(&call).unwrap();
    }
}

#[test]
fn unknown_arguments_are_refused() {
    let call = call("read", json!({ "file": "a", "as_root": true }));
    assert_eq!(
        all().judge(&call).unwrap_err().rule(),
        "arguments-outside-schema"
    );
    WorkspaceCall::parse(&call).unwrap_err();
}

fn arguments() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0_u32..3).prop_map(|whole| json!(f64::from(whole))),
        any::<f64>().prop_map(Value::from),
        "[a-z]{0,3}".prop_map(Value::from),
        prop::collection::vec("[a-z]{0,3}".prop_map(Value::from), 0..3).prop_map(Value::from),
    ];
    let name = prop::sample::select(vec![
        "file",
        "first_line",
        "lines",
        "directory",
        "pattern",
        "beneath",
        "old",
        "new",
        "content",
        "program",
        "arguments",
        "other",
    ]);
    prop::collection::btree_map(name.prop_map(str::to_owned), value, 0..4)
        .prop_map(|map| Value::from(map.into_iter().collect::<serde_json::Map<_, _>>()))
}

proptest! {
    #[test]
    fn whatever_fits_the_schema_fits_the_type(
        name in prop::sample::select(WorkspaceTool::ALL.to_vec()),
        arguments in arguments(),
    ) {
        let call = call(name.name(), arguments);
        if all().judge(&call).is_ok() {
            prop_assert!(WorkspaceCall::parse(&call).is_ok(), "{call:?}");
        }
    }
}
