//! A refused admission: everything that is missing, everything that stands
//! against it, and the cure.

use std::collections::BTreeSet;

use semver::Version;
use serde::Serialize;

use crate::{AskId, CapabilityKind, Digest, PartName};

/// Admission was refused.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{name} {version} {} is refused: {} grants are missing, {} problems", digest.short(), missing.len(), problems.len())]
pub struct Refused {
    /// Who was refused.
    pub name: PartName,
    /// In which version.
    pub version: Version,
    /// Which bytes.
    pub digest: Digest,
    /// Every grant that is missing.
    pub missing: Vec<MissingGrant>,
    /// What no grant would cure.
    pub problems: Vec<AdmissionProblem>,
    /// What may explain it: a grant for other bytes, an expired one.
    pub notes: Vec<String>,
    /// A `[[grant]]` to paste; empty when nothing is missing.
    pub lines_to_add: String,
    /// The same as flags for one run.
    pub allow_flags: String,
}

/// A grant that is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MissingGrant {
    /// The part that asks.
    pub part: PartName,
    /// Its ask.
    pub ask: AskId,
    /// What kind.
    pub capability: CapabilityKind,
    /// What of it: `read src/** tests/**`, `cargo test *`.
    pub target: String,
    /// The author's reason.
    pub reason: String,
    /// It runs code of the workspace: the sandbox is the bound.
    pub runs_workspace_code: bool,
}

/// What stands against an admission whatever is granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionProblem {
    /// A gate is required that the graph does not have.
    #[error(
        "{from} requires gate `{gate}`, which the graph does not have; {}",
        gates(there)
    )]
    GateNotInGraph {
        /// The gate.
        gate: PartName,
        /// Who requires it.
        from: String,
        /// The gates that the graph has.
        there: BTreeSet<PartName>,
    },
    /// The file has other bytes under the name of a required gate.
    #[error("{from} requires gate `{gate}` as {required}; the file has {found} under that name")]
    GateIsAnother {
        /// The gate.
        gate: PartName,
        /// Who requires it.
        from: String,
        /// What is required.
        required: Digest,
        /// What is there.
        found: Digest,
    },
    /// The graph gives a required gate other parameters.
    #[error(
        "{from} requires gate `{gate}` with parameters `{required}`; the graph gives it `{found}`"
    )]
    GateParameters {
        /// The gate.
        gate: PartName,
        /// Who requires it.
        from: String,
        /// What is required, as JSON.
        required: String,
        /// What the graph gives, as JSON.
        found: String,
    },
    /// Two grants of a delivery cannot both decide.
    #[error("{first} and {second} both grant a delivery; keep one")]
    TwoDeliveries {
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// Both gates and none are wanted.
    #[error("`--allow gates=none` stands beside a required gate; keep one")]
    GatesAndNone,
    /// `--allow delivery=branch` says nothing about gates.
    #[error("`--allow delivery=branch` needs `--allow require=GATE`, or `--allow gates=none`")]
    NoGatesNamed,
    /// `--allow gates=none` says nothing about where to.
    #[error("`--allow gates=none` stands for itself; it goes with `--allow delivery=branch`")]
    NoneWithoutDelivery,
    /// The ceiling allows nothing of an ask.
    #[error("the ceiling allows nothing of ask `{ask}` of `{part}`")]
    AboveCeiling {
        /// The part that asks.
        part: PartName,
        /// Its ask.
        ask: AskId,
    },
    /// The operator denies all of an ask.
    #[error("{from} denies all of ask `{ask}` of `{part}`, whatever grants it")]
    Denied {
        /// The part that asks.
        part: PartName,
        /// Its ask.
        ask: AskId,
        /// The lines that deny.
        from: String,
    },
    /// The subject was put together wrongly: a plugin of the graph is missing.
    #[error("the graph uses plugin `{0}`, which is not there")]
    PartMissing(PartName),
}

fn gates(there: &BTreeSet<PartName>) -> String {
    if there.is_empty() {
        return "it has no gate".to_owned();
    }
    let names: Vec<_> = there.iter().map(|name| format!("`{name}`")).collect();
    format!("its gates are {}", names.join(", "))
}
