//! The bytes of a file in, a [`Bundle`] out: everything that can be known of
//! a component without running it.
//!
//! Refuses what is damaged, not ours, for another contract, or not what its
//! own manifest says. Nothing is compiled or executed.

use std::collections::BTreeMap;

use minion_grants::{
    ComponentKind, Digest, Graph, GraphError, GraphProblem, Manifest, ManifestError,
    ManifestProblem, Part, unproven,
};
use semver::Version;
use thiserror::Error;

use crate::component::{BadComponent, Functions, Interface, component};
use crate::contract::{BadContract, Purpose, purpose};
use crate::sections::{BadSection, Sections};

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
    /// A graph that no run could be made of.
    #[error("the graph is wrong: {}", all(.0))]
    GraphWrong(Vec<GraphProblem>),
    /// It imports what its manifest doesn't ask for, or what nobody offers.
    #[error("the imports are not what the manifest asks for: {}", all(.0))]
    Unproven(Vec<ManifestProblem>),
    /// A plugin with a graph.
    #[error("the plugin has a section `minion:graph`, which only a blueprint has; build it again")]
    GraphInPlugin,
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

impl Bundle {
    /// The names of the imports that give it something to call. Types alone
    /// give nothing, so they are not among them.
    pub fn callable_imports(&self) -> Vec<String> {
        let callable = self.imports.iter().filter(|import| !import.only_types);
        callable.map(|import| import.name.clone()).collect()
    }

    /// What differs between imports and asks without being refused: it asks
    /// for what its own code can't use.
    pub fn notes(&self) -> Vec<ManifestProblem> {
        unproven(&self.callable_imports(), &self.manifest)
    }
}

/// Reads a file as it came from wherever.
pub fn read(bytes: &[u8]) -> Result<Bundle, BadFile> {
    read_knowing(bytes, &[])
}

/// The same, for a caller that knows digests of files which [`read`] took before, such as
/// those that are built into the program. Whatever has such a digest is those bytes, so the
/// code of its functions is not validated once more; all the rest of it is.
pub fn read_knowing(bytes: &[u8], sound: &[Digest]) -> Result<Bundle, BadFile> {
    let digest = Digest::of(bytes);
    File {
        bytes,
        digest,
        sound,
    }
    .read(None)
}

/// Bytes with their digest.
#[derive(Clone, Copy)]
struct File<'a> {
    bytes: &'a [u8],
    digest: Digest,
    sound: &'a [Digest],
}

impl File<'_> {
    /// Reads it, if it is of the kind that is wanted.
    fn read(self, wanted: Option<ComponentKind>) -> Result<Bundle, BadFile> {
        let functions = if self.sound.contains(&self.digest) {
            Functions::Sound
        } else {
            Functions::Validate
        };
        let component = component(self.bytes, functions)?;
        let purpose = purpose(&component)?;
        if wanted.is_some_and(|kind| kind != purpose.kind) {
            return Err(BadFile::NotAPlugin);
        }
        let sections = Sections::read(&component.sections)?;
        let manifest = Manifest::from_json(sections.manifest)?;
        check_purpose(&manifest, &purpose)?;
        let prompts = digests(&sections.prompts, |text| text.as_bytes());
        check_parts("prompt", &manifest.prompts, &prompts)?;
        let plugins = digests(&sections.plugins, |bytes| bytes);
        check_parts("plugin", &manifest.plugins, &plugins)?;
        let mut bundle = Bundle {
            bytes: self.bytes.to_vec(),
            digest: self.digest,
            kind: purpose.kind,
            contract: purpose.contract,
            graph: graph(purpose.kind, &sections)?,
            plugins: BTreeMap::new(),
            prompts: owned(&sections.prompts),
            manifest,
            imports: component.imports,
            exports: component.exports,
        };
        if plugins.is_empty() {
            return check_against_manifest(&bundle).map(|()| bundle);
        }
        let (plugins, checked) = std::thread::scope(|scope| {
            let plugins = scope.spawn(|| self.plugins(&sections, &plugins));
            let checked = check_against_manifest(&bundle);
            let panicked = |panic| std::panic::resume_unwind(panic);
            (plugins.join().unwrap_or_else(panicked), checked)
        });
        bundle.plugins = plugins?;
        checked.map(|()| bundle)
    }

    /// A blueprint is refused before its own parts are looked at, and a plugin
    /// has none, so this goes one level deep and no further.
    fn plugins(
        self,
        sections: &Sections<'_>,
        digests: &BTreeMap<&str, Digest>,
    ) -> Result<BTreeMap<String, Bundle>, BadFile> {
        let one = |((name, bytes), digest): ((&&str, &&[u8]), &Digest)| {
            let file = File {
                bytes,
                digest: *digest,
                sound: self.sound,
            };
            let bundle = file.read(Some(ComponentKind::Plugin));
            let refuse = |source| BadFile::Plugin {
                name: (*name).to_owned(),
                source: Box::new(source),
            };
            Ok(((*name).to_owned(), bundle.map_err(refuse)?))
        };
        sections
            .plugins
            .iter()
            .zip(digests.values())
            .map(one)
            .collect()
    }
}

