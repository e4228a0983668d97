//! The live types of the journal: one fact each. How they lie on disk is
//! `disk`'s affair alone.
//!
//! A call is one [`Body::Call`] when nothing happens between its request and
//! its response. It is a [`Body::Intent`] and a [`Body::Result`] when its effect
//! is external, or when other calls happen inside of it: those name the intent
//! as their parent.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::{Hash, RunId, Timestamp};

/// Place of a record in its run, from 1, without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

impl Seq {
    /// Place of a run's first record.
    pub const FIRST: Self = Self(1);

    /// The place after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One fact of a run, with its place in the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Whose fact.
    pub run: RunId,
    /// Its place.
    pub seq: Seq,
    /// In which visit it happened: the visit's number in the run, from 1.
    pub visit: Option<u64>,
    /// The record that it happened inside of.
    pub parent: Option<Seq>,
    /// When it was noted.
    pub at: Timestamp,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// The fact.
    pub body: Body,
    /// Hash of the record before.
    pub prev: Hash,
    /// Its own hash.
    pub hash: Hash,
}

/// What a call does to the world, and so when it must be durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Changes nothing: a read, the clock, a line of log. Buffered.
    Observe,
    /// Changes the workspace alone and is undone by restoring its tree. Buffered.
    Local,
    /// Changes the world: its intent is committed before it happens, its result
    /// before anybody sees it.
    External,
}

/// What to do with an intent whose result is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InDoubt {
    /// Do it again.
    Again,
    /// Look whether it has happened.
    Look,
    /// Escalate to a human.
    Ask,
}

/// A request, a response or a state: here, or in the blob store when large.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// The value itself.
    Inline(Value),
    /// Where its bytes are: the canonical JSON of the value, or raw bytes.
    Blob {
        /// SHA-256 of the bytes.
        digest: Hash,
        /// How many.
        bytes: u64,
    },
}

impl Payload {
    /// More than this many bytes of canonical JSON go to a blob: 32 KiB.
    pub const MAX_INLINE: usize = 32 * 1024;
}

/// How loud a line of log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For whoever hunts a fault.
    Debug,
    /// For whoever reads along.
    Info,
    /// Something to look at.
    Warn,
    /// Something failed.
    Error,
}

impl Level {
    /// Its name, as shown and stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// At the end `delivered`.
    Delivered,
    /// At the end `failed`.
    Failed,
    /// Handed to a human.
    Escalated,
    /// A bound of the run was reached.
    Limited,
    /// Somebody stopped it.
    Cancelled,
    /// The host itself could not go on.
    Faulted,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 6] = [
        Self::Delivered,
        Self::Failed,
        Self::Escalated,
        Self::Limited,
        Self::Cancelled,
        Self::Faulted,
    ];

    /// Its name, as shown and stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Escalated => "escalated",
            Self::Limited => "limited",
            Self::Cancelled => "cancelled",
            Self::Faulted => "faulted",
        }
    }

    /// The outcome of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a run cost, by name: `turns`, `tokens`, `tool-calls`, …
pub type Totals = BTreeMap<String, u64>;

/// A component that runs with the blueprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name in the blueprint, `std:lint`.
    pub name: String,
    /// Digest of its bytes, `sha256:…`.
    pub digest: String,
    /// `shipped`, `bundled` or `installed`.
    pub origin: String,
}

/// What a run is made of; its first record.
#[derive(Clone, Debug, PartialEq)]
pub struct RunStarted {
    /// Name of the blueprint, `acme/fix-bug`.
    pub blueprint: String,
    /// Its version.
    pub version: String,
    /// Digest of the component, `sha256:…`. The run is pinned to these bytes.
    pub component: String,
    /// Version of the contract it was built for.
    pub contract: String,
    /// The commit it starts from; none for a folder that is no repository.
    pub base_commit: Option<String>,
    /// Id of the tree it starts from.
    pub base_tree: String,
    /// Path of the repository.
    pub repository: String,
    /// What is to be done.
    pub task: String,
    /// Further inputs.
    pub inputs: Payload,
    /// What was admitted, as `grants` wrote it.
    pub admission: Payload,
    /// Level of the sandbox.
    pub sandbox: String,
    /// Version of this program.
    pub runtime_version: String,
    /// Label of the model or cassette; none when no agent is admitted.
    pub model: Option<String>,
    /// The plugins.
    pub parts: Vec<Part>,
    /// What else a resume needs, as the program that began it wrote it: where its grants
    /// and its model come from, what it may spend.
    pub setup: Option<Payload>,
    /// The checkpoint of another run that this one goes on from.
    pub forked: Option<Forked>,
}

/// The checkpoint that a forked run begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forked {
    /// Of which run.
    pub run: RunId,
    /// The checkpoint's place there.
    pub checkpoint: Seq,
    /// The checkpoint's hash there, which proves all before it.
    pub hash: Hash,
}

/// Another version of the blueprint, that a waiting run goes on with.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// Its version.
    pub version: String,
    /// Digest of the component, `sha256:…`.
    pub component: String,
    /// What was admitted of it.
    pub admission: Payload,
}

/// What a human said about a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The approval node that waited.
    pub node: String,
    /// Yes or no.
    pub approved: bool,
    /// Who, as the machine knows them.
    pub by: String,
    /// Why, in their words.
    pub comment: Option<String>,
    /// Id of the tree that it is about.
    pub tree: String,
    /// Self-steered or protected paths of that tree that are accepted by name.
    pub accepts: Vec<String>,
}

