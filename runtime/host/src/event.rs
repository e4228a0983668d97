//! What a run tells while it goes, for progress on a screen.

use crate::services::plugins::Verdict;
use minion_agents::Finding;
use minion_agents::Spent;
use minion_grants::NodeKind;
use minion_journal::Decision;
use std::time::Duration;

/// One thing that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// The run begins.
    Started(&'a Start),
    /// A visit begins.
    Entered {
        /// The node.
        node: &'a str,
        /// Its kind.
        kind: NodeKind,
    },
    /// A visit ended.
    Left(&'a Visited),
}

/// What a run begins with.
#[derive(Debug)]
pub struct Start {
    /// Its id.
    pub run: String,
    /// Name and version.
    pub blueprint: String,
    /// `main@8c1f0e2`.
    pub base: String,
    /// Uncommitted changes in the user's working tree are not part of the run.
    pub dirty: bool,
    /// `full` or `basic`.
    pub sandbox: String,
    /// The model, or the cassette that plays one.
    pub model: Option<String>,
    /// From where it goes on, when another process left off there.
    pub resumed: Option<String>,
    /// The visit of another run that it begins after.
    pub forked: Option<String>,
}

/// What a visit came to.
#[derive(Debug)]
pub struct Visited {
    /// The node.
    pub node: String,
    /// Its kind.
    pub kind: NodeKind,
    /// The how-manieth visit of the node.
    pub round: u32,
    /// The most visits it may have.
    pub rounds: Option<u32>,
    /// The label it left with.
    pub label: String,
    /// How long it took.
    pub took: Duration,
    /// What there is to say of it.
    pub detail: Detail,
}

/// What there is to say of a visit.
#[derive(Debug)]
pub enum Detail {
    /// A step without a model.
    Step,
    /// An agent's work.
    Agent(Spent),
    /// A plugin's summary.
    Plugin(String),
    /// A gate's judgement.
    Gate(Judgement),
    /// What a human said.
    Decided(Decision),
}

/// A gate's judgement as people see it.
#[derive(Debug)]
pub struct Judgement {
    /// The plugin's name and the short digest.
    pub plugin: String,
    /// What the plugin said.
    pub verdict: Verdict,
    /// The tree that it judged.
    pub tree: String,
    /// One line.
    pub summary: String,
    /// What it found.
    pub findings: Vec<Finding>,
}

/// Whoever wants to know. It is called between visits and must not block.
pub trait Observer: Send + Sync {
    /// Hears of one event.
    fn hear(&self, event: &Event<'_>);
}

/// Hears nothing.
#[derive(Debug)]
pub struct Silent;

impl Observer for Silent {
    fn hear(&self, _event: &Event<'_>) {}
}
