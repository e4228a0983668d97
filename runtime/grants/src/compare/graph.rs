//! Nodes, edges, bounds, and the gates and approvals that no way leads around.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Direction, Found, Topic};
use crate::{AgentLimits, End, Graph, Node, NodeId, NodeKind, Surface};

pub(super) fn compare(old: &Surface, new: &Surface, found: &mut Found) {
    let (Some(was), Some(now)) = (&old.graph, &new.graph) else {
        if old.graph.is_some() != new.graph.is_some() {
            found.add(
                Direction::Widened,
                (Topic::Graph, ""),
                "graph",
                "",
                "of another kind",
            );
        }
        return;
    };
    gates(old, new, (was, now), found);
    from_the_start(was, now, found);
    approvals(was, now, found);
    for node in &now.nodes {
        match was.node(&node.id) {
            Some(before) => nodes(before, node, found),
            None => found.add(
                Direction::Changed,
                (Topic::Graph, ""),
                "node",
                "",
                told(node),
            ),
        }
    }
    for node in was.nodes.iter().filter(|node| now.node(&node.id).is_none()) {
        found.add(
            Direction::Changed,
            (Topic::Graph, ""),
            "node",
            told(node),
            "",
        );
    }
    if was.start != now.start {
        let (was, now) = (was.start.as_str(), now.start.as_str());
        found.add(Direction::Changed, (Topic::Graph, ""), "start", was, now);
    }
    if was.state_schema != now.state_schema {
        found.add(
            Direction::Changed,
            (Topic::Graph, ""),
            "schema of the state",
            "",
            "",
        );
    }
}

fn told(node: &Node) -> String {
    let plugin = node.plugin().map(|plugin| format!(" = {}", plugin.name));
    format!(
        "{} ({}{})",
        node.id,
        kind(node.kind),
        plugin.unwrap_or_default()
    )
}

const fn kind(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Deterministic => "deterministic",
        NodeKind::Agentic => "agentic",
        NodeKind::Gate => "gate",
        NodeKind::Approval => "approval",
    }
}

const EVERY: &str = "on every way to delivered";
const AROUND: &str = "a way leads around it";

/// A gate stands for its plugin with its parameters, whatever its node is called.
fn gates(old: &Surface, new: &Surface, (was, now): (&Graph, &Graph), found: &mut Found) {
    let (before, after) = (
        was.gates_on_every_way_to_delivered(),
        now.gates_on_every_way_to_delivered(),
    );
    let topic = (Topic::Gates, "");
    if !before.possible && after.possible {
        found.add(
            Direction::Widened,
            topic,
            "delivered",
            "cannot be reached",
            "can be reached",
        );
    }
    let judges = |graph: &Graph, id: &NodeId| graph.node(id).and_then(Node::plugin).cloned();
    for id in &before.proved {
        let Some(judge) = judges(was, id) else {
            continue;
        };
        let proved = after.proved.iter().filter_map(|id| judges(now, id));
        let proved: Vec<_> = proved.collect();
        if !after.possible || proved.contains(&judge) {
            continue;
        }
        let around = after
            .around
            .iter()
            .find(|way| judges(now, &way.gate).as_ref() == Some(&judge));
        let now = if let Some(way) = around {
            let way: Vec<_> = way.way.iter().map(NodeId::as_str).collect();
            format!("{AROUND}: {}", way.join(" → "))
        } else if proved.iter().any(|other| other.name == judge.name) {
            "with other parameters".to_owned()
        } else {
            format!("not {EVERY}")
        };
        let what = format!("gate {} ({id})", judge.name);
        found.add(Direction::Widened, topic, what, EVERY, now);
    }
    for id in &after.proved {
        let Some(judge) = judges(now, id) else {
            continue;
        };
        if !before
            .proved
            .iter()
            .any(|id| judges(was, id).as_ref() == Some(&judge))
        {
            let what = format!("gate {} ({id})", judge.name);
            found.add(Direction::Narrowed, topic, what, "", EVERY);
        }
    }
    judges_of_other_origin(old, new, found);
}

/// A shipped gate whose place another plugin takes.
fn judges_of_other_origin(old: &Surface, new: &Surface, found: &mut Found) {
    for (name, part) in &new.parts {
        let Some(before) = old.parts.get(name) else {
            continue;
        };
        if part.origin > before.origin && part.manifest.gate.is_some() {
            let what = format!("gate {name}");
            found.add(
                Direction::Widened,
                (Topic::Gates, ""),
                what,
                "shipped",
                "of the file's own",
            );
        }
    }
}

/// A human who was asked on every way to delivered.
fn approvals(was: &Graph, now: &Graph, found: &mut Found) {
    let approvals = |graph: &Graph| {
        let nodes = graph.nodes.iter();
        let nodes = nodes.filter(|node| node.kind == NodeKind::Approval);
        nodes.map(|node| node.id.clone()).collect::<Vec<_>>()
    };
    for id in approvals(was) {
        let asked = |graph: &Graph| !delivers_without(graph, |node| node.id == id, "approved");
        let kept = approvals(now).contains(&id);
        if asked(was) && !(kept && asked(now)) {
            let now = if kept { AROUND } else { "gone" };
            let what = format!("approval {id}");
            found.add(Direction::Widened, (Topic::Gates, ""), what, EVERY, now);
        }
    }
}

