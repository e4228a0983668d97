//! A made-up run: its first record, and who calls in it.

use minion_door::Caller;
use minion_grants::Authority;
use minion_journal::{Payload, RunStarted};
use serde_json::Value;
use std::sync::Arc;

/// Somebody without authority in the first visit.
pub(crate) fn caller() -> Caller {
    Caller {
        visit: 1,
        node: "act".to_owned(),
        round: 1,
        authority: Arc::new(Authority::default()),
        within: Vec::new(),
        parent: None,
    }
}

/// What the run began with.
pub(crate) fn start() -> RunStarted {
    RunStarted {
        blueprint: "test/door".to_owned(),
        version: "0.1.0".to_owned(),
        component: "sha256:00".to_owned(),
        contract: "0.1.0".to_owned(),
        base_commit: None,
        base_tree: "00".to_owned(),
        repository: "/nowhere".to_owned(),
        task: String::new(),
        inputs: Payload::Inline(Value::Null),
        admission: Payload::Inline(Value::Null),
        sandbox: "full".to_owned(),
        runtime_version: "0.1.0".to_owned(),
        model: None,
        parts: Vec::new(),
        setup: None,
        forked: None,
    }
}
