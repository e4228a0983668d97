//! Evidence: what the host says a gate found on a tree. Plain data; only the
//! host makes it, and it counts for exactly the tree it names.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Digest, Origin, PartName};

/// What a gate found on a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Evidence {
    /// The plugin's name in the graph.
    pub gate: PartName,
    /// The digest of the plugin that judged.
    pub plugin: Digest,
    /// Where its bytes came from.
    pub origin: Origin,
    /// The literal parameters it was given.
    pub parameters: Value,
    /// The base's tree id.
    pub base: String,
    /// The judged tree's id.
    pub tree: String,
    /// The toolchain profile.
    pub profile: String,
    /// Digests of the tools that ran, by name.
    pub tools: BTreeMap<String, String>,
    /// What held its commands.
    pub sandbox: SandboxLevel,
    /// What network its commands had.
    pub network: Network,
    /// What it found.
    pub verdict: GateVerdict,
    /// Of a gate that runs tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// Steering files that changed between base and tree.
    #[serde(default)]
    pub steering: Vec<SteeringChange>,
}

/// A gate's verdict. `Error` never mints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateVerdict {
    /// The tree is good.
    Pass,
    /// The tree is not good.
    Fail,
    /// The gate could not judge.
    Error,
}

impl GateVerdict {
    /// The label of the edge it takes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for GateVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What held the commands of a run, from strong to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SandboxLevel {
    /// Namespaces, Landlock, resource limits of the kernel.
    Full,
    /// Landlock, seccomp, a dropped user, limits of a supervisor.
    Basic,
    /// Nothing.
    Unsandboxed,
}

impl SandboxLevel {
    /// The word in records and screens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Basic => "basic",
            Self::Unsandboxed => "unsandboxed",
        }
    }
}

impl fmt::Display for SandboxLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What network the commands of a gate had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// None at all.
    None,
    /// Only the host's own proxy.
    Proxy,
    /// All.
    All,
}

/// What a test runner counted, in the tree and at base.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Counts {
    /// All tests.
    pub total: u64,
    /// Of them passed.
    pub passed: u64,
    /// Of them failed.
    pub failed: u64,
    /// Of them not run.
    pub skipped: u64,
    /// All tests at base; none: base was not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_total: Option<u64>,
    /// Of them not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_skipped: Option<u64>,
}

/// A steering file that differs between base and tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SteeringChange {
    /// The file.
    pub path: String,
    /// What happened to it.
    pub change: ChangeKind,
    /// How it steers.
    pub why: String,
}

/// What happened to a file between two trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Its content or mode differs.
    Modified,
    /// It is gone.
    Deleted,
}

/// A file that differs between two trees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PathChange {
    /// The file.
    pub path: String,
    /// What happened to it.
    pub change: ChangeKind,
}

/// A human's word on a tree: these changes of it are accepted. It counts for
/// exactly this tree, like evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Approval {
    /// Who said so.
    pub by: String,
    /// The tree it is about.
    pub tree: String,
    /// The self-steered or protected paths that are accepted, written out.
    pub accepts: Vec<String>,
}
