//! The manifest: what a component is and asks, as embedded in it.
//!
//! In the file it is canonical JSON of at most 64 KiB. Unknown keys, doubled
//! names and parts that its kind cannot have are refused.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::shown::deceives;
use crate::{Ask, AskId, Capability, CapabilityKind, Digest, PartName, canonical_json};

/// The most that an embedded manifest may measure, in bytes.
pub const MANIFEST_LIMIT: usize = 64 * 1024;

const ASKS: usize = 64;
const PARTS: usize = 64;
const LINE_CHARS: usize = 200;

/// What a component is and asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    /// `namespace/name`.
    pub name: PartName,
    /// The component's own version.
    pub version: Version,
    /// The version of the contract it was built for.
    pub contract: Version,
    /// Blueprint or plugin.
    pub kind: ComponentKind,
    /// One line.
    pub summary: String,
    /// What it asks for, in the author's order.
    #[serde(default)]
    pub asks: Vec<Ask>,
    /// Components in the same file (blueprints only).
    #[serde(default)]
    pub plugins: Vec<Part>,
    /// Prompts in the same file (blueprints only).
    #[serde(default)]
    pub prompts: Vec<Part>,
    /// Inputs of a run by name, each with one line of what it says (blueprints only).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<PartName, String>,
    /// It may stand as a gate (plugins only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateSpec>,
}

/// What a component exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComponentKind {
    /// A graph and the steps of its guest nodes.
    Blueprint,
    /// One deterministic node.
    Plugin,
}

/// Something carried in the same file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Part {
    /// `std:lint`, `acme/judge`, `implement.md`.
    pub name: PartName,
    /// The digest of its bytes.
    pub digest: Digest,
}

/// How a plugin stands as a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GateSpec {
    /// JSON Schema of its parameters.
    pub parameters: Value,
}

impl Manifest {
    /// Reads an embedded manifest.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ManifestError> {
        if bytes.len() > MANIFEST_LIMIT {
            return Err(ManifestError::TooLarge(bytes.len()));
        }
        let manifest: Self = serde_json::from_slice(bytes)
            .map_err(|error| ManifestError::Json(crate::shown(&error.to_string())))?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Writes it as canonical JSON: the same bytes every time.
    pub fn to_json(&self) -> Vec<u8> {
        canonical_json(self)
    }

    /// The ask with this id.
    pub fn ask(&self, id: &AskId) -> Option<&Ask> {
        self.asks.iter().find(|ask| ask.id == *id)
    }

    /// Whether it asks for a capability of this kind.
    pub fn asks_for(&self, kind: CapabilityKind) -> bool {
        self.asks.iter().any(|ask| ask.capability.kind() == kind)
    }

    /// What reading it checks; builders of manifests check it too.
    pub fn check(&self) -> Result<(), ManifestError> {
        let wrong = |what: String| Err(ManifestError::Wrong(what));
        let line = |text: &str| text.chars().count() <= LINE_CHARS && !text.chars().any(deceives);
        if !self.name.as_str().contains(['/', ':']) {
            return wrong(format!(
                "the name `{}` has no namespace; write `namespace/name`",
                self.name
            ));
        }
        if !line(&self.summary) {
            return wrong("the summary is one line of at most 200 characters".to_owned());
        }
        if let Some((name, _)) = self.inputs.iter().find(|(_, says)| !line(says)) {
            return wrong(format!(
                "input `{name}` is told in one line of at most 200 characters"
            ));
        }
        let parts = [&self.plugins, &self.prompts].map(Vec::len);
        if self.asks.len() > ASKS || parts.iter().any(|&parts| parts > PARTS) {
            return wrong("it has more than 64 asks, plugins or prompts".to_owned());
        }
        if self.inputs.len() > PARTS {
            return wrong("it has more than 64 inputs".to_owned());
        }
        no_doubles("ask", self.asks.iter().map(|ask| ask.id.as_str()))?;
        no_doubles("plugin", self.plugins.iter().map(|part| part.name.as_str()))?;
        no_doubles("prompt", self.prompts.iter().map(|part| part.name.as_str()))?;
        if self.plugins.iter().any(|part| part.name == self.name) {
            return wrong(format!(
                "it carries a plugin under its own name `{}`",
                self.name
            ));
        }
        self.check_kind()
    }

    fn check_kind(&self) -> Result<(), ManifestError> {
        let wrong = |what: &str| Err(ManifestError::Wrong(what.to_owned()));
        if self.kind == ComponentKind::Blueprint {
            return match self.gate {
                Some(_) => wrong("a blueprint cannot stand as a gate"),
                None => Ok(()),
            };
        }
        if !self.plugins.is_empty() || !self.prompts.is_empty() {
            return wrong("a plugin carries no plugins and no prompts");
        }
        if !self.inputs.is_empty() {
            return wrong("a plugin has parameters, and no inputs");
        }
        let beyond = |ask: &Ask| {
            matches!(
                ask.capability,
                Capability::Agent(_) | Capability::Delivery(_)
            )
        };
        if self.asks.iter().any(beyond) {
            return wrong("a plugin is deterministic: it cannot ask for `agent` or `delivery`");
        }
        match &self.gate {
            Some(gate) if !crate::graph::is_schema(&gate.parameters) => {
                wrong("`gate.parameters` is no JSON Schema")
            }
            _ => Ok(()),
        }
    }
}

fn no_doubles<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), ManifestError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(ManifestError::Wrong(format!(
                "it has two {what}s named `{name}`"
            )));
        }
    }
    Ok(())
}

/// A manifest was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is larger than a manifest may be.
    #[error("the manifest has {0} bytes; at most 65,536 are read")]
    TooLarge(usize),
    /// It is not the JSON of a manifest.
    #[error("the manifest cannot be read: {0}")]
    Json(String),
    /// It is not the TOML of an author's file.
    #[error("`minion.toml` cannot be read: {0}")]
    Toml(String),
    /// It contradicts itself.
    #[error("the manifest is wrong: {0}")]
    Wrong(String),
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
