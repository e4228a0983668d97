//! One visit, or one run of a plugin, in a test.

use crate::bindings::blueprint::exports::minion::blueprint::blueprint as wit;
use crate::plugin::RawInput;
use crate::{
    Blueprint, Context, Failure, Finding, Input, LastVisit, NoParameters, Output, Plugin,
    ProjectCommand, Step,
};

/// What a step is told, being put together: a task, and otherwise the first
/// visit of a run.
#[derive(Clone, Debug)]
#[must_use = "a visit is nothing until `context`"]
pub struct Visit(pub(super) wit::Context);

impl Visit {
    /// A first visit, to do this.
    pub fn to(task: &str) -> Self {
        Self(wit::Context {
            task: task.to_owned(),
            inputs: Vec::new(),
            visit: 1,
            last: None,
            findings: Vec::new(),
            state: "{}".to_owned(),
        })
    }

    /// Adds a named input of the run.
    pub fn input(mut self, name: &str, value: &str) -> Self {
        self.0.inputs.push((name.to_owned(), value.to_owned()));
        self.0.inputs.sort();
        self
    }

    /// Says the how-manieth visit it is.
    pub fn number(mut self, visit: u32) -> Self {
        self.0.visit = visit;
        self
    }

    /// Says how the visit before ended.
    pub fn after(mut self, node: &str, label: &str) -> Self {
        self.0.last = Some(LastVisit {
            node: node.to_owned(),
            label: label.to_owned(),
        });
        self
    }

    /// Adds a finding of a gate.
    pub fn finding(mut self, finding: Finding) -> Self {
        self.0.findings.push(finding);
        self
    }

    /// The context of the visit.
    pub fn context(&self) -> Context {
        Context::new(self.0.clone())
    }
}

/// Runs a step as the host would: a label that is no edge of the node is a failure.
pub fn step<B: Blueprint>(node: &str, work: B::State, visit: &Visit) -> Step<B::State> {
    let transition = B::step(node, work, &visit.context())?;
    let graph = B::graph();
    let edges = graph.nodes.iter().filter(|declared| declared.id == node);
    if edges
        .flat_map(|node| &node.edges)
        .any(|edge| edge.label == transition.label)
    {
        return Ok(transition);
    }
    Err(Failure::Invalid(format!(
        "`{node}` has no edge `{}`",
        transition.label
    )))
}

/// Runs a plugin without parameters.
pub fn judge<P: Plugin>(project: Vec<ProjectCommand>) -> Result<Output, Failure> {
    P::run(RawInput {
        parameters: "{}".to_owned(),
        project,
    })
}

/// An input without parameters, for calling the functions of a plugin.
pub fn input(project: Vec<ProjectCommand>) -> Input<NoParameters> {
    Input::given(NoParameters {}, project)
}
