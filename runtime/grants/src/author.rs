//! The author's file `minion.toml`: a manifest as people write it, with the
//! places where `build` finds plugins, prompts and the gate's schema.

use std::collections::BTreeMap;

use semver::Version;
use serde::Deserialize;

use crate::{Ask, ComponentKind, GateSpec, Manifest, ManifestError, Part, PartName};

/// What stands in `minion.toml`. Unknown keys are refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AuthorFile {
    /// `namespace/name`.
    pub name: PartName,
    /// The component's own version.
    pub version: Version,
    /// One line.
    #[serde(default)]
    pub summary: String,
    /// The version of the contract; `build` fills in its own where it is absent.
    pub contract: Option<Version>,
    /// Blueprint or plugin.
    pub kind: ComponentKind,
    /// The `[[ask]]` entries.
    #[serde(default, rename = "ask")]
    pub asks: Vec<Ask>,
    /// What is carried along: name and where it comes from.
    #[serde(default)]
    pub plugins: BTreeMap<PartName, PartSource>,
    /// Prompt files: name and path, relative to `minion.toml`.
    #[serde(default)]
    pub prompts: BTreeMap<PartName, String>,
    /// Inputs of a run: name and what it says.
    #[serde(default)]
    pub inputs: BTreeMap<PartName, String>,
    /// Present: the plugin may stand as a gate.
    pub gate: Option<GateSource>,
}

/// Where the bytes of a carried plugin come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum PartSource {
    /// `"shipped"`: the standard plugin built into this program.
    Shipped,
    /// A folder with another component's source, or a `.wasm` file, relative
    /// to `minion.toml`.
    Path(String),
}

impl From<String> for PartSource {
    fn from(text: String) -> Self {
        if text == "shipped" {
            Self::Shipped
        } else {
            Self::Path(text)
        }
    }
}

/// The `[gate]` table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GateSource {
    /// File with the JSON Schema of the parameters; absent: `{}` is the schema.
    pub parameters: Option<String>,
}

impl AuthorFile {
    /// Reads a `minion.toml`.
    pub fn from_toml(text: &str) -> Result<Self, ManifestError> {
        toml::from_str(text)
            .map_err(|error| ManifestError::Toml(error.to_string().trim_end().to_owned()))
    }

    /// Makes the manifest, given what the sources turned out to be. `contract`
    /// is used where the file names none. Parts are put in the order of names.
    pub fn into_manifest(
        self,
        contract: &Version,
        mut plugins: Vec<Part>,
        mut prompts: Vec<Part>,
        gate: Option<GateSpec>,
    ) -> Result<Manifest, ManifestError> {
        plugins.sort();
        prompts.sort();
        let same =
            |parts: &[Part], names: Vec<&PartName>| parts.iter().map(|part| &part.name).eq(names);
        if !same(&plugins, self.plugins.keys().collect())
            || !same(&prompts, self.prompts.keys().collect())
        {
            return Err(ManifestError::Wrong(
                "what is carried is not what `minion.toml` names".to_owned(),
            ));
        }
        let manifest = Manifest {
            name: self.name,
            version: self.version,
            contract: self.contract.unwrap_or_else(|| contract.clone()),
            kind: self.kind,
            summary: self.summary,
            asks: self.asks,
            plugins,
            prompts,
            inputs: self.inputs,
            gate,
        };
        manifest.check()?;
        Ok(manifest)
    }
}
