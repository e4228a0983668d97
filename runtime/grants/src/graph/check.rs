//! Everything that can be wrong with a graph, all of it at once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use super::{AgentLimits, End, Executor, Graph, Node, NodeKind};
use crate::{Ask, AskId, CapabilityKind, Manifest, NodeId, PartName};

const NODES: usize = 1_000;
const EDGES: usize = 100;
const GATE_LABELS: [&str; 3] = ["pass", "fail", "error"];

/// What is wrong with a graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphProblem {
    /// It is too large to be a state machine that people read.
    #[error("it has {0} nodes; at most 1,000 are allowed")]
    TooManyNodes(usize),
    /// A node has too many edges.
    #[error("node `{0}` has more than 100 edges")]
    TooManyEdges(NodeId),
    /// It starts nowhere.
    #[error("it starts at `{0}`, which is no node")]
    NoStart(NodeId),
    /// Two nodes share an id.
    #[error("two nodes are named `{0}`")]
    DuplicateNode(NodeId),
    /// A node bears the name of an end.
    #[error("node `{0}` bears the name of an end")]
    ReservedId(NodeId),
    /// Two edges of a node share a label.
    #[error("node `{node}` has two edges labelled `{label}`")]
    DuplicateLabel {
        /// The node.
        node: NodeId,
        /// The label.
        label: String,
    },
    /// A label is no word.
    #[error(
        "node `{node}` has an edge labelled `{label}`; a label is 1 to 64 letters, digits, `-`, `_`"
    )]
    BadLabel {
        /// The node.
        node: NodeId,
        /// The label.
        label: String,
    },
    /// An edge leads to no node and no end.
    #[error("an edge of node `{node}` leads to `{to}`, which is neither a node nor an end")]
    EdgeToNowhere {
        /// The node.
        node: NodeId,
        /// The target.
        to: NodeId,
    },
    /// No run reaches a node.
    #[error("no way leads to node `{0}`")]
    Unreachable(NodeId),
    /// A run that reaches a node never ends.
    #[error("no way leads from node `{0}` to an end")]
    NoEnd(NodeId),
    /// A bound on visits allows none.
    #[error("node `{0}` has `max-visits` of 0")]
    NoVisits(NodeId),
    /// A node needs an ask that the manifest does not have.
    #[error("node `{node}` needs `{ask}`, which the manifest does not ask for")]
    UnknownNeed {
        /// The node.
        node: NodeId,
        /// The ask.
        ask: AskId,
    },
    /// Only agentic nodes reach a model.
    #[error("node `{node}` needs the model of ask `{ask}` but is not agentic")]
    ModelOutsideAgentic {
        /// The node.
        node: NodeId,
        /// The ask.
        ask: AskId,
    },
    /// An agentic node needs exactly one model.
    #[error("agentic node `{node}` needs {count} agent asks; it needs exactly one")]
    AgentAsks {
        /// The node.
        node: NodeId,
        /// How many it needs.
        count: usize,
    },
    /// An agentic node without limits, or with limits that allow nothing.
    #[error("agentic node `{0}` has no agent limits, or limits of 0")]
    NoAgentLimits(NodeId),
    /// Limits of an agent on another kind of node.
    #[error("node `{0}` has agent limits but is not agentic")]
    LimitsOutsideAgentic(NodeId),
    /// Executor and kind do not go together.
    #[error("node `{node}` is executed by the wrong one: {rule}")]
    WrongExecutor {
        /// The node.
        node: NodeId,
        /// What its kind demands.
        rule: &'static str,
    },
    /// A gate's edges are not those of a verdict.
    #[error("gate `{0}` needs the edges `pass` and `fail`, may have `error`, and no other")]
    GateEdges(NodeId),
    /// A plugin or a human needs nothing of the blueprint's own.
    #[error("node `{0}` is no step: a plugin uses its own asks, so `needs` stays empty")]
    NeedsOutsideStep(NodeId),
    /// The state schema is no JSON Schema.
    #[error("the state schema is no JSON Schema")]
    BadStateSchema,
    /// The output schema of a node is no JSON Schema.
    #[error("the output schema of node `{0}` is no JSON Schema")]
    BadOutputSchema(NodeId),
    /// A plugin that the file does not carry.
    #[error("node `{node}` is executed by plugin `{plugin}`, which the manifest does not name")]
    UnknownPlugin {
        /// The node.
        node: NodeId,
        /// The plugin.
        plugin: PartName,
    },
    /// A prompt that the file does not carry.
    #[error("node `{node}` uses prompt `{prompt}`, which the manifest does not name")]
    UnknownPrompt {
        /// The node.
        node: NodeId,
        /// The prompt.
        prompt: PartName,
    },
}

