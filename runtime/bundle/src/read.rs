//! The bytes of a file in, a [`Bundle`] out: everything that can be known of
//! a component without running it.
//!
//! Refuses what is damaged, not ours, for another contract, or not what its
//! own manifest says. Nothing is compiled or executed.

use std::collections::BTreeMap;

use semver::Version;
use thiserror::Error;

use crate::component::{BadComponent, Interface, component};
use crate::contract::{BadContract, purpose};
use crate::sections::{BadSection, Sections};
use crate::standin::{ComponentKind, Digest, Graph, GraphError, Manifest, ManifestError, Part};

/// A blueprint or a plugin with everything that is embedded in it.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The file itself: a component that a runtime can compile as it is.
    pub bytes: Vec<u8>,
    /// Of the whole file.
    pub digest: Digest,
    /// By its exports; the manifest says the same.
    pub kind: ComponentKind,
    /// The contract that its imports and exports are of.
    pub contract: Version,
    /// What it asks for.
    pub manifest: Manifest,
    /// The state machine of a blueprint; a plugin has none.
    pub graph: Option<Graph>,
    /// What it imports, in the order of the file.
    pub imports: Vec<Interface>,
    /// What it exports, in the order of the file.
    pub exports: Vec<Interface>,
    /// The plugins in a blueprint by name. They have no parts of their own.
    pub plugins: BTreeMap<String, Bundle>,
    /// The prompt files by name.
    pub prompts: BTreeMap<String, String>,
}

/// Why a file can't be a bundle.
#[derive(Debug, Error)]
pub enum BadFile {
    /// It is no component, or a dangerous one.
    #[error(transparent)]
    Component(#[from] BadComponent),
    /// It is not for this runtime.
    #[error(transparent)]
    Contract(#[from] BadContract),
    /// Its sections are missing, doubled or too large.
    #[error(transparent)]
    Section(#[from] BadSection),
    /// Its manifest can't be read.
    #[error("the manifest in `minion:manifest` is not valid: {0}")]
    Manifest(#[from] ManifestError),
    /// Its graph can't be read.
    #[error("the graph in `minion:graph` is not valid: {0}")]
    Graph(#[from] GraphError),
    /// A blueprint without a graph.
    #[error("the blueprint has no section `minion:graph`; `minion-rt build` embeds it")]
    NoGraph,
    /// A plugin with something that only a blueprint has.
    #[error(
        "the plugin has {what}, which only a blueprint may have; leave it out of its minion.toml and build it again"
    )]
    NotForPlugins {
        /// What it has.
        what: String,
    },
    /// The manifest says another kind than the exports.
    #[error(
        "the manifest says `kind = \"{manifest}\"`, but the component exports a {exports}; correct `kind` in minion.toml and build it again"
    )]
    KindDiffers {
        /// The manifest's.
        manifest: &'static str,
        /// By the exports.
        exports: &'static str,
    },
    /// The manifest says another contract than the imports and exports.
    #[error(
        "the manifest says contract {manifest}, but the component's interfaces are of {interfaces}; leave `contract` out of minion.toml and build it again"
    )]
    ContractDiffers {
        /// The manifest's.
        manifest: Version,
        /// By the interfaces.
        interfaces: Version,
    },
    /// The manifest lists what isn't there.
    #[error("the manifest lists the {what} `{name}`, which is not in the file; build it again")]
    PartMissing {
        /// Plugin or prompt.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// There is something that the manifest doesn't list.
    #[error("the file has the {what} `{name}`, which its manifest does not list; build it again")]
    PartUnlisted {
        /// Plugin or prompt.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A part isn't the one that the manifest lists.
    #[error(
        "the {what} `{name}` is {found}, but the manifest lists {listed}: it was exchanged after the build; build it again from sources you trust"
    )]
    PartDiffers {
        /// Plugin or prompt.
        what: &'static str,
        /// Its name.
        name: String,
        /// What is there.
        found: Digest,
        /// What the manifest says.
        listed: Digest,
    },
    /// The manifest lists a part twice.
    #[error("the manifest lists the {what} `{name}` twice; build it again")]
    PartTwice {
        /// Plugin or prompt.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A bundled plugin is a blueprint.
    #[error("it is a blueprint, and only plugins can be bundled")]
    NotAPlugin,
    /// A bundled plugin is bad itself.
    #[error("the plugin `{name}` in it cannot be used: {source}")]
    Plugin {
        /// Its name in the blueprint.
        name: String,
        /// Why.
        source: Box<BadFile>,
    },
}

