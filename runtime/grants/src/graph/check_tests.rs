//! Graphs that are wrong, each in one way.

use serde_json::json;

use crate::{Ask, Graph, GraphProblem, Node};

fn asks() -> Vec<Ask> {
    serde_json::from_value(json!([
        {"id": "source", "reason": "r", "files": {"read": ["**"]}},
        {"id": "model", "reason": "r",
         "agent": {"model": "default", "tools": ["read"], "max-turns": 4, "max-tokens": 1000}},
    ]))
    .unwrap()
}

pub(crate) fn sound() -> Graph {
    serde_json::from_value(json!({
        "start": "gather", "state-schema": {"type": "object"},
        "nodes": [
            {"id": "gather", "kind": "deterministic", "executor": "step", "needs": ["source"],
             "edges": [{"label": "done", "to": "implement"}]},
            {"id": "implement", "kind": "agentic", "executor": "step", "needs": ["source", "model"],
             "agent": {"prompts": [], "tools": ["read"], "max-turns": 4, "max-tokens": 1000, "max-seconds": 60},
             "max-visits": {"visits": 2, "then": "escalated"},
             "edges": [{"label": "done", "to": "lint"}]},
            {"id": "lint", "kind": "gate", "executor": {"plugin": {"name": "std:lint", "parameters": {}}},
             "edges": [{"label": "pass", "to": "test"}, {"label": "fail", "to": "implement"}]},
            {"id": "test", "kind": "gate", "executor": {"plugin": {"name": "std:test", "parameters": {}}},
             "edges": [{"label": "pass", "to": "delivered"}, {"label": "fail", "to": "implement"}]},
        ],
    }))
    .unwrap()
}

fn found(change: impl FnOnce(&mut Vec<Node>)) -> Vec<GraphProblem> {
    let mut graph = sound();
    change(&mut graph.nodes);
    graph.check(&asks())
}

fn has(problems: &[GraphProblem], wanted: &str) {
    assert!(
        problems
            .iter()
            .any(|problem| problem.to_string().contains(wanted)),
        "{wanted}: {problems:?}"
    );
}

#[test]
fn sound_graph_has_no_problem() {
    assert_eq!(sound().check(&asks()), []);
    assert_eq!(Graph::from_json(&sound().to_json()).unwrap(), sound());
}

#[test]
fn edges_and_names_are_checked() {
    has(
        &found(|nodes| nodes[0].edges[0].to = "nowhere".parse().unwrap()),
        "leads to `nowhere`",
    );
    has(
        &found(|nodes| nodes[1].id = "gather".parse().unwrap()),
        "two nodes are named `gather`",
    );
    has(
        &found(|nodes| nodes[0].id = "delivered".parse().unwrap()),
        "bears the name of an end",
    );
    has(
        &found(|nodes| nodes[0].id = "other".parse().unwrap()),
        "starts at `gather`",
    );
    has(
        &found(|nodes| {
            let edge = nodes[0].edges[0].clone();
            nodes[0].edges.push(edge);
        }),
        "two edges labelled",
    );
    has(
        &found(|nodes| nodes[0].edges[0].label = "a b\u{1b}".to_owned()),
        "a label is",
    );
    has(
        &found(|nodes| nodes[1].max_visits.as_mut().unwrap().visits = 0),
        "`max-visits` of 0",
    );
    has(
        &found(|nodes| nodes[1].max_visits.as_mut().unwrap().then = "x".parse().unwrap()),
        "leads to `x`",
    );
}

#[test]
fn nodes_without_a_way_are_named() {
    let lonely = found(|nodes| {
        let mut node = nodes[0].clone();
        node.id = "lonely".parse().unwrap();
        nodes.push(node);
    });
    assert_eq!(
        lonely,
        [GraphProblem::Unreachable("lonely".parse().unwrap())]
    );
    let endless = found(|nodes| {
        nodes[1].max_visits = None;
        nodes[3].edges[0].to = "implement".parse().unwrap();
    });
    assert_eq!(endless.len(), 4, "{endless:?}");
    has(&endless, "no way leads from node `gather` to an end");
}

#[test]
fn authority_of_nodes_is_checked() {
    has(
        &found(|nodes| nodes[0].needs.push("model".parse().unwrap())),
        "is not agentic",
    );
    has(
        &found(|nodes| nodes[0].needs.push("other".parse().unwrap())),
        "does not ask for",
    );
    has(&found(|nodes| nodes[1].agent = None), "no agent limits");
    has(
        &found(|nodes| nodes[1].agent.as_mut().unwrap().max_turns = 0),
        "no agent limits",
    );
    has(
        &found(|nodes| nodes[0].agent = nodes[1].agent.clone()),
        "but is not agentic",
    );
    has(&found(|nodes| nodes[1].needs.clear()), "needs exactly one");
    has(
        &found(|nodes| nodes[2].needs.push("source".parse().unwrap())),
        "`needs` stays empty",
    );
    has(
        &found(|nodes| nodes[2].executor = super::Executor::Step),
        "a gate is a plugin",
    );
    has(
        &found(|nodes| nodes[1].executor = nodes[2].executor.clone()),
        "an agentic node is a step",
    );
    has(
        &found(|nodes| nodes[0].executor = super::Executor::Human),
        "a deterministic node is",
    );
    has(
        &found(|nodes| nodes[2].edges[1].label = "done".to_owned()),
        "needs the edges `pass` and `fail`",
    );
}

#[test]
fn schemas_are_checked() {
    let mut graph = sound();
    graph.state_schema = json!({"type": 3});
    has(&graph.check(&asks()), "state schema");
    let schema = Some(json!("text"));
    has(
        &found(|nodes| nodes[1].agent.as_mut().unwrap().output_schema = schema),
        "output schema",
    );
}

#[test]
fn schema_that_would_be_fetched_is_refused() {
    let mut graph = sound();
    graph.state_schema = json!({"$ref": "file:///etc/passwd"});
    has(&graph.check(&asks()), "state schema");
    graph.state_schema = json!({"$ref": "http://127.0.0.1:9/x"});
    has(&graph.check(&asks()), "state schema");
}

#[test]
fn all_problems_come_at_once() {
    let problems = found(|nodes| {
        nodes[0].edges[0].to = "nowhere".parse().unwrap();
        nodes[1].agent = None;
        nodes[2].executor = super::Executor::Human;
    });
    assert!(problems.len() >= 4, "{problems:?}");
}

#[test]
fn flood_of_nodes_is_refused_as_one_problem() {
    let problems = found(|nodes| *nodes = vec![nodes[0].clone(); 100_000]);
    assert_eq!(problems, [GraphProblem::TooManyNodes(100_000)]);
}

#[test]
fn unknown_keys_are_refused() {
    let mut value: serde_json::Value = serde_json::from_slice(&sound().to_json()).unwrap();
    value["nodes"][0]["grants"] = json!("**");
    assert!(Graph::from_json(value.to_string().as_bytes()).is_err());
}
