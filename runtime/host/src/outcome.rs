//! How a run ended, with everything a person wants to know of it.

use minion_door::{Denied, Spent, Warnings};
use minion_grants::{Evidence, Origin};
use minion_journal::{Hash, RunId};
use minion_workspace::{Change, CommitId, TreeId};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::PathBuf;

/// The last stage's value.
#[derive(Debug)]
pub struct Finished {
    /// The run.
    pub run: RunId,
    /// What it came to.
    pub outcome: Outcome,
    /// The tree that the workspace was at when it ended.
    pub tree: TreeId,
    /// What the run changed between base and `tree`.
    pub changes: Vec<Change>,
    /// The gates that the operator's grant requires; none: a delivery rests on no verdict.
    pub required: Vec<String>,
    /// Every judgement of a gate, in order.
    pub evidence: Vec<Evidence>,
    /// What was refused.
    pub denied: Vec<Denied>,
    /// What guests logged at level warn and error.
    pub warnings: Warnings,
    /// What stood in the workspace and is not in `tree`.
    pub beside: Beside,
    /// What it cost.
    pub spent: Spent,
    /// Money, in millionths of a dollar; none: a price is unknown.
    pub cost_microdollars: Option<u64>,
    /// The visit that an agentic one followed last: a fork from there asks the agent again.
    pub before_agent: Option<String>,
    /// What the agent said last. Data, not a verdict.
    pub last_words: Option<String>,
    /// The branch or commit that the run started from, for people.
    pub base: String,
    /// The journal's head after the last record.
    pub head: Hash,
    /// The run's own bare repository, which holds `tree` whatever became of it.
    pub objects: PathBuf,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Every required gate passed on exactly this tree, and it was handed over.
    Delivered {
        /// Where; none when nothing had to be changed.
        branch: Option<Branch>,
    },
    /// The blueprint ended in failure.
    Failed {
        /// Why.
        reason: String,
    },
    /// A human has to look. Nothing was delivered.
    Escalated {
        /// Why, one line each.
        reasons: Vec<String>,
        /// Where the unverified work is kept.
        kept: Option<Branch>,
    },
    /// A limit was reached.
    Limited {
        /// Which.
        reason: String,
    },
    /// A human is asked to decide at this node; the run can be resumed afterwards.
    Waiting {
        /// The approval node.
        node: String,
    },
    /// Somebody stopped it; it can be resumed.
    Stopped {
        /// Who or what.
        reason: String,
    },
}

impl Outcome {
    /// The word that journal, list and screens use.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Delivered { .. } => "delivered",
            Self::Failed { .. } => "failed",
            Self::Escalated { .. } => "escalated",
            Self::Limited { .. } => "limited",
            Self::Waiting { .. } => "waiting",
            Self::Stopped { .. } => "stopped",
        }
    }

    /// The exit code of the command that ran it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Delivered { .. } => 0,
            Self::Failed { .. } => 1,
            Self::Limited { .. } | Self::Stopped { .. } => 5,
            Self::Escalated { .. } | Self::Waiting { .. } => 6,
        }
    }
}

/// What stands in the workspace without being part of its tree: no gate saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Beside {
    /// Untracked files that the ignore rules of the base leave out; a folder that is ignored
    /// as a whole stands there once, with a `/` at its end.
    pub ignored: Vec<String>,
    /// What no tree takes, and why: git folders, pipes, aliases that are not UTF-8.
    pub refused: Vec<String>,
}

/// A branch that a run made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its name, without `refs/heads/`.
    pub name: String,
    /// Its one commit.
    pub commit: CommitId,
    /// The repository that holds it: the user's, or for a plain folder the run's own.
    pub repository: PathBuf,
}

impl Finished {
    /// The outcome as data, for `--json`.
    pub fn to_json(&self) -> Value {
        let (reasons, branch) = match &self.outcome {
            Outcome::Delivered { branch } => (Vec::new(), branch.as_ref()),
            Outcome::Escalated { reasons, kept } => (reasons.clone(), kept.as_ref()),
            Outcome::Failed { reason }
            | Outcome::Limited { reason }
            | Outcome::Stopped { reason } => (vec![reason.clone()], None),
            Outcome::Waiting { node } => (vec![format!("waits for a human at `{node}`")], None),
        };
        json!({
            "run": self.run.to_string(), "outcome": self.outcome.word(), "reasons": reasons,
            "branch": branch.map(|b| json!({
                "name": b.name, "commit": b.commit.to_string(), "repository": b.repository,
            })),
            "tree": self.tree.to_string(), "base": self.base,
            "changes": self.changes.iter().map(|change| change.path.as_str()).collect::<Vec<_>>(),
            "required": self.required, "evidence": self.evidence, "spent": self.spent, "cost-microdollars": self.cost_microdollars,
            "denied": self.denied.iter().map(|d| json!({
                "node": d.node, "call": d.call, "denial": d.denial,
            })).collect::<Vec<_>>(),
            "warnings": self.warnings, "beside": self.beside, "before-agent": self.before_agent,
            "head": self.head.to_string(), "objects": self.objects,
        })
    }
}

/// The word for where a plugin's bytes come from.
pub fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Shipped => "shipped",
        Origin::Bundled => "bundled",
        Origin::Installed => "installed",
    }
}
