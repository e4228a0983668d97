//! What an agent is asked to do, and within which bounds.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One call of `agent.run`, as the host admits it.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentTask {
    /// The node that calls.
    pub node: String,
    /// Which visit of that node it is, from 1.
    pub visit: u64,
    /// Turns that earlier agents of the same visit took, so that turns are
    /// numbered through; 0 for the first.
    pub turns_before: u32,
    /// The text of the prompt file: the blueprint's author speaks.
    pub instructions: String,
    /// What to do, in the words of whoever started the run.
    pub task: String,
    /// What the gates found the last time. Data.
    pub findings: Vec<Finding>,
    /// More to know: a title and a text each. Data.
    pub context: Vec<(String, String)>,
    /// JSON Schema that the last words have to fit; none: any text does.
    pub output_schema: Option<Value>,
    /// The bounds.
    pub limits: Limits,
}

/// What an agent may spend. The default is nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Turns of the model.
    pub turns: u32,
    /// Tokens, input and output together.
    pub tokens: u64,
    /// Calls of tools; refused ones count.
    pub tool_calls: u32,
    /// Time on the wall.
    pub wall: Duration,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Has to be mended.
    Error,
    /// Should be looked at.
    Warning,
    /// Is only said.
    Note,
}

/// One thing that a gate found wrong: `types.finding` of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Relative to the root of the repository.
    pub file: Option<String>,
    /// From 1.
    pub line: Option<u32>,
    /// The tool's own name of the rule or the test.
    pub rule: Option<String>,
    /// What is wrong.
    pub message: String,
}
