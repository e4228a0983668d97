//! The author's `minion.toml` in, the manifest to be embedded and the list of
//! what has to be built out.
//!
//! The tables that name files (`[plugins]`, `[prompts]`, `[gate]`) and the key
//! `component` are read here; all else goes to the manifest as it stands,
//! whose reader refuses what it doesn't know.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::BuildError;
use crate::sections::check_name;
use crate::standin::Digest;

/// Where a bundled plugin comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PluginSource {
    /// The standard one of the program that builds.
    Shipped,
    /// A folder of source, or a file.
    At(PathBuf),
}

/// What an author wrote, with the files it names read.
#[derive(Debug)]
pub(super) struct Author {
    manifest: Map<String, Value>,
    /// A ready component in place of a crate.
    pub(super) component: Option<PathBuf>,
    pub(super) plugins: BTreeMap<String, PluginSource>,
    pub(super) prompts: BTreeMap<String, String>,
}

impl Author {
    pub(super) fn read(source: &Path) -> Result<Self, BuildError> {
        let file = source.join("minion.toml");
        let text = std::fs::read_to_string(&file).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => BuildError::NoAuthorFile { file: file.clone() },
            _ => BuildError::read(&file, error),
        })?;
        let bad = |reason: String| BuildError::AuthorFile {
            file: file.clone(),
            reason,
        };
        let mut manifest: Map<String, Value> =
            toml::from_str(&text).map_err(|error| bad(error.to_string()))?;
        let component = take::<Option<PathBuf>>(&mut manifest, "component").map_err(bad)?;
        let plugins: BTreeMap<String, String> = take(&mut manifest, "plugins").map_err(bad)?;
        let prompts: BTreeMap<String, PathBuf> = take(&mut manifest, "prompts").map_err(bad)?;
        let mut author = Self {
            component: component.map(|path| source.join(path)),
            plugins: plugins
                .into_iter()
                .map(|(name, from)| (name, place(source, &from)))
                .collect(),
            prompts: BTreeMap::new(),
            manifest,
        };
        for name in author.plugins.keys().chain(prompts.keys()) {
            check_name(name).map_err(|problem| bad(problem.to_string()))?;
        }
        for (name, path) in prompts {
            let path = source.join(path);
            let text =
                std::fs::read_to_string(&path).map_err(|error| BuildError::read(&path, error))?;
            author.prompts.insert(name, text);
        }
        author.read_gate(source).map_err(bad)?;
        Ok(author)
    }

    /// A gate's parameters stand in a file beside, or are anything.
    fn read_gate(&mut self, source: &Path) -> Result<(), String> {
        let Some(gate) = self.manifest.get_mut("gate") else {
            return Ok(());
        };
        let gate = gate.as_object_mut().ok_or("`gate` is not a table")?;
        let schema = match gate.get("parameters") {
            None => json!({}),
            Some(Value::String(path)) => {
                let text = std::fs::read_to_string(source.join(path))
                    .map_err(|error| format!("`{path}`: {error}"))?;
                serde_json::from_str(&text).map_err(|error| format!("`{path}`: {error}"))?
            }
            Some(schema) => schema.clone(),
        };
        gate.insert("parameters".to_owned(), schema);
        Ok(())
    }

    /// The manifest as it is embedded, before its reader has seen it.
    pub(super) fn manifest(
        &self,
        contract: &str,
        kind: &str,
        plugins: &BTreeMap<String, Vec<u8>>,
    ) -> Vec<u8> {
        let mut manifest = self.manifest.clone();
        manifest
            .entry("contract")
            .or_insert_with(|| contract.into());
        manifest.entry("kind").or_insert_with(|| kind.into());
        let list = |parts: Vec<(&String, &[u8])>| -> Value {
            parts
                .into_iter()
                .map(|(name, bytes)| json!({"name": name, "digest": Digest::of(bytes).to_string()}))
                .collect()
        };
        let plugins = list(
            plugins
                .iter()
                .map(|(name, bytes)| (name, bytes.as_slice()))
                .collect(),
        );
        let prompts = list(
            self.prompts
                .iter()
                .map(|(name, text)| (name, text.as_bytes()))
                .collect(),
        );
        manifest.insert("plugins".to_owned(), plugins);
        manifest.insert("prompts".to_owned(), prompts);
        Value::Object(manifest).to_string().into_bytes()
    }
}

fn place(source: &Path, from: &str) -> PluginSource {
    match from {
        "shipped" => PluginSource::Shipped,
        path => PluginSource::At(source.join(path)),
    }
}

fn take<T: serde::de::DeserializeOwned + Default>(
    table: &mut Map<String, Value>,
    key: &str,
) -> Result<T, String> {
    match table.remove(key) {
        None => Ok(T::default()),
        Some(value) => serde_json::from_value(value).map_err(|error| format!("`{key}`: {error}")),
    }
}
