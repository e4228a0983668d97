//! The table of call kinds: what each effect is called, which class it is of and what a
//! resume does when its intent has no result.

use minion_journal::{Effect, InDoubt};
use serde_json::Value;

/// One kind of call that can pass the door.
#[derive(Debug, PartialEq, Eq)]
pub struct CallKind {
    /// `interface.function`, as guests know it.
    pub name: &'static str,
    /// The class of its effect; an external one has a committed intent.
    pub effect: Effect,
    /// What a resume does about an intent without a result.
    pub in_doubt: InDoubt,
}

/// A kind of call, with how its recorded response becomes an answer again.
pub struct Call<T: 'static> {
    /// The kind.
    pub kind: &'static CallKind,
    /// Reads a response that an effect of this kind gave; none when it is not of that shape.
    pub read: fn(Value) -> Option<T>,
}

impl CallKind {
    /// Whether what stands beneath it is a guest's own work, which a replay does again. An
    /// agent's work is not: its loop depends on the wall clock, so its report is taken.
    pub fn holds_a_guest(&self) -> bool {
        [&calls::PLUGIN_RUN, &calls::GATE_RUN, &calls::GATE_BASE].contains(&self)
    }
}

/// The call kinds by name.
pub mod calls {
    use super::{CallKind, Effect, InDoubt};

    macro_rules! kinds {
        ($($(#[$doc:meta])* $id:ident = $name:literal, $effect:ident, $in_doubt:ident;)*) => {
            $($(#[$doc])* pub static $id: CallKind = CallKind {
                name: $name, effect: Effect::$effect, in_doubt: InDoubt::$in_doubt,
            };)*
            /// Every kind there is, in the order of the table.
            pub static CALLS: &[&CallKind] = &[$(&$id),*];
        };
    }

    kinds! {
        /// Reads a file.
        WORKSPACE_READ = "workspace.read", Observe, Again;
        /// Lists a folder.
        WORKSPACE_LIST = "workspace.list", Observe, Again;
        /// Searches files.
        WORKSPACE_SEARCH = "workspace.search", Observe, Again;
        /// Asks what differs from the base.
        WORKSPACE_CHANGES = "workspace.changes", Observe, Again;
        /// Writes a file.
        WORKSPACE_WRITE = "workspace.write", Local, Again;
        /// Edits a file.
        WORKSPACE_EDIT = "workspace.edit", Local, Again;
        /// Removes a file.
        WORKSPACE_REMOVE = "workspace.remove", Local, Again;
        /// Runs a sandboxed command without network.
        COMMAND_RUN = "command.run", Local, Again;
        /// Asks whether a program can be run.
        COMMAND_AVAILABLE = "command.available", Observe, Again;
        /// An agent's whole work: model turns and tool calls stand beneath it.
        AGENT_RUN = "agent.run", Local, Again;
        /// A request over HTTP that may be sent twice: GET, HEAD, OPTIONS, PUT, DELETE.
        HTTP_REQUEST = "http.request", External, Again;
        /// A request over HTTP that may not: POST, PATCH.
        HTTP_REQUEST_ONCE = "http.request-once", External, Ask;
        /// One turn of a model.
        MODEL_TURN = "model.turn", External, Again;
        /// One tool call of an agent that no other kind stands for.
        AGENT_TOOL = "agent.tool", Observe, Again;
        /// A plugin's work, in the workspace; its own calls stand beneath it.
        PLUGIN_RUN = "plugins.run", Local, Again;
        /// A gate: a plugin on a fresh checkout; its calls stand beneath it.
        GATE_RUN = "gate.run", Local, Again;
        /// A gate on the base, to compare with.
        GATE_BASE = "gate.base", Local, Again;
        /// Takes the tree id of the workspace.
        WORKSPACE_SNAPSHOT = "workspace.snapshot", Observe, Again;
        /// Makes the branch with the result.
        DELIVER_BRANCH = "delivery.branch", External, Look;
        /// Keeps an unverified result on a branch of its own.
        KEEP_BRANCH = "escalation.branch", External, Look;
    }
}

pub use calls::CALLS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let mut names: Vec<_> = CALLS.iter().map(|kind| kind.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CALLS.len());
    }

    #[test]
    fn whatever_leaves_the_machine_is_external() {
        let external: Vec<_> = CALLS
            .iter()
            .filter(|kind| kind.effect == Effect::External)
            .map(|kind| kind.name)
            .collect();
        assert_eq!(
            external,
            [
                "http.request",
                "http.request-once",
                "model.turn",
                "delivery.branch",
                "escalation.branch"
            ]
        );
    }
}