/// Reads a file as it came from wherever.
pub fn read(bytes: &[u8]) -> Result<Bundle, BadFile> {
    let component = component(bytes)?;
    let purpose = purpose(&component)?;
    let sections = Sections::read(&component.sections)?;
    let manifest = Manifest::from_json(sections.manifest)?;
    check_purpose(&manifest, purpose.kind, &purpose.contract)?;
    check_parts(
        "prompt",
        &manifest.prompts,
        sections
            .prompts
            .iter()
            .map(|(name, text)| (*name, text.as_bytes())),
    )?;
    check_parts(
        "plugin",
        &manifest.plugins,
        sections.plugins.iter().map(|(name, bytes)| (*name, *bytes)),
    )?;
    Ok(Bundle {
        digest: Digest::of(bytes),
        graph: graph(purpose.kind, &sections)?,
        plugins: plugins(&sections)?,
        prompts: owned(&sections.prompts),
        bytes: bytes.to_vec(),
        kind: purpose.kind,
        contract: purpose.contract,
        manifest,
        imports: component.imports,
        exports: component.exports,
    })
}

fn check_purpose(
    manifest: &Manifest,
    kind: ComponentKind,
    contract: &Version,
) -> Result<(), BadFile> {
    if manifest.kind != kind {
        return Err(BadFile::KindDiffers {
            manifest: word(manifest.kind),
            exports: word(kind),
        });
    }
    if manifest.contract != *contract {
        return Err(BadFile::ContractDiffers {
            manifest: manifest.contract.clone(),
            interfaces: contract.clone(),
        });
    }
    Ok(())
}

/// The word that stands for a kind in minion.toml.
pub(crate) fn word(kind: ComponentKind) -> &'static str {
    match kind {
        ComponentKind::Blueprint => "blueprint",
        ComponentKind::Plugin => "plugin",
    }
}

/// Each part that is listed is there, the other way round, and is the one meant.
fn check_parts<'a>(
    what: &'static str,
    listed: &[Part],
    found: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Result<(), BadFile> {
    let mut missing = BTreeMap::new();
    for part in listed {
        if missing.insert(part.name.as_str(), &part.digest).is_some() {
            return Err(BadFile::PartTwice {
                what,
                name: part.name.clone(),
            });
        }
    }
    for (name, bytes) in found {
        let name_of = || name.to_owned();
        let listed = missing.remove(name).ok_or_else(|| BadFile::PartUnlisted {
            what,
            name: name_of(),
        })?;
        let found = Digest::of(bytes);
        if found != *listed {
            return Err(BadFile::PartDiffers {
                what,
                name: name_of(),
                found,
                listed: listed.clone(),
            });
        }
    }
    match missing.into_keys().next() {
        Some(name) => Err(BadFile::PartMissing {
            what,
            name: name.to_owned(),
        }),
        None => Ok(()),
    }
}

fn graph(kind: ComponentKind, sections: &Sections<'_>) -> Result<Option<Graph>, BadFile> {
    match (kind, sections.graph) {
        (ComponentKind::Blueprint, None) => Err(BadFile::NoGraph),
        (ComponentKind::Blueprint, Some(json)) => Ok(Some(Graph::from_json(json)?)),
        (ComponentKind::Plugin, Some(_)) => Err(BadFile::NotForPlugins {
            what: "a section `minion:graph`".to_owned(),
        }),
        (ComponentKind::Plugin, None) => match sections.plugins.keys().next() {
            Some(name) => Err(BadFile::NotForPlugins {
                what: format!("a plugin `{name}` inside of it"),
            }),
            None => Ok(None),
        },
    }
}

fn plugins(sections: &Sections<'_>) -> Result<BTreeMap<String, Bundle>, BadFile> {
    let one = |(name, bytes): (&&str, &&[u8])| {
        let refuse = |source| BadFile::Plugin {
            name: (*name).to_owned(),
            source: Box::new(source),
        };
        let bundle = read_plugin(bytes).map_err(refuse)?;
        Ok(((*name).to_owned(), bundle))
    };
    sections.plugins.iter().map(one).collect()
}

/// A plugin's own reading refuses parts, so this goes one level deep and no further.
fn read_plugin(bytes: &[u8]) -> Result<Bundle, BadFile> {
    if purpose(&component(bytes)?)?.kind != ComponentKind::Plugin {
        return Err(BadFile::NotAPlugin);
    }
    read(bytes)
}

fn owned(prompts: &BTreeMap<&str, &str>) -> BTreeMap<String, String> {
    prompts
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}
