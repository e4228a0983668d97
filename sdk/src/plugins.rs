//! Other components, called from a step. Their verdict is advice: evidence
//! comes only from a gate of the graph.

pub use crate::bindings::host::plugins::Answer;

use crate::{Failure, host};
use serde::Serialize;

/// A call of a plugin, not yet made.
#[derive(Clone, Debug)]
#[must_use = "a plugin does nothing until `run`"]
pub struct PluginCall {
    name: String,
    parameters: Result<String, String>,
}

impl PluginCall {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            parameters: Ok("{}".to_owned()),
        }
    }

    /// Gives it parameters; by default they are `{}`.
    pub fn parameters(mut self, parameters: &impl Serialize) -> Self {
        self.parameters = serde_json::to_string(parameters).map_err(|error| error.to_string());
        self
    }

    /// Runs it in the workspace.
    pub fn run(self) -> Result<Answer, Failure> {
        let parameters = self.parameters.map_err(Failure::Invalid)?;
        Ok(host::plugins::run(&self.name, &parameters)?)
    }
}