impl Graph {
    /// Names everything that is wrong with the graph, given the asks of its
    /// manifest. Empty: it can be run.
    pub fn check(&self, asks: &[Ask]) -> Vec<GraphProblem> {
        if self.nodes.len() > NODES {
            return vec![GraphProblem::TooManyNodes(self.nodes.len())];
        }
        let mut problems = Vec::new();
        if !is_schema(&self.state_schema) {
            problems.push(GraphProblem::BadStateSchema);
        }
        self.check_names(&mut problems);
        let kinds = asks
            .iter()
            .map(|ask| (&ask.id, ask.capability.kind()))
            .collect();
        for node in &self.nodes {
            check_node(node, &kinds, &mut problems);
        }
        self.check_ways(&mut problems);
        problems
    }

    /// Names plugins and prompts that the manifest does not carry. Standard
    /// plugins (`std:…`) need not be carried.
    pub fn check_parts(&self, manifest: &Manifest) -> Vec<GraphProblem> {
        let mut problems = Vec::new();
        for node in &self.nodes {
            if let Some(plugin) = node.plugin() {
                let carried = manifest.plugins.iter().any(|part| part.name == plugin.name);
                if !carried && !plugin.name.as_str().starts_with("std:") {
                    problems.push(GraphProblem::UnknownPlugin {
                        node: node.id.clone(),
                        plugin: plugin.name.clone(),
                    });
                }
            }
            let used = node.agent.iter().flat_map(|agent| &agent.prompts);
            for prompt in
                used.filter(|prompt| !manifest.prompts.iter().any(|part| part.name == **prompt))
            {
                problems.push(GraphProblem::UnknownPrompt {
                    node: node.id.clone(),
                    prompt: prompt.clone(),
                });
            }
        }
        problems
    }

    fn check_names(&self, problems: &mut Vec<GraphProblem>) {
        let mut seen = BTreeSet::new();
        for node in &self.nodes {
            if !seen.insert(&node.id) {
                problems.push(GraphProblem::DuplicateNode(node.id.clone()));
            }
            if End::named(&node.id).is_some() {
                problems.push(GraphProblem::ReservedId(node.id.clone()));
            }
        }
        if !seen.contains(&self.start) {
            problems.push(GraphProblem::NoStart(self.start.clone()));
        }
        for node in &self.nodes {
            for to in node
                .targets()
                .filter(|to| !seen.contains(to) && End::named(to).is_none())
            {
                problems.push(GraphProblem::EdgeToNowhere {
                    node: node.id.clone(),
                    to: to.clone(),
                });
            }
        }
    }

    /// What cannot be reached, and from where no end can be.
    fn check_ways(&self, problems: &mut Vec<GraphProblem>) {
        let mut forward: BTreeMap<&NodeId, Vec<&NodeId>> = BTreeMap::new();
        let mut backward: BTreeMap<&NodeId, Vec<&NodeId>> = BTreeMap::new();
        let mut ending = Vec::new();
        for node in &self.nodes {
            for to in node.targets() {
                forward.entry(&node.id).or_default().push(to);
                backward.entry(to).or_default().push(&node.id);
                if End::named(to).is_some() {
                    ending.push(&node.id);
                }
            }
        }
        let reached = spread(&forward, vec![&self.start]);
        let finishing = spread(&backward, ending);
        for node in &self.nodes {
            if !reached.contains(&node.id) {
                problems.push(GraphProblem::Unreachable(node.id.clone()));
            } else if !finishing.contains(&node.id) {
                problems.push(GraphProblem::NoEnd(node.id.clone()));
            }
        }
    }
}

impl Node {
    /// Every node or end that may follow.
    pub(super) fn targets(&self) -> impl Iterator<Item = &NodeId> {
        self.edges
            .iter()
            .map(|edge| &edge.to)
            .chain(self.max_visits.iter().map(|bound| &bound.then))
    }
}

fn spread<'a>(
    edges: &BTreeMap<&'a NodeId, Vec<&'a NodeId>>,
    from: Vec<&'a NodeId>,
) -> BTreeSet<&'a NodeId> {
    let mut seen: BTreeSet<_> = from.iter().copied().collect();
    let mut queue = VecDeque::from(from);
    while let Some(id) = queue.pop_front() {
        for next in edges.get(id).into_iter().flatten() {
            if seen.insert(next) {
                queue.push_back(next);
            }
        }
    }
    seen
}