/// The digests of parts, by the same names.
fn digests<'a, T>(
    parts: &BTreeMap<&'a str, T>,
    bytes: impl Fn(&T) -> &[u8],
) -> BTreeMap<&'a str, Digest> {
    let digest = |(name, part): (&&'a str, &T)| (*name, Digest::of(bytes(part)));
    parts.iter().map(digest).collect()
}

fn check_purpose(manifest: &Manifest, purpose: &Purpose) -> Result<(), BadFile> {
    if manifest.kind != purpose.kind {
        return Err(BadFile::KindDiffers {
            manifest: word(manifest.kind),
            exports: word(purpose.kind),
        });
    }
    if manifest.contract != purpose.contract {
        return Err(BadFile::ContractDiffers {
            manifest: manifest.contract.clone(),
            interfaces: purpose.contract.clone(),
        });
    }
    Ok(())
}

/// The word that stands for a kind in minion.toml.
fn word(kind: ComponentKind) -> &'static str {
    match kind {
        ComponentKind::Blueprint => "blueprint",
        ComponentKind::Plugin => "plugin",
    }
}

/// Each part that is listed is there, the other way round, and is the one
/// meant. That none is listed twice is the manifest's own check.
fn check_parts(
    what: &'static str,
    listed: &[Part],
    found: &BTreeMap<&str, Digest>,
) -> Result<(), BadFile> {
    for part in listed {
        let name = || part.name.to_string();
        let there = *found
            .get(part.name.as_str())
            .ok_or_else(|| BadFile::PartMissing { what, name: name() })?;
        if there != part.digest {
            return Err(BadFile::PartDiffers {
                what,
                name: name(),
                found: there,
                listed: part.digest,
            });
        }
    }
    match found
        .keys()
        .find(|name| !listed.iter().any(|part| part.name == **name))
    {
        Some(name) => Err(BadFile::PartUnlisted {
            what,
            name: (*name).to_owned(),
        }),
        None => Ok(()),
    }
}

fn graph(kind: ComponentKind, sections: &Sections<'_>) -> Result<Option<Graph>, BadFile> {
    match (kind, sections.graph) {
        (ComponentKind::Blueprint, None) => Err(BadFile::NoGraph),
        (ComponentKind::Blueprint, Some(json)) => Ok(Some(Graph::from_json(json)?)),
        (ComponentKind::Plugin, Some(_)) => Err(BadFile::GraphInPlugin),
        (ComponentKind::Plugin, None) => Ok(None),
    }
}

fn owned(prompts: &BTreeMap<&str, &str>) -> BTreeMap<String, String> {
    prompts
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

fn check_against_manifest(bundle: &Bundle) -> Result<(), BadFile> {
    let mut problems = bundle.notes();
    problems.retain(ManifestProblem::is_refused);
    if !problems.is_empty() {
        return Err(BadFile::Unproven(problems));
    }
    let Some(graph) = &bundle.graph else {
        return Ok(());
    };
    let mut problems = graph.check(&bundle.manifest.asks);
    problems.extend(graph.check_parts(&bundle.manifest));
    if !problems.is_empty() {
        return Err(BadFile::GraphWrong(problems));
    }
    Ok(())
}

/// All problems on a line each, the first twenty of them.
fn all(problems: &[impl ToString]) -> String {
    const SHOWN: usize = 20;
    let mut lines: Vec<String> = problems
        .iter()
        .take(SHOWN)
        .map(ToString::to_string)
        .collect();
    if problems.len() > SHOWN {
        lines.push(format!("and {} more", problems.len() - SHOWN));
    }
    lines.join("\n  ")
}
