//! Asks that are harmless one by one and not together: what is private, what strangers said,
//! and a way out; what others execute later; a credential with a wide way.
//!
//! In come a manifest and its graph, out come sentences for a reviewer. They say what could
//! happen if all that is asked were granted, not that it does.

use std::collections::{BTreeSet, VecDeque};

use crate::{Ask, Capability, Graph, Manifest, Node, NodeId, NodeKind};

/// Where asks work together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place<'a> {
    /// In one node, or in a plugin as a whole.
    In(&'a str),
    /// From one node to a later one, by the state that goes from visit to visit.
    Between(&'a str, &'a str),
}

/// Which combinations of asks a reviewer should think about.
pub(crate) fn toxic(manifest: &Manifest, graph: Option<&Graph>) -> Vec<String> {
    let mut found = Vec::new();
    leaks(manifest, graph, &mut found);
    for ask in &manifest.asks {
        later(ask, manifest, graph, &mut found);
        wide(ask, &mut found);
    }
    found
}

/// Private reads, and what strangers say, with a way out.
fn leaks(manifest: &Manifest, graph: Option<&Graph>, found: &mut Vec<String>) {
    let reads = |ask: &&Ask| match &ask.capability {
        Capability::Files(files) => !files.read.is_empty(),
        Capability::Command(_) => true,
        _ => false,
    };
    let sends = |ask: &&Ask| matches!(ask.capability, Capability::Http(_));
    let readers: Vec<_> = manifest.asks.iter().filter(reads).collect();
    let senders: Vec<_> = manifest.asks.iter().filter(sends).collect();
    if readers.is_empty() || senders.is_empty() {
        return;
    }
    let asks = |all: &[&Ask]| {
        let ids: Vec<_> = all.iter().map(|ask| format!("`{}`", ask.id)).collect();
        ids.join(", ")
    };
    let (private, out) = (asks(&readers), asks(&senders));
    for place in places(graph, &readers, &senders) {
        let whose = match place {
            Place::In(node) => {
                format!("{node} sees the workspace ({private}) and can send ({out})")
            }
            Place::Between(from, to) => {
                format!("{from} sees the workspace ({private}), and {to} after it can send ({out})")
            }
        };
        let by = if is_told_by_strangers(graph, place) {
            ": what a model or a file says may tell it to send what it saw"
        } else {
            ": what it saw may leave the machine"
        };
        found.push(format!("{whose}{by}"));
    }
}

/// Nodes that need one of each, else the first pair of nodes of which one comes after the other.
fn places<'a>(graph: Option<&'a Graph>, from: &[&Ask], to: &[&Ask]) -> Vec<Place<'a>> {
    let Some(graph) = graph else {
        return vec![Place::In("the plugin")];
    };
    let needs = |node: &&Node, asks: &[&Ask]| asks.iter().any(|ask| node.needs.contains(&ask.id));
    let both: Vec<_> = graph
        .nodes
        .iter()
        .filter(|node| needs(node, from) && needs(node, to))
        .map(|node| Place::In(node.id.as_str()))
        .collect();
    if !both.is_empty() {
        return both;
    }
    let readers = graph.nodes.iter().filter(|node| needs(node, from));
    let mut pairs = readers.filter_map(|reader| {
        let later = after(graph, &reader.id);
        let sender = graph
            .nodes
            .iter()
            .find(|node| needs(node, to) && later.contains(node.id.as_str()))?;
        Some(Place::Between(reader.id.as_str(), sender.id.as_str()))
    });
    pairs.next().into_iter().collect()
}

/// Nodes that can come after this one.
fn after<'a>(graph: &'a Graph, start: &NodeId) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut ahead = VecDeque::from_iter(graph.node(start));
    while let Some(node) = ahead.pop_front() {
        let spent = node.max_visits.iter().map(|bound| &bound.then);
        for to in node.edges.iter().map(|edge| &edge.to).chain(spent) {
            if let Some(next) = graph.node(to)
                && seen.insert(next.id.as_str())
            {
                ahead.push_back(next);
            }
        }
    }
    seen
}

