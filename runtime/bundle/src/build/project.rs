//! What cargo knows of a crate without resolving its dependencies, and so
//! without a network: its workspace, and the crates in folders beside it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::BuildError;
use super::cargo::{Cargo, lossy};

/// A crate and where it stands.
#[derive(Debug)]
pub(super) struct Project {
    /// As cargo's messages name it.
    pub(super) package: String,
    /// The folder of the workspace.
    pub(super) root: PathBuf,
    /// Where cargo would put what it makes.
    pub(super) target_dir: PathBuf,
    /// The crates outside of the workspace that it is built from, by name.
    pub(super) beside: BTreeMap<String, PathBuf>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    path: Option<PathBuf>,
}

impl Project {
    pub(super) fn of(source: &Path, cargo: &Cargo<'_>) -> Result<Self, BuildError> {
        let metadata = metadata(source, cargo)?;
        let package =
            package_in(&metadata.packages, source).ok_or_else(|| BuildError::NoModule {
                source_dir: source.to_owned(),
            })?;
        Ok(Self {
            package: package.id.clone(),
            root: metadata.workspace_root.clone(),
            target_dir: metadata.target_directory.clone(),
            beside: beside(source, metadata, cargo)?,
        })
    }
}

/// Follows path dependencies, theirs too, and keeps those outside of the workspace.
fn beside(
    source: &Path,
    metadata: Metadata,
    cargo: &Cargo<'_>,
) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    let root = metadata.workspace_root;
    let mut known = metadata.packages;
    let mut waiting = vec![source.to_owned()];
    let mut seen = Vec::new();
    let mut found = BTreeMap::new();
    while let Some(folder) = waiting.pop() {
        if seen.contains(&folder) {
            continue;
        }
        if package_in(&known, &folder).is_none() {
            known.extend(self::metadata(&folder, cargo)?.packages);
        }
        if let Some(package) = package_in(&known, &folder) {
            waiting.extend(
                package
                    .dependencies
                    .iter()
                    .filter_map(|next| next.path.clone()),
            );
            if !folder.starts_with(&root) {
                found.insert(package.name.clone(), folder.clone());
            }
        }
        seen.push(folder);
    }
    Ok(found)
}

fn package_in<'a>(packages: &'a [Package], folder: &Path) -> Option<&'a Package> {
    packages
        .iter()
        .find(|package| package.manifest_path.parent() == Some(folder))
}

fn metadata(folder: &Path, cargo: &Cargo<'_>) -> Result<Metadata, BuildError> {
    let output = cargo
        .command(folder)
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--manifest-path",
        ])
        .arg(folder.join("Cargo.toml"))
        .output()
        .map_err(|error| BuildError::tool("cargo", error))?;
    if !output.status.success() {
        return Err(BuildError::Compiler {
            output: lossy(&output.stderr),
        });
    }
    serde_json::from_slice(&output.stdout).map_err(|error| BuildError::Compiler {
        output: format!("cargo metadata: {error}"),
    })
}
