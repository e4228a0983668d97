//! What stands behind the imports: the same functions serve a guest's call, an agent's
//! tool call and the host's own nodes, and every one of them goes through the door.

pub(crate) mod agentic;
pub(crate) mod commands;
pub(crate) mod files;
pub(crate) mod http;
pub(crate) mod plugins;
pub(crate) mod recorded;
mod toolbox;

use crate::engine::Engine;
use crate::link::LinkedPlugin;
use crate::network::Network;
use crate::project::ProjectCommand;
use crate::run::{self, RunError};
use crate::view::{Keep, Place, Stand, View};
use minion_agents::{Model, Spent as AgentSpent};
use minion_door::{Caller, Door, Failure};
use minion_grants::{Admission, Authority, Node, PartName};
use minion_sandbox::{Sandbox, Toolchains};
use minion_workspace::{RunStore, TreeId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Everything that one run's calls need. Shared, never widened.
pub(crate) struct Services {
    pub(crate) engine: Engine,
    pub(crate) door: Door,
    pub(crate) plugins: BTreeMap<PartName, LinkedPlugin>,
    pub(crate) prompts: BTreeMap<String, String>,
    pub(crate) project: Vec<ProjectCommand>,
    /// What effects happen in. A replay has none: everything that it hears was recorded.
    pub(crate) world: Option<World>,
    /// The run's start since the Unix epoch: what guests see as the time.
    pub(crate) started: Duration,
    /// From the run's id: what guests see as randomness.
    pub(crate) seed: u64,
    /// What agents spent in the visit of that number.
    pub(crate) visit_spent: Mutex<(u64, AgentSpent)>,
    /// What agents came to.
    pub(crate) agents: Mutex<Agents>,
}

/// What a live run acts on, and with what authority.
pub(crate) struct World {
    pub(crate) admission: Admission,
    pub(crate) model: Option<Arc<dyn Model>>,
    pub(crate) sandbox: Sandbox,
    pub(crate) toolchains: Toolchains,
    pub(crate) network: Network,
    pub(crate) objects: RunStore,
    /// The tree that the run started from.
    pub(crate) base: TreeId,
}

/// What all agents of a run came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Agents {
    pub(crate) spent: AgentSpent,
    pub(crate) last_words: Option<String>,
}

impl Services {
    /// What effects happen in.
    pub(crate) fn world(&self) -> Result<&World, Failure> {
        self.world
            .as_ref()
            .ok_or_else(|| Failure::Other("a replay has nothing but its journal".to_owned()))
    }

    /// What a node of the graph may do; nothing in a replay, where nothing is judged.
    pub(crate) fn authority_of_node(&self, node: &Node) -> Authority {
        let world = self.world.as_ref();
        world.map_or_else(Authority::default, |world| world.admission.node(node))
    }

    /// What a plugin may do.
    pub(crate) fn authority_of_part(&self, part: &PartName) -> Authority {
        let world = self.world.as_ref();
        world.map_or_else(Authority::default, |world| {
            world.admission.authority(part, None)
        })
    }

    /// What agents came to so far.
    pub(crate) fn agents(&self) -> Agents {
        self.agents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What earlier agents of the caller's visit spent.
    pub(crate) fn spent_in(&self, caller: &Caller) -> AgentSpent {
        let spent = self
            .visit_spent
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if spent.0 == caller.visit {
            spent.1
        } else {
            AgentSpent::default()
        }
    }

    /// Adds what an agent spent, however it ended.
    pub(crate) fn count_agent(&self, caller: &Caller, spent: &AgentSpent, words: Option<&str>) {
        self.door
            .meter()
            .tokens(spent.input_tokens, spent.output_tokens);
        let of_visit = sum(&self.spent_in(caller), spent);
        *self
            .visit_spent
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = (caller.visit, of_visit);
        let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        agents.spent = sum(&agents.spent, spent);
        if let Some(words) = words {
            agents.last_words = Some(words.to_owned());
        }
    }
}

impl World {
    /// Where the next command of a view stands. In a gate each one sees the judged tree as it
    /// is: through a layer that is thrown away, or where the kernel has none, in a checkout
    /// made for it.
    pub(crate) fn stand(&self, view: &View) -> Result<Stand, RunError> {
        let (root, caches) = (view.root(), view.caches());
        match (view.keep(), self.sandbox.has_overlay(), &view.place) {
            (Keep::All, _, _) | (_, false, Place::Workspace(_) | Place::Nowhere) => {
                Ok(Stand::plain(root, caches))
            }
            (keep, true, _) => Ok(Stand::layered(root, caches, keep)),
            (_, false, Place::Gate(tree)) => {
                let (root, caches) = (
                    root.with_file_name("scratch"),
                    caches.with_file_name("scratch-caches"),
                );
                run::lay_out(self, *tree, &root, &caches)?;
                Ok(Stand::plain(&root, &caches))
            }
        }
    }
}

/// Both together; the cost is unknown as soon as one is.
fn sum(before: &AgentSpent, more: &AgentSpent) -> AgentSpent {
    let cost = match (before.turns, before.cost_microdollars) {
        (0, _) => more.cost_microdollars,
        (_, cost) => cost
            .zip(more.cost_microdollars)
            .map(|(a, b)| a.saturating_add(b)),
    };
    AgentSpent {
        turns: before.turns.saturating_add(more.turns),
        tool_calls: before.tool_calls.saturating_add(more.tool_calls),
        refused_calls: before.refused_calls.saturating_add(more.refused_calls),
        input_tokens: before.input_tokens.saturating_add(more.input_tokens),
        output_tokens: before.output_tokens.saturating_add(more.output_tokens),
        estimated: before.estimated || more.estimated,
        cost_microdollars: cost,
    }
}
