//! The state machine of a run and where it stands: what the live walk and a replay share.

use super::ledger::Ledger;
use super::walk::End;
use crate::bindings::blueprint::BlueprintWorldPre;
use crate::event::Detail;
use crate::guest::Guest;
use crate::services::{Agents, Services};
use minion_agents::Finding;
use minion_door::{Caller, Halt, Spent};
use minion_grants::{Graph, Node, NodeId, NodeKind, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A blueprint with what its steps are told and what stands behind their imports.
pub(super) struct Machine {
    pub(super) services: Arc<Services>,
    pub(super) blueprint: BlueprintWorldPre<Guest>,
    pub(super) graph: Graph,
    /// What the state has to fit.
    pub(super) schema: Schema,
    pub(super) task: String,
    pub(super) inputs: BTreeMap<String, String>,
}

/// What moves from visit to visit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Position {
    pub(super) node: NodeId,
    pub(super) state: Value,
    /// The node before and the label it left with.
    pub(super) last: Option<(String, String)>,
    pub(super) findings: Vec<Finding>,
}

impl Position {
    /// Before the first visit.
    pub(super) fn start(graph: &Graph) -> Self {
        Self {
            node: graph.start.clone(),
            state: Value::Object(serde_json::Map::new()),
            last: None,
            findings: Vec::new(),
        }
    }

    /// The end of the graph, if this is one.
    pub(super) fn ended(&self) -> Option<End> {
        let came = || match &self.last {
            Some((node, label)) => format!("{node}: {label}"),
            None => String::new(),
        };
        match self.node.as_str() {
            "delivered" => Some(End::Delivered),
            "failed" => Some(End::Failed(came())),
            "escalated" => Some(End::Escalated(came())),
            _ => None,
        }
    }
}

/// What a visit came to.
pub(super) struct Visit {
    pub(super) label: String,
    pub(super) state: Value,
    pub(super) findings: Vec<Finding>,
    pub(super) detail: Detail,
}

/// A visit that ends the walk, for the reason given, instead of taking an edge.
pub(super) type Visiting = Result<Result<Visit, String>, Halt>;

/// How many visits there were.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Visits {
    /// Of all nodes.
    pub(super) all: u64,
    /// Of each node.
    pub(super) of: BTreeMap<String, u32>,
    /// The visit that an agentic one followed last: a fork from there asks the agent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) before_agent: Option<String>,
}

impl Visits {
    /// Whether a run can have had so many: what an imported one says is anybody's word, and it is
    /// counted on from there.
    pub(super) fn can_be(&self) -> bool {
        const MOST: u32 = u32::MAX / 2;
        let of_nodes = self.of.values().all(|visits| *visits <= MOST);
        of_nodes && self.all <= u64::from(MOST)
    }

    /// Counts a visit; gives the how-manieth of its node it is.
    pub(super) fn enter(&mut self, node: &str) -> u32 {
        self.all = self.all.saturating_add(1);
        let round = self.of.entry(node.to_owned()).or_default();
        *round = round.saturating_add(1);
        *round
    }

    /// An agentic node comes next, after this one.
    pub(super) fn agent_after(&mut self, node: Option<&str>) {
        let round = |node: &str| self.of.get(node).copied().unwrap_or_default();
        self.before_agent = node.map(|node| format!("{node}-{}", round(node)));
    }

    /// Where the graph sends the run when the node's visits are spent.
    pub(super) fn spent(&self, node: &Node) -> Option<NodeId> {
        let bound = node.max_visits.as_ref()?;
        let had = self.of.get(node.id.as_str()).copied().unwrap_or_default();
        (had >= bound.visits).then(|| bound.then.clone())
    }
}

/// What comes next.
pub(super) enum Next {
    /// The walk is over.
    End(End),
    /// A visit of this node.
    Visit(Box<Node>),
}

impl Machine {
    /// The node that is visited next. Spent visits lead on to where the graph says.
    pub(super) fn next(&self, at: &mut Position, visits: &Visits) -> Next {
        loop {
            if let Some(end) = at.ended() {
                return Next::End(end);
            }
            let Some(node) = self.graph.node(&at.node).cloned() else {
                return Next::End(End::Failed(format!("the graph has no node `{}`", at.node)));
            };
            let Some(then) = visits.spent(&node) else {
                return Next::Visit(Box::new(node));
            };
            at.last = Some((at.node.to_string(), "visits-spent".to_owned()));
            at.node = then;
        }
    }

    /// Who calls in a visit.
    pub(super) fn caller(&self, node: &Node, visit: u64, round: u32) -> Caller {
        Caller {
            visit,
            node: node.id.to_string(),
            round,
            authority: Arc::new(self.services.authority_of_node(node)),
            within: Vec::new(),
            parent: None,
        }
    }
}

/// Where a visit leads that left with this.
pub(super) fn follow(
    node: &Node,
    label: String,
    state: Value,
    findings: Vec<Finding>,
) -> Result<Position, String> {
    let to = edge(node, &label)?.clone();
    let last = Some((node.id.to_string(), label));
    Ok(Position {
        node: to,
        state,
        last,
        findings,
    })
}

/// Where a label leads.
pub(super) fn edge<'n>(node: &'n Node, label: &str) -> Result<&'n NodeId, String> {
    node.edge(label).ok_or_else(|| undeclared(node, label))
}

fn undeclared(node: &Node, label: &str) -> String {
    let known: Vec<_> = node.edges.iter().map(|edge| edge.label.as_str()).collect();
    let label: String = label.chars().take(60).collect();
    format!(
        "node `{}` returned the label {label:?}; its edges are {}",
        node.id,
        known.join(", ")
    )
}

/// Where a run begins, or goes on: what its journal or another's tells.
pub(super) struct Begun {
    pub(super) at: Position,
    pub(super) visits: Visits,
    pub(super) ledger: Ledger,
    pub(super) agents: Agents,
    /// What was spent, as the last checkpoint tells it.
    pub(super) told: Option<Told>,
    /// How long earlier processes were at it.
    pub(super) ran: Duration,
}

/// What a checkpoint tells of spending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Told {
    pub(super) spent: Spent,
    pub(super) agents: Agents,
}

impl Begun {
    /// A visit of this node began, after one of `left`, or of the node that a fork began after.
    pub(super) fn enter(&mut self, graph: &Graph, node: &str, left: Option<&str>) {
        let agentic = |known: &&Node| known.id == *node && known.kind == NodeKind::Agentic;
        if graph.nodes.iter().any(|known| agentic(&known)) {
            let forked = self.at.last.as_ref().map(|(node, _)| node.as_str());
            self.visits.agent_after(left.or(forked));
        }
        self.visits.enter(node);
    }

    /// At the start of a graph.
    pub(super) fn new(graph: &Graph) -> Self {
        Self {
            at: Position::start(graph),
            visits: Visits::default(),
            ledger: Ledger::default(),
            agents: Agents::default(),
            told: None,
            ran: Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visits_that_a_file_made_up_overflow_nowhere() {
        let said = |all, of| Visits {
            all,
            of: BTreeMap::from([("n".to_owned(), of)]),
            before_agent: None,
        };
        assert!(said(3, 3).can_be());
        for mut wrong in [said(u64::MAX, 1), said(1, u32::MAX)] {
            assert!(!wrong.can_be());
            wrong.enter("n");
        }
    }
}
