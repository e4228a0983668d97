//! A blueprint as its author sees it: a state, a context, and steps that take
//! one and return the other with a label.

use crate::bindings::blueprint::exports::minion::blueprint::blueprint as wit;
use crate::graph::Graph;
use crate::{AgentCall, Command, Failure, Finding, Level, Method, PluginCall, Request, Workspace};
use crate::{command, log};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How the visit before this one ended.
pub use wit::LastVisit;

/// What a step returns: where to go on, or why it could not.
pub type Step<S> = Result<Transition<S>, Failure>;

/// The state that a step leaves, and the label of the edge to take.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition<S> {
    /// The label of one of the node's edges.
    pub label: String,
    /// The state for the next visit.
    pub state: S,
}

/// What goes from visit to visit: JSON, starting as `{}`. `#[state]` makes a
/// struct fit.
pub trait State: Serialize + DeserializeOwned + JsonSchema + Sized {
    /// Ends the visit: on along the edge with this label.
    fn then(self, label: &str) -> Transition<Self> {
        Transition {
            label: label.to_owned(),
            state: self,
        }
    }
}

impl<S: Serialize + DeserializeOwned + JsonSchema> State for S {}

/// What `blueprint!` implements.
pub trait Blueprint {
    /// The state of the run.
    type State: State;

    /// The graph, as the host embeds it.
    fn graph() -> Graph;

    /// One visit of a node.
    fn step(node: &str, work: Self::State, cx: &Context) -> Step<Self::State>;
}

/// What a step knows, and what it can reach: each call is judged by the host.
#[derive(Clone, Debug)]
pub struct Context(wit::Context);

impl Context {
    pub(crate) fn new(context: wit::Context) -> Self {
        Self(context)
    }

    /// What to do, in the words of whoever started the run.
    pub fn task(&self) -> &str {
        &self.0.task
    }

    /// A named input of the run.
    pub fn input(&self, name: &str) -> Option<&str> {
        let input = self.0.inputs.iter().find(|(key, _)| key == name);
        input.map(|(_, value)| value.as_str())
    }

    /// The how-manieth visit of this node it is, from 1.
    pub fn visit(&self) -> u32 {
        self.0.visit
    }

    /// How the visit before this one ended.
    pub fn last(&self) -> Option<&LastVisit> {
        self.0.last.as_ref()
    }

    /// What gates and plugins found since the last agentic node.
    pub fn findings(&self) -> &[Finding] {
        &self.0.findings
    }

    /// The files of the run.
    pub fn workspace(&self) -> Workspace {
        Workspace(())
    }

    /// A program to run in the sandbox.
    pub fn command(&self, program: &str) -> Command {
        Command::new(program)
    }

    /// A request over HTTP.
    pub fn http(&self, method: Method, url: &str) -> Request {
        Request::new(method, url)
    }

    /// Whether the program is granted and found on this machine.
    pub fn available(&self, program: &str) -> bool {
        command::available(program)
    }

    /// A task for the agent, with one of the node's prompts.
    pub fn agent(&self, prompt: &str) -> AgentCall {
        AgentCall::new(prompt)
    }

    /// A call of another component.
    pub fn plugin(&self, name: &str) -> PluginCall {
        PluginCall::new(name)
    }

    /// A line for whoever reads the run.
    pub fn log(&self, message: impl AsRef<str>) {
        self.log_at(Level::Info, message);
    }

    /// A line of a certain level.
    pub fn log_at(&self, level: Level, message: impl AsRef<str>) {
        log::line(level, message.as_ref());
    }
}

/// One visit, from the contract's types to the author's and back.
#[doc(hidden)]
pub fn visit<B: Blueprint>(node: &str, context: wit::Context) -> Result<wit::Transition, Failure> {
    let work = serde_json::from_str(&context.state)
        .map_err(|error| Failure::Invalid(format!("the state of the run: {error}")))?;
    let Transition { label, state } = B::step(node, work, &Context::new(context))?;
    let state = serde_json::to_string(&state)
        .map_err(|error| Failure::Other(format!("the new state: {error}")))?;
    Ok(wit::Transition { label, state })
}

/// The answer for a node that is no step of the blueprint.
#[doc(hidden)]
pub fn no_such_step<S>(node: &str, _work: S, _cx: &Context) -> Step<S> {
    Err(Failure::NotFound(format!("the step `{node}`")))
}
