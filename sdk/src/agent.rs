//! The language model that the host provides. What it says is data: it proves
//! nothing, gates do.

use crate::bindings::host::agent;
use crate::{Failure, Finding, host};
use serde::de::DeserializeOwned;

/// What came of a call of the agent.
pub use agent::Report;

impl Report {
    /// The output, as the type that the graph names with `output:`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let output = self.output.as_deref().unwrap_or("null");
        serde_json::from_str(output)
            .map_err(|error| Failure::Invalid(format!("the agent's output: {error}")))
    }
}

/// A task for the agent, not yet given. Every default is the node's own.
#[derive(Clone, Debug)]
#[must_use = "the agent does nothing until `run`"]
pub struct AgentCall(agent::Task);

impl AgentCall {
    pub(crate) fn new(prompt: &str) -> Self {
        Self(agent::Task {
            prompt: prompt.to_owned(),
            task: String::new(),
            findings: Vec::new(),
            context: Vec::new(),
            tools: None,
            max_turns: None,
        })
    }

    /// What to do.
    pub fn task(mut self, task: impl Into<String>) -> Self {
        self.0.task = task.into();
        self
    }

    /// What the gates found the last time.
    pub fn findings(mut self, findings: &[Finding]) -> Self {
        self.0.findings.extend_from_slice(findings);
        self
    }

    /// More to know: a title and a text.
    pub fn context(mut self, title: impl Into<String>, text: impl Into<String>) -> Self {
        self.0.context.push((title.into(), text.into()));
        self
    }

    /// Only these of the node's tools.
    pub fn tools(mut self, tools: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.0.tools = Some(tools.into_iter().map(Into::into).collect());
        self
    }

    /// At most so many turns, where that is fewer than the node's.
    pub fn max_turns(mut self, turns: u32) -> Self {
        self.0.max_turns = Some(turns);
        self
    }

    /// Lets the agent work until it is done or a limit is reached.
    pub fn run(self) -> Result<Report, Failure> {
        Ok(host::agent::run(&self.0)?)
    }
}
