//! Who comes to the door.

use minion_grants::Authority;
use minion_journal::Seq;
use std::sync::Arc;

/// A node of the graph, or a plugin or agent beneath one, with what it may do right now.
///
/// The default authority is none; a caller can only be narrowed.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The running number of the visit in the run.
    pub visit: u64,
    /// The node's id in the graph.
    pub node: String,
    /// The how-manieth visit of this node it is, from 1.
    pub round: u32,
    /// What this caller may do: asked ∩ granted ∩ ceiling ∩ the node's needs.
    pub authority: Arc<Authority>,
    /// The record of the call that this caller works for, if any.
    pub parent: Option<Seq>,
}

impl Caller {
    /// The same place in the graph, working for another record with another authority:
    /// a plugin called by a step, a tool called by an agent.
    #[must_use]
    pub fn beneath(&self, parent: Seq, authority: Arc<Authority>) -> Self {
        Self {
            authority,
            parent: Some(parent),
            ..self.clone()
        }
    }
}
