//! A whole run of a graph in a test: the steps are the blueprint's own, what
//! plugins and humans say is given.

use super::Visit;
use crate::bindings::blueprint::exports::minion::blueprint::blueprint as wit;
use crate::graph::{Executor, Graph, Node, NodeKind};
use crate::{Blueprint, Failure, Finding, LastVisit};
use std::collections::{BTreeMap, VecDeque};

/// No graph of a test is walked further than this.
const MOST_VISITS: usize = 1_000;

/// A walk being prepared.
#[derive(Clone, Debug)]
#[must_use = "nothing is walked until `run`"]
pub struct Walk {
    visit: Visit,
    outcomes: BTreeMap<String, VecDeque<(String, Vec<Finding>)>>,
}

/// How a walk went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walked {
    /// Each visit: the node, and the label it ended with.
    pub visits: Vec<(String, String)>,
    /// `delivered`, `failed` or `escalated`.
    pub end: String,
}

impl Walk {
    /// A walk to do this task.
    pub fn to(task: &str) -> Self {
        Self {
            visit: Visit::to(task),
            outcomes: BTreeMap::new(),
        }
    }

    /// What a gate, a plugin node or a human says the next time.
    pub fn says(mut self, node: &str, label: &str, findings: Vec<Finding>) -> Self {
        let outcomes = self.outcomes.entry(node.to_owned()).or_default();
        outcomes.push_back((label.to_owned(), findings));
        self
    }

    /// Walks to an end; plugins and humans that were given nothing to say fail it.
    pub fn run<B: Blueprint>(mut self) -> Result<Walked, Failure> {
        let graph = B::graph();
        let mut counts = BTreeMap::<String, u32>::new();
        let mut visits = Vec::new();
        let mut at = graph.start.clone();
        while let Some(node) = find(&graph, &at) {
            let count = counts.entry(at.clone()).or_default();
            if let Some(bound) = node
                .max_visits
                .as_ref()
                .filter(|bound| *count >= bound.visits)
            {
                at.clone_from(&bound.then);
                continue;
            }
            *count += 1;
            self.visit.0.visit = *count;
            let label = self.visit_node::<B>(node)?;
            visits.push((at.clone(), label.clone()));
            at = follow(node, &label)?;
            self.visit.0.last = Some(LastVisit {
                node: node.id.clone(),
                label,
            });
            if visits.len() > MOST_VISITS {
                return Err(Failure::Other(format!("no end after {MOST_VISITS} visits")));
            }
        }
        Ok(Walked { visits, end: at })
    }

    fn visit_node<B: Blueprint>(&mut self, node: &Node) -> Result<String, Failure> {
        if let Executor::Step = node.executor {
            let context = self.visit.0.clone();
            let wit::Transition { label, state } = crate::blueprint::visit::<B>(&node.id, context)?;
            self.visit.0.state = state;
            if node.kind == NodeKind::Agentic {
                self.visit.0.findings.clear();
            }
            return Ok(label);
        }
        let outcome = self
            .outcomes
            .get_mut(&node.id)
            .and_then(VecDeque::pop_front);
        let (label, findings) = outcome.ok_or_else(|| {
            Failure::Unavailable(format!("the test gave `{}` nothing more to say", node.id))
        })?;
        self.visit.0.findings.extend(findings);
        Ok(label)
    }
}

fn find<'a>(graph: &'a Graph, id: &str) -> Option<&'a Node> {
    graph.nodes.iter().find(|node| node.id == id)
}

fn follow(node: &Node, label: &str) -> Result<String, Failure> {
    let edge = node.edges.iter().find(|edge| edge.label == label);
    let edge =
        edge.ok_or_else(|| Failure::Invalid(format!("`{}` has no edge `{label}`", node.id)))?;
    Ok(edge.to.clone())
}
