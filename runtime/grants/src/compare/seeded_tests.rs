//! Widenings, made one by one from a file that is as it should be: every one of
//! them has to be found.

use serde_json::{Value, json};

use super::seeds::{rewrite, seeds};
use super::{Direction, compare};
use crate::{Digest, Graph, Manifest, Origin, Surface, SurfacePart};

fn manifest(name: &str, kind: &str, asks: &Value) -> Manifest {
    let mut value = json!({
        "name": name, "version": "1.0.0", "contract": "0.1.0", "kind": kind, "summary": "", "asks": asks,
    });
    if kind == "plugin" {
        value["gate"] = json!({"parameters": {}});
    }
    Manifest::from_json(value.to_string().as_bytes()).unwrap()
}

pub(super) fn plugin(name: &str, asks: &Value) -> SurfacePart {
    SurfacePart {
        digest: Digest::of(name.as_bytes()),
        origin: Origin::Shipped,
        manifest: manifest("acme/plugin", "plugin", asks),
        imports: vec!["minion:host/command@0.1.0".to_owned()],
    }
}

pub(super) fn graph() -> Graph {
    serde_json::from_value(json!({
        "start": "gather", "state-schema": {"type": "object"},
        "nodes": [
            {"id": "gather", "kind": "deterministic", "executor": "step", "needs": ["source"],
             "edges": [{"label": "done", "to": "implement"}]},
            {"id": "implement", "kind": "agentic", "executor": "step", "needs": ["source", "change", "model"],
             "agent": {"prompts": ["implement.md"], "tools": ["read"], "max-turns": 4, "max-tokens": 1000, "max-seconds": 60},
             "max-visits": {"visits": 2, "then": "escalated"},
             "edges": [{"label": "done", "to": "lint"}]},
            {"id": "lint", "kind": "gate", "executor": {"plugin": {"name": "std:lint", "parameters": {"strict": true}}},
             "max-visits": {"visits": 5, "then": "escalated"},
             "edges": [{"label": "pass", "to": "test"}, {"label": "fail", "to": "implement"}, {"label": "error", "to": "escalated"}]},
            {"id": "test", "kind": "gate", "executor": {"plugin": {"name": "std:test", "parameters": {}}},
             "edges": [{"label": "pass", "to": "look"}, {"label": "fail", "to": "implement"}, {"label": "error", "to": "escalated"}]},
            {"id": "look", "kind": "approval", "executor": "human",
             "edges": [{"label": "approved", "to": "delivered"}, {"label": "rejected", "to": "implement"}]},
        ],
    }))
    .unwrap()
}

fn base() -> Surface {
    let asks = json!([
        {"id": "source", "reason": "to see", "files": {"read": ["src/**", "tests/*.rs"]}},
        {"id": "change", "reason": "to mend", "files": {"write": ["src/parser/**"]}},
        {"id": "tools", "reason": "to run", "command": {"run": ["cargo test *", "git log --oneline"]}},
        {"id": "look-up", "reason": "to ask", "http": {"send": ["GET https://api.example.com/v1/**"]}},
        {"id": "model", "reason": "to write",
         "agent": {"model": "default", "tools": ["read", "edit"], "max-turns": 40, "max-tokens": 4000}},
        {"id": "hand-over", "reason": "to hand it over", "delivery": {"to": "branch"}},
    ]);
    let lint = json!([{"id": "c", "reason": "r", "command": {"run": ["cargo clippy *"]}}]);
    let test = json!([{"id": "c", "reason": "r", "command": {"run": ["cargo test *"]}}]);
    Surface {
        digest: Digest::of(b"base"),
        manifest: manifest("acme/fix-bug", "blueprint", &asks),
        graph: Some(graph()),
        imports: vec![
            "minion:host/workspace@0.1.0".to_owned(),
            "minion:host/log@0.1.0".to_owned(),
        ],
        prompts: [(
            "implement.md".parse().unwrap(),
            "Mend it.\nTest it.\n".to_owned(),
        )]
        .into(),
        parts: [
            ("std:lint".parse().unwrap(), plugin("lint", &lint)),
            ("std:test".parse().unwrap(), plugin("test", &test)),
        ]
        .into(),
    }
}

#[test]
fn every_seeded_widening_is_found() {
    let (mut found, mut missed) = (0, Vec::new());
    for seed in seeds() {
        let mut new = base();
        (seed.change)(&mut new);
        assert_ne!(new, base(), "{} seeds nothing", seed.name);
        let comparison = compare(&base(), &new);
        let wider = seed.found == Direction::Widened;
        let told = comparison
            .differences
            .iter()
            .any(|told| told.direction == seed.found);
        if told && comparison.is_wider() == wider {
            found += 1;
        } else {
            missed.push(format!("{}: {:?}", seed.name, comparison.differences));
        }
    }
    println!("{found} seeded widenings and changes were found");
    assert!(
        missed.is_empty(),
        "{} are missed:\n{}",
        missed.len(),
        missed.join("\n")
    );
    assert!(found >= 50, "{found} are too few");
}

#[test]
fn a_delivery_that_is_asked_for_is_wider() {
    let mut old = base();
    old.manifest.asks.pop();
    let comparison = compare(&old, &base());
    assert_eq!(comparison.differences.len(), 1, "{comparison:?}");
    assert!(comparison.is_wider());
    assert!(!compare(&base(), &old).is_wider());
}

#[test]
fn what_is_the_same_is_the_same_in_whatever_order() {
    let mut other = base();
    other.manifest.asks.reverse();
    other.imports.reverse();
    other.graph.as_mut().unwrap().nodes.reverse();
    let comparison = compare(&base(), &other);
    assert_eq!(comparison.differences, []);
    assert_eq!(comparison.same.len(), super::Topic::ALL.len());
    assert_eq!(base().hash(), other.hash());
}

#[test]
fn the_hash_of_a_surface_tells_which_side_is_another() {
    let (hash, mut same) = (base().hash(), 0);
    for seed in seeds() {
        let mut new = base();
        (seed.change)(&mut new);
        let told = new.hash() != hash;
        // Bytes, where they come from and reasons are no part of it.
        same += usize::from(!told);
        let words = ["other bytes", "another reason", "of the file's own"];
        assert!(
            told || words.iter().any(|word| seed.name.contains(word)),
            "{}",
            seed.name
        );
    }
    assert_eq!(same, 3);
    let mut prompt = base();
    prompt.prompts.values_mut().for_each(|text| text.push('x'));
    let other = prompt.hash();
    assert!(other.prompts != hash.prompts && other.surface != hash.surface);
    assert!(other.asks == hash.asks && other.graph == hash.graph && other.limits == hash.limits);
}

#[test]
fn a_narrower_ask_is_narrowed_and_nothing_else() {
    let mut new = base();
    rewrite(&mut new, "source", |ask| {
        ask["files"]["read"] = json!(["src/a.rs", "tests/*.rs"]);
    });
    let found = compare(&base(), &new).differences;
    assert!(
        found
            .iter()
            .all(|found| found.direction == Direction::Narrowed),
        "{found:?}"
    );
    assert_eq!((&*found[0].was, &*found[0].now), ("src/**", "src/a.rs"));
}
