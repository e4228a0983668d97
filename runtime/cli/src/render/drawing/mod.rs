//! The graph as a person would draw it: deterministic nodes as boxes, agentic ones as clouds,
//! gates as diamonds, approvals as parallelograms, and on each what it may do.
//!
//! In come the graph and the facts of all parts, out come [`mermaid`] text or an [`svg`]
//! picture. Both are drawn from the same [`Drawing`], whose every text is escaped.

mod mermaid;
mod svg;

use minion_grants::{End, Facts, Graph, Node, NodeId, NodeKind, shown};

pub(crate) use mermaid::mermaid;
pub(crate) use svg::svg;

/// Characters of a line on a node.
const WIDEST: usize = 42;
/// Lines of capabilities on a node; how many more there are is told.
const MOST_LINES: usize = 6;
/// Nodes of a picture: more of them tell a person nothing.
const MOST_NODES: usize = 300;

/// What is drawn.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Drawing {
    nodes: Vec<Drawn>,
    edges: Vec<Arrow>,
}

/// A node or an end.
#[derive(Debug, PartialEq, Eq)]
struct Drawn {
    shape: Shape,
    /// Its name first, then what it may do.
    lines: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Where the run begins.
    Start,
    Box,
    Cloud,
    Diamond,
    /// A human decides.
    Slanted,
    End,
}

/// From one node to another, by their places.
#[derive(Debug, PartialEq, Eq)]
struct Arrow {
    from: usize,
    to: usize,
    label: String,
    /// Taken when the visits of `from` are spent.
    spent: bool,
}

/// The graph has more nodes than a picture shows.
#[derive(Debug, thiserror::Error)]
#[error(
    "the graph has {0} nodes, and a picture shows at most {MOST_NODES}; `--json` has all of them"
)]
pub(crate) struct TooMany(usize);

impl Drawing {
    /// Of a blueprint: its own facts, and those of its plugins by name.
    pub(crate) fn of(
        graph: &Graph,
        own: &Facts,
        others: &[(String, Facts)],
    ) -> Result<Self, TooMany> {
        if graph.nodes.len() > MOST_NODES {
            return Err(TooMany(graph.nodes.len()));
        }
        let mut drawing = Self {
            nodes: vec![Drawn::plain(Shape::Start, "start")],
            edges: Vec::new(),
        };
        let nodes = graph.nodes.iter().map(|node| Drawn::of(node, own, others));
        drawing.nodes.extend(nodes);
        for end in End::ALL {
            let reached = graph.nodes.iter().any(|node| leads_to(node, end));
            if reached {
                drawing.nodes.push(Drawn::plain(Shape::End, end.as_str()));
            }
        }
        let place = |drawing: &Self, id: &NodeId| {
            drawing
                .nodes
                .iter()
                .position(|drawn| drawn.lines[0] == shown(id.as_str()))
        };
        drawing.connect(0, place(&drawing, &graph.start), "", false);
        for (index, node) in graph.nodes.iter().enumerate() {
            for edge in &node.edges {
                let to = place(&drawing, &edge.to);
                drawing.connect(index + 1, to, &edge.label, false);
            }
            if let Some(bound) = &node.max_visits {
                let label = format!("after {} visits", bound.visits);
                let to = place(&drawing, &bound.then);
                drawing.connect(index + 1, to, &label, true);
            }
        }
        Ok(drawing)
    }

    /// Edges between the same two become one with both labels.
    fn connect(&mut self, from: usize, to: Option<usize>, label: &str, spent: bool) {
        let Some(to) = to else { return };
        let label = shown(label);
        let same = |edge: &&mut Arrow| (edge.from, edge.to, edge.spent) == (from, to, spent);
        match self.edges.iter_mut().find(same) {
            Some(edge) => edge.label = format!("{}, {label}", edge.label),
            None => self.edges.push(Arrow {
                from,
                to,
                label,
                spent,
            }),
        }
    }
}

fn leads_to(node: &Node, end: End) -> bool {
    let is_it = |id: &NodeId| End::named(id) == Some(end);
    let spent = node
        .max_visits
        .as_ref()
        .is_some_and(|bound| is_it(&bound.then));
    spent || node.edges.iter().any(|edge| is_it(&edge.to))
}

