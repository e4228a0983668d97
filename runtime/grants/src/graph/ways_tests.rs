//! The proof about gates: what it grants and what it must not.

use super::super::sound;
use crate::{Graph, NodeId};

fn ids(names: &[&str]) -> Vec<NodeId> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn changed(change: impl FnOnce(&mut Graph)) -> Graph {
    let mut graph = sound();
    change(&mut graph);
    graph
}

fn edge(graph: &mut Graph, node: usize, label: &str, to: &str) {
    graph.nodes[node].edges.push(crate::Edge {
        label: label.to_owned(),
        to: to.parse().unwrap(),
    });
}

#[test]
fn gates_in_a_row_are_proved() {
    let ways = sound().gates_on_every_way_to_delivered();
    assert_eq!(ways.from, ids(&["implement"]));
    assert!(ways.possible);
    assert_eq!(ways.proved, ids(&["lint", "test"]));
    assert_eq!(ways.around, []);
}

#[test]
fn short_cut_is_shown_as_a_way_around() {
    let ways =
        changed(|graph| edge(graph, 1, "trivial", "delivered")).gates_on_every_way_to_delivered();
    assert!(ways.proved.is_empty());
    assert_eq!(ways.around.len(), 2);
    assert_eq!(ways.around[0].way, ids(&["implement", "delivered"]));
}

#[test]
fn failing_a_gate_is_no_passing_it() {
    let ways = changed(|graph| graph.nodes[2].edges[1].to = "test".parse().unwrap())
        .gates_on_every_way_to_delivered();
    assert_eq!(ways.proved, ids(&["test"]));
    assert_eq!(
        ways.around[0].way,
        ids(&["implement", "lint", "test", "delivered"])
    );
}

#[test]
fn erring_gate_that_leads_on_is_a_way_around() {
    let ways =
        changed(|graph| edge(graph, 3, "error", "delivered")).gates_on_every_way_to_delivered();
    assert_eq!(ways.proved, ids(&["lint"]));
}

#[test]
fn spent_visits_are_a_way_around() {
    let then = |to: &str| {
        Some(crate::VisitBound {
            visits: 1,
            then: to.parse().unwrap(),
        })
    };
    let ways =
        changed(|graph| graph.nodes[2].max_visits = then("test")).gates_on_every_way_to_delivered();
    assert_eq!(ways.proved, ids(&["test"]));
    let ways = changed(|graph| graph.nodes[1].max_visits = then("delivered"))
        .gates_on_every_way_to_delivered();
    assert!(ways.proved.is_empty());
}

#[test]
fn gate_before_the_last_agentic_node_proves_nothing() {
    let ways = changed(|graph| {
        let mut late = graph.nodes[1].clone();
        late.id = "polish".parse().unwrap();
        late.edges[0].to = "delivered".parse().unwrap();
        graph.nodes[3].edges[0].to = "polish".parse().unwrap();
        graph.nodes.push(late);
    })
    .gates_on_every_way_to_delivered();
    assert_eq!(ways.from, ids(&["implement", "polish"]));
    assert!(ways.proved.is_empty());
}

#[test]
fn without_agentic_nodes_ways_begin_at_the_start() {
    let ways = changed(|graph| {
        graph.nodes[0].edges[0].to = "lint".parse().unwrap();
        graph.nodes.remove(1);
        for node in &mut graph.nodes[1..] {
            node.edges[1].to = "failed".parse().unwrap();
        }
    })
    .gates_on_every_way_to_delivered();
    assert_eq!(ways.from, ids(&["gather"]));
    assert_eq!(ways.proved, ids(&["lint", "test"]));
}

#[test]
fn graph_that_never_delivers_says_so() {
    let ways = changed(|graph| graph.nodes[3].edges[0].to = "failed".parse().unwrap())
        .gates_on_every_way_to_delivered();
    assert!(!ways.possible);
}
