//! What stands behind the imports: the same functions serve a guest's call, an agent's
//! tool call and the host's own nodes, and every one of them goes through the door.

pub(crate) mod agentic;
pub(crate) mod commands;
pub(crate) mod files;
pub(crate) mod plugins;
mod toolbox;

use crate::engine::Engine;
use crate::link::LinkedPlugin;
use crate::project::ProjectCommand;
use crate::run::{self, RunError};
use crate::view::{Keep, Place, Stand, View};
use minion_agents::{AgentReport, Model};
use minion_door::{Caller, Door};
use minion_grants::{Admission, PartName};
use minion_sandbox::{Sandbox, Toolchains};
use minion_workspace::{RunStore, TreeId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Everything that one run's calls need. Shared, never widened.
pub(crate) struct Services {
    pub(crate) engine: Engine,
    pub(crate) door: Door,
    pub(crate) admission: Admission,
    pub(crate) plugins: BTreeMap<PartName, LinkedPlugin>,
    pub(crate) prompts: BTreeMap<String, String>,
    pub(crate) project: Vec<ProjectCommand>,
    pub(crate) model: Option<Arc<dyn Model>>,
    pub(crate) sandbox: Sandbox,
    pub(crate) toolchains: Toolchains,
    pub(crate) objects: RunStore,
    /// The tree that the run started from.
    pub(crate) base: TreeId,
    /// The run's start since the Unix epoch: what guests see as the time.
    pub(crate) started: Duration,
    /// From the run's id: what guests see as randomness.
    pub(crate) seed: u64,
    /// Turns of agents in the visit of that number.
    pub(crate) turns: Mutex<(u64, u32)>,
    /// What agents came to.
    pub(crate) spent: Mutex<Agents>,
}

/// What all agents of a run came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Agents {
    /// Millionths of a dollar; none as soon as one price is unknown.
    pub(crate) cost: Option<u64>,
    pub(crate) spent: minion_agents::Spent,
    pub(crate) last_words: Option<String>,
}

impl Services {
    /// What agents came to so far.
    pub(crate) fn agents(&self) -> Agents {
        self.spent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Turns that earlier agents of the caller's visit took.
    pub(crate) fn turns_before(&self, caller: &Caller) -> u32 {
        let turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.0 == caller.visit { turns.1 } else { 0 }
    }

    /// Adds what an agent came to.
    pub(crate) fn count_agent(&self, caller: &Caller, report: &AgentReport) {
        let before = self.turns_before(caller);
        *self.turns.lock().unwrap_or_else(PoisonError::into_inner) =
            (caller.visit, before.saturating_add(report.spent.turns));
        self.spent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(report);
    }

    /// Where the next command of a view stands. In a gate each one sees the judged tree as it
    /// is: through a layer that is thrown away, or where the kernel has none, in a checkout
    /// made for it.
    pub(crate) fn stand(&self, view: &View) -> Result<Stand, RunError> {
        let (root, caches) = (view.root(), view.caches());
        match (view.keep(), self.sandbox.has_overlay(), &view.place) {
            (Keep::All, _, _) | (_, false, Place::Workspace(_)) => Ok(Stand::plain(root, caches)),
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

impl Agents {
    fn add(&mut self, report: &AgentReport) {
        let spent = &report.spent;
        let first = self.spent.turns == 0;
        self.cost = match (first, self.cost, spent.cost_microdollars) {
            (true, _, cost) => cost,
            (false, Some(sum), Some(cost)) => Some(sum.saturating_add(cost)),
            _ => None,
        };
        self.spent.turns += spent.turns;
        self.spent.tool_calls += spent.tool_calls;
        self.spent.refused_calls += spent.refused_calls;
        self.spent.input_tokens += spent.input_tokens;
        self.spent.output_tokens += spent.output_tokens;
        self.last_words = Some(report.summary.clone());
    }
}
