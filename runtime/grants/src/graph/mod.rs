//! The graph of a blueprint: its state machine as data, visible before it runs.
//!
//! [`Graph::check`] names everything that is wrong with it at once;
//! [`Graph::gates_on_every_way_to_delivered`] proves which gates no way around
//! leads past.

mod check;
mod ways;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use check::GraphProblem;
pub(crate) use check::is_schema;
#[cfg(test)]
pub(crate) use check::tests::sound;
pub use ways::{WayAround, WaysToDelivered};

use crate::{AskId, NodeId, PartName, canonical_json};

/// The most that an embedded graph may measure, in bytes.
const GRAPH_LIMIT: usize = 4 * 1024 * 1024;

/// The state machine of a blueprint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Graph {
    /// The node that a run enters first.
    pub start: NodeId,
    /// All nodes, in the author's order.
    pub nodes: Vec<Node>,
    /// JSON Schema of the state that goes from visit to visit.
    pub state_schema: Value,
}

/// A state of the graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Node {
    /// Unique in the graph.
    pub id: NodeId,
    /// What may happen in it.
    pub kind: NodeKind,
    /// Who does it.
    pub executor: Executor,
    /// Asks that work in it; no others do.
    #[serde(default)]
    pub needs: Vec<AskId>,
    /// What an agentic node may do at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentLimits>,
    /// Where to go instead when its visits are spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_visits: Option<VisitBound>,
    /// Where to go by outcome label.
    #[serde(default)]
    pub edges: Vec<Edge>,
}

/// Kinds of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    /// A step or a plugin; never reaches a model of the host.
    Deterministic,
    /// A step that may call `agent.run`.
    Agentic,
    /// A plugin that judges the tree, on a fresh checkout.
    Gate,
    /// Waits for a human.
    Approval,
}

/// Who executes a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Executor {
    /// The export `step` of the blueprint.
    Step,
    /// A plugin with literal parameters.
    Plugin(PluginUse),
    /// An approval: nobody but a human.
    Human,
}

/// A plugin with its parameters, fixed when the blueprint was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PluginUse {
    /// `std:lint`, or a name from the manifest's plugins.
    pub name: PartName,
    /// A JSON value; `{}` says nothing.
    pub parameters: Value,
}

/// What an agentic node may do at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AgentLimits {
    /// Names of prompt files.
    #[serde(default)]
    pub prompts: Vec<PartName>,
    /// Names of tools.
    #[serde(default)]
    pub tools: Vec<String>,
    /// JSON Schema of the output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// Model turns in a call.
    pub max_turns: u32,
    /// Tokens of input and output together in a call.
    pub max_tokens: u64,
    /// Wall time of a call, in seconds.
    pub max_seconds: u32,
}

/// After so many visits the run goes to `then` instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct VisitBound {
    /// Visits, at least 1.
    pub visits: u32,
    /// A node or an end.
    pub then: NodeId,
}

/// An edge of the graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Edge {
    /// The outcome that takes it.
    pub label: String,
    /// A node or an end.
    pub to: NodeId,
}

/// The ends of every graph. Their names are reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The tree is to be handed over.
    Delivered,
    /// The run gives up.
    Failed,
    /// A human takes over.
    Escalated,
}

impl End {
    /// All ends.
    pub const ALL: [Self; 3] = [Self::Delivered, Self::Failed, Self::Escalated];

    /// The end of this name.
    pub fn named(id: &NodeId) -> Option<Self> {
        Self::ALL.into_iter().find(|end| *id == end.as_str())
    }

    /// Its name in a graph.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Escalated => "escalated",
        }
    }
}

impl Graph {
    /// Reads an embedded graph. Whether it makes sense is [`Graph::check`]'s.
    pub fn from_json(bytes: &[u8]) -> Result<Self, GraphError> {
        if bytes.len() > GRAPH_LIMIT {
            return Err(GraphError::TooLarge(bytes.len()));
        }
        serde_json::from_slice(bytes)
            .map_err(|error| GraphError::Json(crate::shown(&error.to_string())))
    }

    /// Writes it as canonical JSON: the same bytes every time.
    pub fn to_json(&self) -> Vec<u8> {
        canonical_json(self)
    }

    /// The node with this id.
    pub fn node(&self, id: &NodeId) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == *id)
    }

    /// The gates: node and plugin, in the author's order.
    pub fn gates(&self) -> impl Iterator<Item = (&Node, &PluginUse)> {
        self.nodes
            .iter()
            .filter_map(|node| match (&node.executor, node.kind) {
                (Executor::Plugin(plugin), NodeKind::Gate) => Some((node, plugin)),
                _ => None,
            })
    }
}

impl Node {
    /// The plugin that executes it, if one does.
    pub fn plugin(&self) -> Option<&PluginUse> {
        match &self.executor {
            Executor::Plugin(plugin) => Some(plugin),
            Executor::Step | Executor::Human => None,
        }
    }

    /// Where an outcome leads.
    pub fn edge(&self, label: &str) -> Option<&NodeId> {
        self.edges
            .iter()
            .find(|edge| edge.label == label)
            .map(|edge| &edge.to)
    }
}

/// A graph could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// It is larger than a graph may be.
    #[error("the graph has {0} bytes; at most 4 MiB are read")]
    TooLarge(usize),
    /// It is not the JSON of a graph.
    #[error("the graph cannot be read: {0}")]
    Json(String),
}
