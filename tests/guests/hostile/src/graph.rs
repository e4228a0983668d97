//! A sound graph: what is wrong is what the steps do.

use crate::bindings::minion::blueprint::graph::{
    AgentLimits, Edge, Executor, Graph, Node, NodeKind,
};

pub(crate) fn graph() -> Graph {
    Graph {
        start: "act".to_owned(),
        nodes: vec![
            node(
                "act",
                NodeKind::Deterministic,
                &["source", "change", "program"],
                &[
                    ("done", "delivered"),
                    ("think", "think"),
                    ("give-up", "escalated"),
                ],
            ),
            Node {
                agent: Some(AgentLimits {
                    prompts: vec!["think.md".to_owned()],
                    tools: vec!["read".to_owned()],
                    output_schema: None,
                    max_turns: 4,
                    max_tokens: 10_000,
                    max_seconds: 60,
                }),
                ..node(
                    "think",
                    NodeKind::Agentic,
                    &["source", "model"],
                    &[("done", "delivered")],
                )
            },
        ],
        state_schema: r#"{
            "type": "object",
            "properties": { "rounds": { "type": "integer" }, "text": { "type": "string" } },
            "additionalProperties": false
        }"#
        .to_owned(),
    }
}

fn node(id: &str, kind: NodeKind, needs: &[&str], edges: &[(&str, &str)]) -> Node {
    Node {
        id: id.to_owned(),
        kind,
        executor: Executor::Step,
        needs: needs.iter().map(|need| (*need).to_owned()).collect(),
        agent: None,
        max_visits: None,
        edges: edges
            .iter()
            .map(|(label, to)| Edge {
                label: (*label).to_owned(),
                to: (*to).to_owned(),
            })
            .collect(),
    }
}
