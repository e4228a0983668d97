//! What file, plugins and nodes may do: sets, held against each other.

use super::{Direction, Found, Topic};
use crate::{
    Ask, Beyond, Capability, CapabilityKind, Executor, Graph, Node, NodeKind, Reach, Surface,
    SurfacePart,
};

pub(super) fn compare(old: &Surface, new: &Surface, found: &mut Found) {
    let whole = (
        Reach::asked(&old.manifest.asks),
        Reach::asked(&new.manifest.asks),
    );
    reaches("", (&whole.0, &whole.1), found, &[]);
    let wider = whole.1.beyond(&whole.0);
    let none = Vec::new();
    let mut names: Vec<_> = old.parts.keys().chain(new.parts.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let asks = |part: Option<&SurfacePart>| {
            Reach::asked(part.map_or(&none, |part| &part.manifest.asks))
        };
        let sides = (asks(old.parts.get(name)), asks(new.parts.get(name)));
        reaches(&format!("plugin {name}"), (&sides.0, &sides.1), found, &[]);
    }
    let empty = Reach::asked([]);
    for node in new.graph.iter().flat_map(|graph| &graph.nodes) {
        let was = old.graph.as_ref().and_then(|graph| graph.node(&node.id));
        let was = was.map_or_else(|| empty.clone(), |node| reach(node, &old.manifest.asks));
        let now = reach(node, &new.manifest.asks);
        reaches(&format!("node {}", node.id), (&was, &now), found, &wider);
    }
    for node in gone(old.graph.as_ref(), new.graph.as_ref()) {
        let was = reach(node, &old.manifest.asks);
        reaches(&format!("node {}", node.id), (&was, &empty), found, &wider);
    }
}

fn gone<'a>(old: Option<&'a Graph>, new: Option<&Graph>) -> Vec<&'a Node> {
    let there = |id| new.is_some_and(|graph| graph.node(id).is_some());
    let nodes = old.into_iter().flat_map(|graph| &graph.nodes);
    nodes.filter(|node| !there(&node.id)).collect()
}

/// What a step may do by itself: its needs, and a model within its own limits.
fn reach(node: &Node, asks: &[Ask]) -> Reach {
    if !matches!(node.executor, Executor::Step) {
        return Reach::asked([]);
    }
    let limits = node
        .agent
        .as_ref()
        .filter(|_| node.kind == NodeKind::Agentic);
    let needed = asks.iter().filter(|ask| node.needs.contains(&ask.id));
    let needed = needed.filter_map(|ask| {
        let Capability::Agent(agent) = &ask.capability else {
            return Some(ask.clone());
        };
        let limits = limits?;
        let mut agent = agent.clone();
        agent.tools.clone_from(&limits.tools);
        agent.max_turns = limits.max_turns;
        agent.max_tokens = limits.max_tokens;
        Some(Ask {
            capability: Capability::Agent(agent),
            ..ask.clone()
        })
    });
    Reach::asked(&needed.collect::<Vec<_>>())
}

/// What was told of the whole file need not be told of each of its nodes.
fn reaches(of: &str, (old, new): (&Reach, &Reach), found: &mut Found, told: &[Beyond]) {
    let known = |line: &Beyond| {
        told.iter()
            .any(|told| told.key == line.key && told.what == line.what)
    };
    let mut replaced: Vec<String> = Vec::new();
    for line in new.beyond(old).into_iter().filter(|line| !known(line)) {
        let was = line.touches.join(" ");
        replaced.extend(line.touches);
        let topic = topic(line.capability);
        found.add(Direction::Widened, (topic, of), line.key, was, line.what);
    }
    for line in old.beyond(new) {
        // It is told already as what something wider stands in for.
        if replaced.contains(&line.what) {
            continue;
        }
        let now = line.touches.join(" ");
        let topic = topic(line.capability);
        found.add(Direction::Narrowed, (topic, of), line.key, line.what, now);
    }
}

const fn topic(kind: CapabilityKind) -> Topic {
    match kind {
        CapabilityKind::Files => Topic::Files,
        CapabilityKind::Command => Topic::Command,
        CapabilityKind::Http => Topic::Http,
        CapabilityKind::Agent => Topic::Agent,
        CapabilityKind::Delivery => Topic::Delivery,
    }
}
