//! The proof that no way leads around a gate: after the last agentic visit a
//! run passes it, or it is not delivered.
//!
//! Take away a gate's edge `pass`. If `delivered` can then still be reached
//! from an agentic node, without going through another agentic node (that one
//! would be the last), there is a way around. Leaving a gate by `fail`, by
//! `error` or because its visits are spent is no passing. Without any agentic
//! node the ways are those from the start.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{End, Graph, Node, NodeKind};
use crate::NodeId;

/// What is proved about the ways to `delivered`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaysToDelivered {
    /// Where the ways begin: the agentic nodes, or the start where there is none.
    pub from: Vec<NodeId>,
    /// Whether `delivered` can be reached at all.
    pub possible: bool,
    /// Gates that every such way passes, after the last agentic visit.
    pub proved: Vec<NodeId>,
    /// The other gates, each with a shortest way around it.
    pub around: Vec<WayAround>,
}

/// A way to `delivered` on which a gate is not passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayAround {
    /// The gate.
    pub gate: NodeId,
    /// From where to `delivered`, both included.
    pub way: Vec<NodeId>,
}

impl Graph {
    /// Proves which gates every way to `delivered` passes after the last
    /// agentic visit. For graphs that [`Graph::check`] found nothing wrong with.
    pub fn gates_on_every_way_to_delivered(&self) -> WaysToDelivered {
        let from = self.sources();
        let any = from.iter().find_map(|id| self.way_without(id, None));
        let mut ways = WaysToDelivered {
            possible: any.is_some(),
            from,
            proved: Vec::new(),
            around: Vec::new(),
        };
        for gate in self.nodes.iter().filter(|node| node.kind == NodeKind::Gate) {
            match ways
                .from
                .iter()
                .find_map(|id| self.way_without(id, Some(&gate.id)))
            {
                None => ways.proved.push(gate.id.clone()),
                Some(way) => ways.around.push(WayAround {
                    gate: gate.id.clone(),
                    way,
                }),
            }
        }
        ways
    }

    fn sources(&self) -> Vec<NodeId> {
        let agentic = |node: &&Node| node.kind == NodeKind::Agentic;
        let found: Vec<_> = self
            .nodes
            .iter()
            .filter(agentic)
            .map(|node| node.id.clone())
            .collect();
        if found.is_empty() {
            vec![self.start.clone()]
        } else {
            found
        }
    }

    /// A shortest way from `source` to `delivered` that never takes `pass` out
    /// of `gate` and meets no agentic node after `source`.
    fn way_without(&self, source: &NodeId, gate: Option<&NodeId>) -> Option<Vec<NodeId>> {
        let nodes: BTreeMap<&NodeId, &Node> =
            self.nodes.iter().map(|node| (&node.id, node)).collect();
        let mut before: BTreeMap<&NodeId, &NodeId> = BTreeMap::new();
        let mut seen = BTreeSet::from([source]);
        let mut queue = VecDeque::from([source]);
        while let Some(id) = queue.pop_front() {
            if End::named(id) == Some(End::Delivered) {
                return Some(trace(id, &before));
            }
            let Some(node) = nodes.get(id) else { continue };
            if id != source && node.kind == NodeKind::Agentic {
                // Its visits may be spent: then the run goes on without one.
                if let Some(bound) = &node.max_visits {
                    step_to(&bound.then, id, &mut seen, &mut before, &mut queue);
                }
                continue;
            }
            for to in open_targets(node, gate) {
                step_to(to, id, &mut seen, &mut before, &mut queue);
            }
        }
        None
    }
}

fn step_to<'a>(
    to: &'a NodeId,
    from: &'a NodeId,
    seen: &mut BTreeSet<&'a NodeId>,
    before: &mut BTreeMap<&'a NodeId, &'a NodeId>,
    queue: &mut VecDeque<&'a NodeId>,
) {
    if seen.insert(to) {
        before.insert(to, from);
        queue.push_back(to);
    }
}

fn open_targets<'a>(node: &'a Node, gate: Option<&NodeId>) -> impl Iterator<Item = &'a NodeId> {
    let closed = gate == Some(&node.id);
    let edges = node
        .edges
        .iter()
        .filter(move |edge| !(closed && edge.label == "pass"))
        .map(|edge| &edge.to);
    edges.chain(node.max_visits.iter().map(|bound| &bound.then))
}

fn trace(end: &NodeId, before: &BTreeMap<&NodeId, &NodeId>) -> Vec<NodeId> {
    let mut way = vec![end.clone()];
    let mut at = end;
    while let Some(&previous) = before.get(at) {
        way.push(previous.clone());
        at = previous;
    }
    way.reverse();
    way
}

#[cfg(test)]
#[path = "ways_tests.rs"]
mod tests;
