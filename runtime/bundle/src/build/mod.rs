//! A folder of source in, one `.wasm` file out.
//!
//! The folder has a `minion.toml` and is a Rust crate, or names a ready
//! component. The same workspace gives the same bytes, from whichever folder; of a path
//! dependency outside of the workspace cargo takes the whole path into its names, so there the
//! folder shows.
//! Of the guest nothing is executed here: its graph comes from the caller.

mod author;
mod cargo;
mod project;
mod target;
mod tools;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use minion_grants::{ComponentKind, Graph, PartName, PartSource};
use thiserror::Error;
use wit_component::ComponentEncoder;

use self::author::Author;
use self::cargo::Cargo;
use self::tools::Tools;
use crate::component::{Functions, component};
use crate::contract::purpose;
use crate::read::{BadFile, Bundle, read};
use crate::sections::{Sections, write};

pub use self::target::{GUEST_TARGET, INSTALL_TARGET};

/// Gives the graph of a component, as JSON, or says why not.
pub type Describe<'a> = dyn Fn(&[u8]) -> Result<Vec<u8>, String> + 'a;

/// How to build. The default builds into the crate's own target folder,
/// installs nothing, shows the compiler's messages, and knows neither shipped
/// plugins nor how to ask a blueprint for its graph.
pub struct BuildOptions<'a> {
    /// Where cargo works; none: `minion` in the crate's own target folder.
    pub target_dir: Option<PathBuf>,
    /// Install the compiler's WebAssembly target when it is missing.
    pub install_targets: bool,
    /// Use only what cargo has on this machine.
    pub offline: bool,
    /// Keep the compiler's messages for the error in place of showing them.
    pub quiet: bool,
    /// The bytes of a shipped plugin by name, e.g. `std:lint`.
    pub shipped: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    /// Asks a blueprint for its graph, as JSON; every import of it denied.
    pub describe: &'a Describe<'a>,
    /// Called with a line for whoever waits, before something takes long.
    pub say: &'a dyn Fn(&str),
}

impl Default for BuildOptions<'_> {
    fn default() -> Self {
        Self {
            target_dir: None,
            install_targets: false,
            offline: false,
            quiet: false,
            shipped: &|_| None,
            describe: &|_| Err("nobody here can ask a blueprint for its graph".to_owned()),
            say: &|_| {},
        }
    }
}

/// What a build made.
#[derive(Debug, Clone)]
pub struct Built {
    /// The one file.
    pub wasm: Vec<u8>,
    /// The same, read back.
    pub bundle: Bundle,
    /// What the author should know, a line each.
    pub notes: Vec<String>,
}