fn check_node(
    node: &Node,
    asks: &BTreeMap<&AskId, CapabilityKind>,
    problems: &mut Vec<GraphProblem>,
) {
    check_edges(node, problems);
    check_executor(node, problems);
    check_needs(node, asks, problems);
    if node
        .max_visits
        .as_ref()
        .is_some_and(|bound| bound.visits == 0)
    {
        problems.push(GraphProblem::NoVisits(node.id.clone()));
    }
    match (&node.agent, node.kind) {
        (Some(_), kind) if kind != NodeKind::Agentic => {
            problems.push(GraphProblem::LimitsOutsideAgentic(node.id.clone()));
        }
        (agent, NodeKind::Agentic) if !agent.as_ref().is_some_and(allows_something) => {
            problems.push(GraphProblem::NoAgentLimits(node.id.clone()));
        }
        _ => {}
    }
    let schema = node
        .agent
        .as_ref()
        .and_then(|agent| agent.output_schema.as_ref());
    if schema.is_some_and(|schema| !is_schema(schema)) {
        problems.push(GraphProblem::BadOutputSchema(node.id.clone()));
    }
}

fn allows_something(limits: &AgentLimits) -> bool {
    limits.max_turns > 0 && limits.max_tokens > 0 && limits.max_seconds > 0
}

fn check_edges(node: &Node, problems: &mut Vec<GraphProblem>) {
    if node.edges.len() > EDGES {
        problems.push(GraphProblem::TooManyEdges(node.id.clone()));
    }
    let mut seen = BTreeSet::new();
    for edge in &node.edges {
        let (node, label) = (node.id.clone(), crate::shown(&edge.label));
        if !is_label(&edge.label) {
            problems.push(GraphProblem::BadLabel { node, label });
        } else if !seen.insert(edge.label.as_str()) {
            problems.push(GraphProblem::DuplicateLabel { node, label });
        }
    }
    let verdicts = seen.contains("pass")
        && seen.contains("fail")
        && seen.iter().all(|label| GATE_LABELS.contains(label));
    if node.kind == NodeKind::Gate && !verdicts {
        problems.push(GraphProblem::GateEdges(node.id.clone()));
    }
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 64
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn check_executor(node: &Node, problems: &mut Vec<GraphProblem>) {
    let rule = match (node.kind, &node.executor) {
        (NodeKind::Gate, Executor::Plugin(_))
        | (NodeKind::Approval, Executor::Human)
        | (NodeKind::Agentic, Executor::Step)
        | (NodeKind::Deterministic, Executor::Step | Executor::Plugin(_)) => None,
        (NodeKind::Gate, _) => Some("a gate is a plugin"),
        (NodeKind::Approval, _) => Some("an approval is a human's"),
        (NodeKind::Agentic, _) => Some("an agentic node is a step"),
        (NodeKind::Deterministic, Executor::Human) => {
            Some("a deterministic node is a step or a plugin")
        }
    };
    if let Some(rule) = rule {
        problems.push(GraphProblem::WrongExecutor {
            node: node.id.clone(),
            rule,
        });
    }
}

fn check_needs(
    node: &Node,
    asks: &BTreeMap<&AskId, CapabilityKind>,
    problems: &mut Vec<GraphProblem>,
) {
    let agentic = node.kind == NodeKind::Agentic;
    let mut models = 0;
    for ask in node.needs.iter().collect::<BTreeSet<_>>() {
        match asks.get(ask) {
            None => problems.push(GraphProblem::UnknownNeed {
                node: node.id.clone(),
                ask: ask.clone(),
            }),
            Some(CapabilityKind::Agent) if !agentic => {
                problems.push(GraphProblem::ModelOutsideAgentic {
                    node: node.id.clone(),
                    ask: ask.clone(),
                });
            }
            Some(CapabilityKind::Agent) => models += 1,
            Some(_) => {}
        }
    }
    if agentic && models != 1 {
        problems.push(GraphProblem::AgentAsks {
            node: node.id.clone(),
            count: models,
        });
    }
    if node.executor != Executor::Step && !node.needs.is_empty() {
        problems.push(GraphProblem::NeedsOutsideStep(node.id.clone()));
    }
}

/// Whether a value is a JSON Schema that can be compiled. Nothing is fetched.
pub(crate) fn is_schema(schema: &Value) -> bool {
    schema.is_boolean() || crate::Schema::compile(schema).is_ok()
}

#[cfg(test)]
#[path = "check_tests.rs"]
pub(super) mod tests;