impl Drawn {
    fn plain(shape: Shape, name: &str) -> Self {
        Self {
            shape,
            lines: vec![name.to_owned()],
        }
    }

    fn of(node: &Node, own: &Facts, others: &[(String, Facts)]) -> Self {
        let shape = match node.kind {
            NodeKind::Deterministic => Shape::Box,
            NodeKind::Agentic => Shape::Cloud,
            NodeKind::Gate => Shape::Diamond,
            NodeKind::Approval => Shape::Slanted,
        };
        let mut lines = vec![shown(node.id.as_str())];
        let needs = |facts: &Facts| -> Vec<String> {
            let in_it = facts.can.iter().filter(|can| can.nodes.contains(&node.id));
            in_it.map(|can| can.what.clone()).collect()
        };
        let mut may = needs(own);
        if let Some(plugin) = node.plugin() {
            lines.push(cut(&format!("= {}", plugin.name)));
            let facts = others
                .iter()
                .find(|(name, _)| *name == plugin.name.as_str());
            may.extend(
                facts
                    .iter()
                    .flat_map(|(_, facts)| &facts.can)
                    .map(|can| can.what.clone()),
            );
        }
        let more = may.len().saturating_sub(MOST_LINES);
        lines.extend(may.iter().take(MOST_LINES).map(|what| cut(what)));
        if more > 0 {
            lines.push(format!("and {more} more"));
        }
        Self { shape, lines }
    }
}

/// A text as it is drawn: escaped, on one line.
fn cut(text: &str) -> String {
    let text = shown(text);
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    /// A graph with one node of each kind, a way back and spent visits.
    pub(in crate::render::drawing) fn drawing() -> Drawing {
        let node = |id: &str, kind: &str, executor: serde_json::Value, edges: &[(&str, &str)]| {
            let edges: Vec<_> = edges
                .iter()
                .map(|(label, to)| json!({ "label": label, "to": to }))
                .collect();
            json!({ "id": id, "kind": kind, "executor": executor, "edges": edges, "needs": [] })
        };
        let lint = json!({ "plugin": { "name": "std:lint", "parameters": {} } });
        let mut implement = node("implement", "agentic", json!("step"), &[("done", "lint")]);
        implement["max-visits"] = json!({ "visits": 2, "then": "escalated" });
        let graph = json!({
            "start": "gather", "state-schema": {},
            "nodes": [
                node("gather", "deterministic", json!("step"), &[("done", "implement")]),
                implement,
                node("lint", "gate", lint, &[("pass", "ask"), ("fail", "implement"), ("error", "escalated")]),
                node("ask", "approval", json!("human"), &[("approved", "delivered"), ("rejected", "implement")]),
            ],
        });
        let graph = Graph::from_json(graph.to_string().as_bytes()).unwrap();
        let plugin = Facts {
            can: vec![minion_grants::Can {
                part: "std:lint".parse().unwrap(),
                what: "run \"ruff\" <check> **".to_owned(),
                capability: minion_grants::CapabilityKind::Command,
                ask: "run".parse().unwrap(),
                nodes: Vec::new(),
                reason: "to lint".to_owned(),
                basis: minion_grants::Basis::Enforced,
                runs_workspace_code: false,
            }],
            ..Facts::default()
        };
        Drawing::of(
            &graph,
            &Facts::default(),
            &[("std:lint".to_owned(), plugin)],
        )
        .unwrap()
    }

    #[test]
    fn every_node_and_edge_is_drawn_once() {
        let drawing = drawing();
        let names: Vec<_> = drawing
            .nodes
            .iter()
            .map(|node| node.lines[0].as_str())
            .collect();
        let all = [
            "start",
            "gather",
            "implement",
            "lint",
            "ask",
            "delivered",
            "escalated",
        ];
        assert_eq!(names, all);
        assert_eq!(drawing.edges.len(), 9);
        assert_eq!(
            drawing.nodes[3].lines,
            ["lint", "= std:lint", "run \"ruff\" <check> **"]
        );
        assert!(drawing.edges.iter().any(|edge| edge.spent && edge.to == 6));
    }
}
