//! Two surfaces held against each other: what the newer one widens, narrows or
//! changes.
//!
//! Widened is whatever lets a run do more, or go on with less said about it: a
//! wider ask, authority in another node, a higher bound, a gate or an approval
//! that a way leads around. Where the order of two things cannot be shown, it is
//! widened: a yes to "no wider" is proved.

mod asks;
mod graph;
mod lines;
mod words;

use serde::Serialize;

use crate::Surface;

pub use lines::{LineChange, changed_lines};

/// What a difference is to a reviewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// More can happen, or less is asked of it.
    Widened,
    /// Less can happen.
    Narrowed,
    /// It is another, neither more nor less.
    Changed,
}

/// What a difference is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Files of the workspace.
    Files,
    /// Programs.
    Command,
    /// Requests and credentials.
    Http,
    /// Models and tools.
    Agent,
    /// Handing over a tree.
    Delivery,
    /// Bounds on visits, turns, tokens and time.
    Limits,
    /// Gates and approvals, and the ways around them.
    Gates,
    /// Nodes and edges.
    Graph,
    /// Texts for a model.
    Prompts,
    /// Imports of the file and its plugins.
    Imports,
    /// Plugins in the file.
    Plugins,
    /// Inputs, reasons, and what else is said of it.
    Words,
}

impl Topic {
    /// All topics, in the order in which they are told.
    pub const ALL: [Self; 12] = [
        Self::Files,
        Self::Command,
        Self::Http,
        Self::Agent,
        Self::Delivery,
        Self::Limits,
        Self::Gates,
        Self::Graph,
        Self::Prompts,
        Self::Imports,
        Self::Plugins,
        Self::Words,
    ];

    /// Its word on screens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Command => "commands",
            Self::Http => "http",
            Self::Agent => "agent",
            Self::Delivery => "delivery",
            Self::Limits => "limits",
            Self::Gates => "gates",
            Self::Graph => "graph",
            Self::Prompts => "prompts",
            Self::Imports => "imports",
            Self::Plugins => "plugins",
            Self::Words => "words",
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Difference {
    /// What it is to a reviewer.
    pub direction: Direction,
    /// What it is about.
    pub topic: Topic,
    /// Of which plugin or node: `plugin std:lint`, `node implement`; empty: of
    /// the whole file.
    pub of: String,
    /// `files write`, `max-visits`, `gate lint`.
    pub what: String,
    /// As it was; empty: there was none.
    pub was: String,
    /// As it is; empty: there is none any more.
    pub now: String,
}

/// All differences between two surfaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Comparison {
    /// Each difference, what widens first.
    pub differences: Vec<Difference>,
    /// Topics without any.
    pub same: Vec<Topic>,
    /// The bytes are others, whatever the surface says.
    pub other_bytes: bool,
}

impl Comparison {
    /// Whether anything is wider.
    pub fn is_wider(&self) -> bool {
        self.differences
            .iter()
            .any(|found| found.direction == Direction::Widened)
    }
}

/// Differences while they are found.
#[derive(Default)]
struct Found {
    differences: Vec<Difference>,
}

impl Found {
    fn add(
        &mut self,
        direction: Direction,
        (topic, of): (Topic, &str),
        what: impl Into<String>,
        was: impl Into<String>,
        now: impl Into<String>,
    ) {
        let difference = Difference {
            direction,
            topic,
            of: of.to_owned(),
            what: what.into(),
            was: was.into(),
            now: now.into(),
        };
        if !self.differences.contains(&difference) {
            self.differences.push(difference);
        }
    }
}

/// Says what `new` is beside `old`.
pub fn compare(old: &Surface, new: &Surface) -> Comparison {
    let mut found = Found::default();
    asks::compare(old, new, &mut found);
    graph::compare(old, new, &mut found);
    words::compare(old, new, &mut found);
    let mut differences = found.differences;
    differences.sort_by_key(|found| (found.direction, found.topic));
    let touched = |topic: &Topic| differences.iter().any(|found| found.topic == *topic);
    Comparison {
        same: Topic::ALL
            .into_iter()
            .filter(|topic| !touched(topic))
            .collect(),
        other_bytes: old.digest != new.digest,
        differences,
    }
}

#[cfg(test)]
mod seeded_tests;
#[cfg(test)]
mod seeds;