/// Ways that meet no agent deliver what a step wrote: from the start, too, a gate that was
/// on all of them stays on all of them.
fn from_the_start(was: &Graph, now: &Graph, found: &mut Found) {
    for (node, judge) in was.gates() {
        let by = |node: &Node| node.kind == NodeKind::Gate && node.plugin() == Some(judge);
        if !delivers_without(was, by, "pass") && delivers_without(now, by, "pass") {
            let what = format!("gate {} ({})", judge.name, node.id);
            let now = "a way from the start leads around it";
            found.add(Direction::Widened, (Topic::Gates, ""), what, EVERY, now);
        }
    }
}

/// Whether `delivered` can be reached without this label of such nodes.
fn delivers_without(graph: &Graph, such: impl Fn(&Node) -> bool, label: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut todo = vec![graph.start.as_str()];
    while let Some(id) = todo.pop() {
        if id == End::Delivered.as_str() {
            return true;
        }
        let node = graph.nodes.iter().find(|node| node.id == id);
        let Some(node) = node.filter(|_| seen.insert(id)) else {
            continue;
        };
        let closed = such(node);
        let edges = node
            .edges
            .iter()
            .filter(|edge| !closed || edge.label != label);
        todo.extend(edges.map(|edge| edge.to.as_str()));
        todo.extend(node.max_visits.iter().map(|bound| bound.then.as_str()));
    }
    false
}

fn nodes(was: &Node, now: &Node, found: &mut Found) {
    let of = format!("node {}", now.id);
    visits(was, now, &of, found);
    let limits = |node: &Node| {
        node.agent
            .clone()
            .filter(|_| node.kind == NodeKind::Agentic)
    };
    if let (Some(before), Some(after)) = (limits(was), limits(now)) {
        agent(&before, &after, &of, found);
    }
    let topic = (Topic::Graph, &*of);
    if was.kind != now.kind {
        // A step that now reaches a model does more than its own code says.
        let direction = match now.kind {
            NodeKind::Agentic => Direction::Widened,
            _ => Direction::Changed,
        };
        found.add(direction, topic, "kind", kind(was.kind), kind(now.kind));
    }
    if was.executor != now.executor {
        let told = |node: &Node| crate::shown(&json!(node.executor).to_string());
        found.add(Direction::Changed, topic, "done by", told(was), told(now));
    }
    for edge in &now.edges {
        let before = was.edge(&edge.label).map_or("", NodeId::as_str);
        if before != edge.to.as_str() {
            let what = format!("edge {}", edge.label);
            found.add(Direction::Changed, topic, what, before, edge.to.as_str());
        }
    }
    for edge in was
        .edges
        .iter()
        .filter(|edge| now.edge(&edge.label).is_none())
    {
        let what = format!("edge {}", edge.label);
        found.add(Direction::Changed, topic, what, edge.to.as_str(), "");
    }
}

fn visits(was: &Node, now: &Node, of: &str, found: &mut Found) {
    let visits = |node: &Node| node.max_visits.as_ref().map(|bound| bound.visits);
    bound((of, "max-visits"), visits(was), visits(now), found);
    let then = |node: &Node| node.max_visits.as_ref().map(|bound| bound.then.to_string());
    if let (Some(was), Some(now)) = (then(was), then(now))
        && was != now
    {
        found.add(
            Direction::Changed,
            (Topic::Graph, of),
            "after the last visit",
            was,
            now,
        );
    }
}

fn agent(was: &AgentLimits, now: &AgentLimits, of: &str, found: &mut Found) {
    for (what, before, after) in [
        (
            "max-turns",
            u64::from(was.max_turns),
            u64::from(now.max_turns),
        ),
        ("max-tokens", was.max_tokens, now.max_tokens),
        (
            "max-seconds",
            u64::from(was.max_seconds),
            u64::from(now.max_seconds),
        ),
    ] {
        bound((of, what), Some(before), Some(after), found);
    }
    if was.output_schema != now.output_schema {
        found.add(
            Direction::Changed,
            (Topic::Agent, of),
            "schema of the output",
            "",
            "",
        );
    }
    let names = |limits: &AgentLimits| {
        let names: Vec<_> = limits.prompts.iter().map(AsRef::<str>::as_ref).collect();
        names.join(" ")
    };
    if was.prompts != now.prompts {
        found.add(
            Direction::Changed,
            (Topic::Prompts, of),
            "prompts",
            names(was),
            names(now),
        );
    }
}

/// A bound that is higher or gone lets more happen.
fn bound<T: Copy + Ord + ToString>(
    (of, what): (&str, &str),
    was: Option<T>,
    now: Option<T>,
    found: &mut Found,
) {
    let direction = match (was, now) {
        (was, now) if was == now => return,
        (Some(was), Some(now)) if now < was => Direction::Narrowed,
        (None, Some(_)) => Direction::Narrowed,
        _ => Direction::Widened,
    };
    let told =
        |bound: Option<T>| bound.map_or_else(|| "none".to_owned(), |bound| bound.to_string());
    found.add(direction, (Topic::Limits, of), what, told(was), told(now));
}
