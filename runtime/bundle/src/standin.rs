//! Stand-ins until the room of grants has these types.
#![allow(missing_docs, clippy::all, clippy::pedantic)]
use semver::Version;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComponentKind {
    Blueprint,
    Plugin,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest(String);
impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        let hex: String = Sha256::digest(bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        Self(format!("sha256:{hex}"))
    }
}
impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub name: String,
    pub digest: Digest,
}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub name: String,
    pub version: Version,
    pub contract: Version,
    pub kind: ComponentKind,
    pub summary: String,
    #[serde(default, rename = "ask")]
    pub asks: Vec<serde_json::Value>,
    #[serde(default)]
    pub plugins: Vec<Part>,
    #[serde(default)]
    pub prompts: Vec<Part>,
    #[serde(default)]
    pub gate: Option<serde_json::Value>,
}
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ManifestError(pub String);
impl Manifest {
    pub fn from_json(b: &[u8]) -> Result<Self, ManifestError> {
        serde_json::from_slice(b).map_err(|e| ManifestError(e.to_string()))
    }
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct Graph(serde_json::Value);
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct GraphError(pub String);
impl Graph {
    pub fn from_json(b: &[u8]) -> Result<Self, GraphError> {
        serde_json::from_slice(b)
            .map(Self)
            .map_err(|e| GraphError(e.to_string()))
    }
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(&self.0).unwrap_or_default()
    }
}
