//! A folder in, its author's `minion.toml` out, with the files read that it
//! names: prompts and the schema of a gate's parameters.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use minion_grants::{AuthorFile, ComponentKind, Digest, GateSpec, Manifest, Part, PartName};
use semver::Version;
use serde_json::{Value, json};

use super::BuildError;

/// What an author wrote.
#[derive(Debug)]
pub(super) struct Author {
    /// The folder, by its real name.
    pub(super) folder: PathBuf,
    pub(super) file: AuthorFile,
    /// A ready component in place of a crate.
    pub(super) component: Option<PathBuf>,
    pub(super) prompts: BTreeMap<PartName, String>,
    gate: Option<GateSpec>,
}

impl Author {
    pub(super) fn read(folder: &Path) -> Result<Self, BuildError> {
        let folder = folder
            .canonicalize()
            .map_err(|error| BuildError::read(folder, error))?;
        let path = folder.join("minion.toml");
        let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => BuildError::NoAuthorFile { file: path.clone() },
            _ => BuildError::read(&path, error),
        })?;
        let bad = |reason: String| BuildError::AuthorFile {
            file: path.clone(),
            reason,
        };
        let (component, text) = split_component(&text).map_err(bad)?;
        let file = AuthorFile::from_toml(&text).map_err(|error| bad(error.to_string()))?;
        // Said before anything is built: a plugin that names itself would be built for ever.
        if file.kind == ComponentKind::Plugin && !file.plugins.is_empty() {
            return Err(bad(
                "a plugin carries no plugins; leave out `[plugins]`".to_owned()
            ));
        }
        Ok(Self {
            component: component.map(|path| folder.join(path)),
            prompts: prompts(&folder, &file)?,
            gate: gate(&folder, &file)?,
            folder,
            file,
        })
    }

    /// The manifest that is embedded.
    pub(super) fn manifest(
        &self,
        contract: &Version,
        plugins: &BTreeMap<PartName, Vec<u8>>,
    ) -> Result<Manifest, BuildError> {
        let part = |name: &PartName, bytes: &[u8]| Part {
            name: name.clone(),
            digest: Digest::of(bytes),
        };
        let plugins = plugins
            .iter()
            .map(|(name, bytes)| part(name, bytes))
            .collect();
        let prompts = self
            .prompts
            .iter()
            .map(|(name, text)| part(name, text.as_bytes()))
            .collect();
        let manifest =
            self.file
                .clone()
                .into_manifest(contract, plugins, prompts, self.gate.clone());
        manifest.map_err(|error| BuildError::AuthorFile {
            file: self.folder.join("minion.toml"),
            reason: error.to_string(),
        })
    }
}

/// Takes `component` out: it is for the build alone, the rest becomes the
/// manifest. A file without it stays as it is, so that errors keep their lines.
fn split_component(text: &str) -> Result<(Option<String>, String), String> {
    let Ok(mut table) = toml::from_str::<toml::Table>(text) else {
        return Ok((None, text.to_owned()));
    };
    match table.remove("component") {
        None => Ok((None, text.to_owned())),
        Some(toml::Value::String(path)) => Ok((Some(path), table.to_string())),
        Some(_) => Err("`component` is the path of a .wasm file, in quotes".to_owned()),
    }
}

fn prompts(folder: &Path, file: &AuthorFile) -> Result<BTreeMap<PartName, String>, BuildError> {
    let one = |(name, path): (&PartName, &String)| {
        let path = folder.join(path);
        let text =
            std::fs::read_to_string(&path).map_err(|error| BuildError::read(&path, error))?;
        Ok((name.clone(), text))
    };
    file.prompts.iter().map(one).collect()
}

/// A gate's parameters have their schema in a file beside, or are anything.
fn gate(folder: &Path, file: &AuthorFile) -> Result<Option<GateSpec>, BuildError> {
    let Some(gate) = &file.gate else {
        return Ok(None);
    };
    let parameters: Value = match &gate.parameters {
        None => json!({}),
        Some(path) => {
            let path = folder.join(path);
            let text = std::fs::read(&path).map_err(|error| BuildError::read(&path, error))?;
            serde_json::from_slice(&text).map_err(|error| BuildError::AuthorFile {
                file: path,
                reason: error.to_string(),
            })?
        }
    };
    Ok(Some(GateSpec { parameters }))
}
