//! What a reviewer is told.

use serde_json::json;

use crate::admit::tests::{subject, subject_asking};
use crate::{Basis, Facts, facts};

fn told(imports: &[&str]) -> Facts {
    let subject = subject();
    let imports: Vec<_> = imports.iter().map(|&import| import.to_owned()).collect();
    facts(&subject.manifest, &imports, Some(&subject.graph))
}

fn basis(facts: &Facts, what: &str) -> Basis {
    facts
        .cannot
        .iter()
        .find(|fact| fact.what.starts_with(what))
        .unwrap_or_else(|| panic!("{what}: {facts:?}"))
        .basis
}

#[test]
fn what_can_happen_names_node_and_reason() {
    let facts = told(&[]);
    let write = facts
        .can
        .iter()
        .find(|can| can.what.starts_with("read"))
        .unwrap();
    assert_eq!(write.what, "read **");
    assert_eq!(
        write
            .nodes
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["gather", "implement"]
    );
    assert_eq!(write.reason, "to see it");
}

#[test]
fn absent_import_proves_and_present_one_is_enforced() {
    assert_eq!(basis(&told(&[]), "open a network"), Basis::Imports);
    assert_eq!(
        basis(&told(&["wasi:sockets/tcp@0.2.0"]), "open a network"),
        Basis::Enforced
    );
    assert_eq!(
        basis(
            &told(&["wasi:cli/environment@0.2.0"]),
            "read the environment"
        ),
        Basis::Enforced
    );
}

#[test]
fn agent_with_tools_makes_a_missing_import_no_proof() {
    assert_eq!(
        basis(&told(&["minion:host/log@0.1.0"]), "run any command"),
        Basis::Imports
    );
    assert_eq!(
        basis(&told(&["minion:host/agent@0.1.0"]), "run any command"),
        Basis::Enforced
    );
}

#[test]
fn model_is_said_to_be_out_of_reach_elsewhere() {
    assert_eq!(
        basis(
            &told(&["minion:host/agent@0.1.0"]),
            "reach a model outside of implement"
        ),
        Basis::Enforced
    );
    let silent = subject_asking(&json!([]));
    let facts = facts(&silent.manifest, &[], Some(&silent.graph));
    assert_eq!(basis(&facts, "reach a model"), Basis::Imports);
    assert_eq!(basis(&facts, "deliver"), Basis::Enforced);
}

#[test]
fn reviewer_is_pointed_to_what_the_pattern_does_not_bound() {
    let subject = subject_asking(&json!([
        {"id": "c", "reason": "r", "command": {"run": ["cargo test *", "cargo fmt --all", "make **"]}},
        {"id": "f", "reason": "r", "files": {"read": [".env"], "write": [".github/workflows/**", "src/**"]}},
    ]));
    let notes = facts(&subject.manifest, &[], None).look_at;
    assert_eq!(notes.len(), 4, "{notes:?}");
    assert!(notes[0].contains("cargo test *") && notes[1].contains("any option"));
    assert!(notes[2].contains(".env") && notes[3].contains(".github"));
}
