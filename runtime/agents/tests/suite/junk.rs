//! Whatever a model makes up, only calls that were offered and fit reach the
//! toolbox.

use minion_agents::{ToolCall, Turn, WorkspaceCall, run};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::script::{Script, Tools, says, task};

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("{\"file\": \"a\"}")),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let key = prop_oneof![
            Just("file".to_owned()),
            Just("content".to_owned()),
            Just("first_line".to_owned()),
            ".{0,6}"
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..4)
                .prop_map(|map| Value::from(map.into_iter().collect::<serde_json::Map<_, _>>())),
        ]
    })
}

fn tool_call() -> impl Strategy<Value = ToolCall> {
    let name = prop_oneof![
        Just("read".to_owned()),
        Just("write".to_owned()),
        Just("run".to_owned()),
        Just("READ".to_owned()),
        Just("read ".to_owned()),
        ".{0,12}"
    ];
    let id = prop_oneof![Just("c".to_owned()), ".{0,8}"];
    (id, name, json_value()).prop_map(|(id, name, arguments)| ToolCall {
        id,
        name,
        arguments,
    })
}

fn turn() -> impl Strategy<Value = Turn> {
    prop::collection::vec(tool_call(), 1..6).prop_map(|tool_calls| Turn {
        tool_calls,
        ..says("")
    })
}

proptest! {
    #[test]
    fn junk_never_reaches_the_toolbox(turns in prop::collection::vec(turn(), 1..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let asked: Vec<_> = turns.iter().flat_map(|turn| turn.tool_calls.clone()).collect();
        let mut tools = Tools::new("x");
        let model = Script::new(turns.into_iter().chain([says("done")]));
        let spent = match runtime.block_on(run(&task(), &model, &mut tools)) {
            Ok(report) => report.spent,
            Err(error) => error.spent,
        };
        for call in &tools.called {
            prop_assert!(["read", "write"].contains(&call.name.as_str()));
            prop_assert!(call.arguments.is_object());
            prop_assert!(WorkspaceCall::parse(call).is_ok(), "{call:?}");
            prop_assert!(asked.contains(call));
        }
        prop_assert_eq!(tools.called.len() + tools.refused.len(), spent.tool_calls as usize);
        prop_assert_eq!(tools.refused.len(), spent.refused_calls as usize);
    }
}