/// Why nothing was built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// There is no `minion.toml`.
    #[error("there is no `{}`; `minion-rt new` makes a project that has one", file.display())]
    NoAuthorFile {
        /// Where it was looked for.
        file: PathBuf,
    },
    /// The `minion.toml` can't be used.
    #[error("`{}`: {reason}", file.display())]
    AuthorFile {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file that is needed can't be read.
    #[error("`{}` cannot be read: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Rust can't be run.
    #[error("`{program}` cannot be run: {source}; install Rust from https://rustup.rs")]
    Tool {
        /// Cargo or rustc.
        program: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// Rust can't compile to WebAssembly.
    #[error("Rust cannot compile to WebAssembly yet; this cures it: {INSTALL_TARGET}")]
    TargetMissing,
    /// Rust could not be taught to compile to WebAssembly.
    #[error("`{INSTALL_TARGET}` failed:\n{output}")]
    TargetInstall {
        /// What rustup said.
        output: String,
    },
    /// The source doesn't compile.
    #[error("the source does not compile\n{output}")]
    Compiler {
        /// The compiler's messages, unless they were already shown.
        output: String,
    },
    /// Cargo made no WebAssembly module.
    #[error("`{}` is no crate with a library; give it a src/lib.rs, or name a ready `component` in minion.toml", source_dir.display())]
    NoModule {
        /// The folder.
        source_dir: PathBuf,
    },
    /// The module can't be made a component.
    #[error("the module cannot be made a component: {reason}")]
    Encode {
        /// Why.
        reason: String,
    },
    /// A plugin is to be bundled that the builder doesn't have.
    #[error("there is no shipped plugin `{name}`")]
    NotShipped {
        /// Its name.
        name: String,
    },
    /// A plugin can't be built.
    #[error("the plugin `{name}` cannot be built: {source}")]
    Plugin {
        /// Its name.
        name: String,
        /// Why.
        source: Box<BuildError>,
    },
    /// The graph can't be had.
    #[error("the blueprint's graph cannot be read: {reason}")]
    Describe {
        /// What is wrong.
        reason: String,
    },
    /// The result would be refused.
    #[error(transparent)]
    File(#[from] BadFile),
}

impl BuildError {
    fn read(file: &Path, source: std::io::Error) -> Self {
        Self::Read {
            file: file.to_owned(),
            source,
        }
    }

    fn tool(program: &'static str, source: std::io::Error) -> Self {
        Self::Tool { program, source }
    }
}

/// Builds the component in a folder.
pub fn build(folder: &Path, options: &BuildOptions<'_>) -> Result<Built, BuildError> {
    build_author(&Author::read(folder)?, options)
}

fn build_author(author: &Author, options: &BuildOptions<'_>) -> Result<Built, BuildError> {
    let bytes = match &author.component {
        Some(file) => std::fs::read(file).map_err(|error| BuildError::read(file, error))?,
        None => encode(&compile(&author.folder, options)?)?,
    };
    assemble(author, &bytes, options)
}

fn compile(source: &Path, options: &BuildOptions<'_>) -> Result<Vec<u8>, BuildError> {
    let tools = Tools::from_environment();
    target::ensure(&tools, source, options.install_targets, options.say)?;
    let cargo = Cargo {
        tools: &tools,
        target_dir: options.target_dir.as_deref(),
        offline: options.offline,
        quiet: options.quiet,
    };
    cargo.compile(source)
}

/// Makes a component of a core module, whose own metadata says of which world.
fn encode(module: &[u8]) -> Result<Vec<u8>, BuildError> {
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    let component = encoder.module(module).and_then(ComponentEncoder::encode);
    component.map_err(|error| BuildError::Encode {
        reason: format!("{error:#}"),
    })
}

fn assemble(
    author: &Author,
    bytes: &[u8],
    options: &BuildOptions<'_>,
) -> Result<Built, BuildError> {
    let component = component(bytes, Functions::Validate).map_err(BadFile::from)?;
    let purpose = purpose(&component).map_err(BadFile::from)?;
    let plugins = plugins(author, options)?;
    let manifest = author.manifest(&purpose.contract, &plugins)?.to_json();
    let graph = match purpose.kind {
        ComponentKind::Blueprint => Some(graph(bytes, options)?),
        ComponentKind::Plugin => None,
    };
    let sections = Sections {
        manifest: &manifest,
        graph: graph.as_deref(),
        plugins: plugins
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
            .collect(),
        prompts: author
            .prompts
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect(),
    };
    let wasm = write(bytes, &sections);
    let bundle = read(&wasm)?;
    let notes = bundle.notes().iter().map(ToString::to_string).collect();
    Ok(Built {
        wasm,
        bundle,
        notes,
    })
}

fn graph(bytes: &[u8], options: &BuildOptions<'_>) -> Result<Vec<u8>, BuildError> {
    let json = (options.describe)(bytes).map_err(|reason| BuildError::Describe { reason })?;
    let graph = Graph::from_json(&json).map_err(|error| BuildError::Describe {
        reason: error.to_string(),
    })?;
    Ok(graph.to_json())
}

fn plugins(
    author: &Author,
    options: &BuildOptions<'_>,
) -> Result<BTreeMap<PartName, Vec<u8>>, BuildError> {
    let one = |(name, from): (&PartName, &PartSource)| {
        let bytes =
            plugin(&author.folder, name, from, options).map_err(|source| BuildError::Plugin {
                name: name.to_string(),
                source: Box::new(source),
            })?;
        Ok((name.clone(), bytes))
    };
    author.file.plugins.iter().map(one).collect()
}

fn plugin(
    folder: &Path,
    name: &PartName,
    from: &PartSource,
    options: &BuildOptions<'_>,
) -> Result<Vec<u8>, BuildError> {
    let path = match from {
        PartSource::Shipped => {
            let bytes = (options.shipped)(name.as_str());
            return bytes.ok_or_else(|| BuildError::NotShipped {
                name: name.to_string(),
            });
        }
        PartSource::Path(path) => folder.join(path),
    };
    if !path.is_dir() {
        return std::fs::read(&path).map_err(|error| BuildError::read(&path, error));
    }
    let author = Author::read(&path)?;
    // Asked before it is built: a blueprint may bundle whoever bundles it.
    if author.file.kind != ComponentKind::Plugin {
        return Err(BadFile::NotAPlugin.into());
    }
    Ok(build_author(&author, options)?.wasm)
}
