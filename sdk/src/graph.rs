//! The state machine as data: what `blueprint!` makes and `describe` returns.

pub use crate::bindings::blueprint::exports::minion::blueprint::blueprint::Graph;
use crate::bindings::blueprint::minion::blueprint::graph as wit;
pub use wit::{AgentLimits, Edge, Executor, Node, NodeKind, PluginUse, VisitBound};

use schemars::JsonSchema;

/// Builds a graph whose state is `S`.
#[doc(hidden)]
pub fn graph<S: JsonSchema>(start: &str, nodes: Vec<Node>) -> Graph {
    Graph {
        start: start.to_owned(),
        nodes,
        state_schema: schema::<S>(),
    }
}

/// The JSON Schema of a type, as text.
#[doc(hidden)]
pub fn schema<T: JsonSchema>() -> String {
    schemars::schema_for!(T).as_value().to_string()
}
