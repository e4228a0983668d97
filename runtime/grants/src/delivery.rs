//! The grant of a delivery: where to, which gates the operator requires, and
//! what of a doubtful change is accepted.

use serde::Serialize;
use serde_json::Value;

use crate::{DeliveryTarget, Digest, PartName, PathPattern};

/// What has to be shown before a tree is handed over. Made by
/// [`admit`](crate::admit) alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct DeliveryGrant {
    /// Where to.
    pub to: DeliveryTarget,
    /// The gates that must have passed on the delivered tree. Empty only where
    /// the operator wrote `gates = "none"`.
    pub require: Vec<RequiredGate>,
    /// Self-steered changes that are accepted.
    pub accept_self_steered: Vec<PathPattern>,
    /// Changes of protected paths that are accepted: named here, or named by a
    /// rule for writing.
    pub accept_protected: Vec<PathPattern>,
    /// Whether evidence from a *basic* sandbox is enough (the default).
    pub accept_basic: bool,
    /// Whether evidence from outside of any sandbox is enough.
    pub accept_unsandboxed: bool,
    /// The rule that gave it: `grants.toml:14`.
    pub rule: String,
}

/// A gate that the operator requires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct RequiredGate {
    /// Its name, for people. What counts is the digest.
    pub gate: PartName,
    /// The plugin that has to have judged.
    pub plugin: Digest,
    /// With exactly these parameters; `{}` where the operator names none.
    pub parameters: Value,
}

/// A delivery as the operator wrote it, before names became digests.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DeliveryRule {
    pub(crate) to: DeliveryTarget,
    pub(crate) require: Vec<Requirement>,
    pub(crate) accept_self_steered: Vec<PathPattern>,
    pub(crate) accept_protected: Vec<PathPattern>,
    pub(crate) accept_basic: bool,
    pub(crate) accept_unsandboxed: bool,
    pub(crate) from: String,
}

impl DeliveryRule {
    /// To a branch, with these gates and no acceptance.
    pub(crate) fn strict(require: Vec<Requirement>, from: &str) -> Self {
        Self {
            to: DeliveryTarget::Branch,
            require,
            accept_self_steered: Vec::new(),
            accept_protected: Vec::new(),
            accept_basic: true,
            accept_unsandboxed: false,
            from: from.to_owned(),
        }
    }
}

/// A required gate as the operator wrote it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Requirement {
    pub(crate) gate: PartName,
    pub(crate) parameters: Value,
    /// Written out; otherwise the name decides.
    pub(crate) digest: Option<Digest>,
}
