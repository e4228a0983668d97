//! The surface of a file: everything of it that a reviewer has to know, and its
//! hash. Two files with one surface ask the same, by the same graph, with the
//! same prompts and bounds; only their code may differ.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Ask, Digest, Graph, Manifest, Origin, PartName, canonical_json};

/// What of a file a reviewer has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surface {
    /// The digest of the whole file.
    pub digest: Digest,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its graph; a plugin has none.
    pub graph: Option<Graph>,
    /// What it imports, by name.
    pub imports: Vec<String>,
    /// Its prompts: name and text.
    pub prompts: BTreeMap<PartName, String>,
    /// The plugins in it, and those shipped that its graph uses.
    pub parts: BTreeMap<PartName, SurfacePart>,
}

/// A plugin of a surface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurfacePart {
    /// The digest of its bytes.
    pub digest: Digest,
    /// Where its bytes came from.
    pub origin: Origin,
    /// Its manifest.
    pub manifest: Manifest,
    /// What it imports, by name.
    pub imports: Vec<String>,
}

/// The hashes of a surface: of the whole, and of each of its sides, so that a
/// grant may pin one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SurfaceHash {
    /// Of all the others.
    pub surface: Digest,
    /// Of the imports of the file and its parts.
    pub imports: Digest,
    /// Of the asks of the file and its parts, without their reasons.
    pub asks: Digest,
    /// Of nodes, edges, needs, tools, prompts' names and parameters.
    pub graph: Digest,
    /// Of the prompts' texts.
    pub prompts: Digest,
    /// Of the bounds that the graph sets: visits, turns, tokens, seconds.
    pub limits: Digest,
}

#[cfg(test)]
impl SurfaceHash {
    /// One digest for each side.
    pub(crate) fn all(digest: Digest) -> Self {
        Self {
            surface: digest,
            imports: digest,
            asks: digest,
            graph: digest,
            prompts: digest,
            limits: digest,
        }
    }
}

impl Surface {
    /// Hashes it. Orders that mean nothing (of asks, nodes, edges, imports) make
    /// no difference.
    pub fn hash(&self) -> SurfaceHash {
        let of = |value: &Value| Digest::of(&canonical_json(value));
        let (graph, limits) = self.graph.as_ref().map(sides).unwrap_or_default();
        let prompts: BTreeMap<&PartName, Digest> = self
            .prompts
            .iter()
            .map(|(name, text)| (name, Digest::of(text.as_bytes())))
            .collect();
        let sides = [
            of(&self.each(|_, imports| json!(sorted(imports.to_vec())))),
            of(&self.each(|manifest, _| asks(&manifest.asks))),
            of(&graph),
            of(&json!(prompts)),
            of(&limits),
        ];
        let [imports, asks, graph, prompts, limits] = sides;
        let surface = of(&json!({
            "imports": imports, "asks": asks, "graph": graph, "prompts": prompts, "limits": limits,
        }));
        SurfaceHash {
            surface,
            imports,
            asks,
            graph,
            prompts,
            limits,
        }
    }

    /// Something of the file and of each of its parts.
    fn each(&self, of: impl Fn(&Manifest, &[String]) -> Value) -> Value {
        let parts: BTreeMap<&PartName, Value> = self
            .parts
            .iter()
            .map(|(name, part)| (name, of(&part.manifest, &part.imports)))
            .collect();
        json!({ "file": of(&self.manifest, &self.imports), "parts": parts })
    }
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items
}

/// Asks by their id. The reasons are words, not authority.
fn asks(asks: &[Ask]) -> Value {
    let bare = |ask: &Ask| {
        let mut value = json!(ask);
        if let Some(ask) = value.as_object_mut() {
            ask.remove("reason");
        }
        (ask.id.to_string(), value)
    };
    json!(asks.iter().map(bare).collect::<BTreeMap<_, _>>())
}

/// The graph without its bounds, and the bounds.
fn sides(graph: &Graph) -> (Value, Value) {
    let mut nodes = BTreeMap::new();
    let mut limits = BTreeMap::new();
    for node in &graph.nodes {
        let mut bare = node.clone();
        bare.edges.sort_by(|a, b| a.label.cmp(&b.label));
        bare.needs.sort();
        let visits = bare
            .max_visits
            .as_mut()
            .map(|bound| std::mem::take(&mut bound.visits));
        let agent = bare.agent.as_mut().map(|agent| {
            let take = |limit: &mut u32| std::mem::take(limit);
            json!([
                take(&mut agent.max_turns),
                std::mem::take(&mut agent.max_tokens),
                take(&mut agent.max_seconds)
            ])
        });
        limits.insert(
            node.id.to_string(),
            json!({ "visits": visits, "agent": agent }),
        );
        nodes.insert(node.id.to_string(), json!(bare));
    }
    let graph = json!({ "start": graph.start, "nodes": nodes, "state": graph.state_schema });
    (graph, json!(limits))
}