/// How a run ended; its last record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// In one word.
    pub outcome: Outcome,
    /// Why, for people.
    pub reason: Option<String>,
    /// The branch that holds what it made.
    pub branch: Option<String>,
    /// Id of the tree it ended with.
    pub tree: Option<String>,
    /// What it cost.
    pub totals: Totals,
}

/// One fact.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// The run began.
    RunStarted(Box<RunStarted>),
    /// Another process took the run up again.
    Resumed {
        /// Epoch of its lease.
        epoch: u64,
        /// Version of the program that resumes.
        runtime_version: String,
        /// The checkpoint it goes on from; none is the beginning.
        checkpoint: Option<Seq>,
        /// The last record that still counts: those between it and this one are void, what
        /// they tell of is done again.
        void_after: Option<Seq>,
        /// The intent without a result that the journal ended with.
        in_doubt: Option<Seq>,
        /// The version of the blueprint that the run was moved to.
        moved: Option<Box<Moved>>,
    },
    /// A stay in a node began, with a fresh instance.
    VisitStarted {
        /// The node.
        node: String,
        /// The how-manieth stay in this node, from 1.
        visit: u64,
        /// Id of the tree it begins with.
        tree: String,
    },
    /// A call that was done in one go.
    Call {
        /// What was called, `workspace.read`.
        call: String,
        /// What it did to the world; never [`Effect::External`].
        effect: Effect,
        /// With what.
        request: Payload,
        /// The rule that allowed it.
        rule: String,
        /// What was judged, where the request names it otherwise: the path that a link led
        /// to. Records of earlier programs never say it.
        judged: Option<String>,
        /// What came back.
        response: Payload,
    },
    /// A call that is about to be done.
    Intent {
        /// What is called.
        call: String,
        /// What it will do to the world.
        effect: Effect,
        /// With what.
        request: Payload,
        /// The rule that allowed it.
        rule: String,
        /// What to do when the result is missing.
        policy: InDoubt,
        /// Id of the workspace's tree when an external effect was intended: what a resume
        /// goes on with.
        tree: Option<String>,
    },
    /// How an intended call came out.
    Result {
        /// The intent.
        intent: Seq,
        /// What came back.
        response: Payload,
    },
    /// A call that was refused.
    Denied {
        /// What was called.
        call: String,
        /// Kind of the capability that was missing.
        capability: String,
        /// What was asked for.
        target: String,
        /// The rule that refused.
        rule: String,
        /// The line that would cure it.
        cure: String,
        /// With what it was called.
        request: Option<Payload>,
    },
    /// A line for whoever reads.
    Log {
        /// How loud.
        level: Level,
        /// The line.
        message: String,
    },
    /// A gate judged a tree.
    Evidence {
        /// The evidence, as the host minted it.
        evidence: Payload,
    },
    /// A stay in a node ended: from here a run resumes or forks.
    Checkpoint {
        /// The node.
        node: String,
        /// The how-manieth stay in this node, from 1.
        visit: u64,
        /// Label of the edge taken.
        label: String,
        /// The run's state.
        state: Payload,
        /// Id of the tree it ended with.
        tree: String,
        /// What gates and plugins found, for the visits to come; none is nothing.
        findings: Option<Payload>,
        /// What the run has spent so far, as its host counts it; none: as at the checkpoint
        /// before.
        spent: Option<Payload>,
    },
    /// The run waits for a human. Nobody holds it meanwhile.
    Waiting {
        /// The approval node it waits at.
        node: String,
        /// The how-manieth stay in this node, from 1.
        visit: u64,
        /// Id of the tree that the approval will be about.
        tree: String,
    },
    /// A human decided about a tree.
    Decided(Decision),
    /// Somebody stopped the run, which can be resumed.
    Stopped {
        /// Who or what, for people.
        reason: String,
    },
    /// The run ended.
    Ended(Ending),
}

impl Body {
    /// Whether it only tells who had the run when: that somebody stopped it, or took it up
    /// again. It may stand between any two others, and whoever reads what happened in the
    /// run passes over it. A resume that moves the run to another version is more than that.
    pub fn is_bookkeeping(&self) -> bool {
        matches!(
            self,
            Self::Stopped { .. } | Self::Resumed { moved: None, .. }
        )
    }

    /// What of it may be in the blob store.
    pub(crate) fn payloads(&self) -> [Option<&Payload>; 3] {
        match self {
            Self::RunStarted(started) => [
                Some(&started.inputs),
                Some(&started.admission),
                started.setup.as_ref(),
            ],
            Self::Resumed { moved, .. } => {
                [moved.as_ref().map(|moved| &moved.admission), None, None]
            }
            Self::Call {
                request, response, ..
            } => [Some(request), Some(response), None],
            Self::Intent { request, .. } => [Some(request), None, None],
            Self::Result { response, .. } => [Some(response), None, None],
            Self::Denied { request, .. } => [request.as_ref(), None, None],
            Self::Evidence { evidence } => [Some(evidence), None, None],
            Self::Checkpoint {
                state,
                findings,
                spent,
                ..
            } => [Some(state), findings.as_ref(), spent.as_ref()],
            _ => [None, None, None],
        }
    }
}