/// Whether a model speaks in one of these places.
fn is_told_by_strangers(graph: Option<&Graph>, place: Place<'_>) -> bool {
    let agentic = |name: &str| {
        let nodes = graph.iter().flat_map(|graph| &graph.nodes);
        let mut named = nodes.filter(|node| node.id.as_str() == name);
        named.any(|node| node.kind == NodeKind::Agentic)
    };
    match place {
        Place::In(node) => agentic(node),
        Place::Between(from, to) => agentic(from) || agentic(to),
    }
}

/// Writes to what others execute later.
fn later(ask: &Ask, manifest: &Manifest, graph: Option<&Graph>, found: &mut Vec<String>) {
    let Capability::Files(files) = &ask.capability else {
        return;
    };
    let agents = graph.iter().flat_map(|graph| &graph.nodes);
    let mut agents = agents.filter(|node| node.kind == NodeKind::Agentic);
    let agent = agents.find(|node| node.needs.contains(&ask.id));
    let who = agent.map_or_else(|| manifest.name.to_string(), |node| node.id.to_string());
    for pattern in &files.write {
        for mark in crate::rules::opened_marks(pattern, true) {
            found.push(format!(
                "{who} can write `{pattern}` (`{}`), which others execute later: {}",
                ask.id, mark.why
            ));
        }
    }
}

/// A credential that goes with whatever a component says.
fn wide(ask: &Ask, found: &mut Vec<String>) {
    let Capability::Http(http) = &ask.capability else {
        return;
    };
    let Some(credential) = &http.credential else {
        return;
    };
    for pattern in &http.send {
        let why = if pattern.is_wide() {
            "every host under that name"
        } else if pattern.is_whole_host() {
            "everything that its host serves"
        } else {
            continue;
        };
        found.push(format!(
            "credential `{credential}` goes with `{pattern}` (`{}`): it opens {why}",
            ask.id
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admit::tests::{subject, subject_asking};
    use serde_json::{Value, json};

    fn asking(asks: &Value, needs: &[(&str, &[&str])]) -> Vec<String> {
        let (asked, mut graph) = (subject_asking(asks), subject().graph);
        for node in &mut graph.nodes {
            let of = needs.iter().find(|(name, _)| node.id == **name);
            let ids = of.iter().flat_map(|(_, ids)| ids.iter());
            node.needs = ids.map(|id| id.parse().unwrap()).collect();
        }
        toxic(&asked.manifest, Some(&graph))
    }

    fn asks(send: &str) -> Value {
        json!([
            { "id": "see", "reason": "r", "files": { "read": ["**"] } },
            { "id": "tell", "reason": "r", "http": { "send": [send], "credential": "c" } },
        ])
    }

    #[test]
    fn what_is_read_with_a_way_out_is_named_with_its_place() {
        let narrow = asks("POST https://api.example.com/v1/issues");
        let in_one = asking(&narrow, &[("implement", &["see", "tell"])]);
        assert_eq!(
            in_one,
            [
                "implement sees the workspace (`see`) and can send (`tell`): what a model or a file says may tell it to send what it saw"
            ]
        );
        let between = asking(&narrow, &[("gather", &["see"]), ("implement", &["tell"])]);
        assert!(
            between[0].starts_with("gather sees the workspace (`see`), and implement after it"),
            "{between:?}"
        );
        let neither = asking(&narrow, &[("implement", &["tell"])]);
        assert!(neither.is_empty(), "{neither:?}");
    }

    #[test]
    fn a_credential_with_a_wide_way_and_files_that_run_later_are_named() {
        let wide = asking(&asks("GET https://*.example.com/**"), &[]);
        assert_eq!(
            wide,
            [
                "credential `c` goes with `GET https://*.example.com/**` (`tell`): it opens every host under that name"
            ]
        );
        let written = json!([{ "id": "ci", "reason": "r", "files": { "write": [".github/workflows/ci.yml"] } }]);
        let found = asking(&written, &[("implement", &["ci"])]);
        assert!(
            found[0].starts_with("implement can write `.github/workflows/ci.yml` (`ci`)"),
            "{found:?}"
        );
        let plain = json!([{ "id": "src", "reason": "r", "files": { "write": ["src/**"] } }]);
        assert!(asking(&plain, &[("implement", &["src"])]).is_empty());
    }
}
