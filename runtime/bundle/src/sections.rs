//! Our custom sections: their names, bounds and order, read from and appended
//! to a component.
//!
//! `minion:manifest`, `minion:graph`, `minion:prompt/<name>`,
//! `minion:plugin/<name>`; at the top level of the file, each name once.

use std::collections::BTreeMap;

use thiserror::Error;
use wasm_encoder::{CustomSection, Encode, Section};

use crate::shown::shown;

const MANIFEST: &str = "minion:manifest";
const GRAPH: &str = "minion:graph";
const PLUGIN: &str = "minion:plugin/";
const PROMPT: &str = "minion:prompt/";

/// The largest manifest.
pub const MAX_MANIFEST_BYTES: usize = 64 * 1024;
/// The largest graph.
pub const MAX_GRAPH_BYTES: usize = 1024 * 1024;
/// The largest prompt file.
pub const MAX_PROMPT_BYTES: usize = 256 * 1024;
/// The most plugins and prompts of a file, together.
pub const MAX_PARTS: usize = 32;

/// What our sections hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sections<'a> {
    pub(crate) manifest: &'a [u8],
    pub(crate) graph: Option<&'a [u8]>,
    pub(crate) plugins: BTreeMap<&'a str, &'a [u8]>,
    pub(crate) prompts: BTreeMap<&'a str, &'a str>,
}

/// Why the sections of a file can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadSection {
    /// There is no manifest.
    #[error(
        "the component has no section `{MANIFEST}`, so it asks for nothing and cannot be \
         admitted; `minion-rt build` embeds it from the minion.toml beside the code"
    )]
    NoManifest,
    /// A section stands there twice.
    #[error(
        "the component has the section `{section}` twice; which one counts would be a guess, so neither does; build it again"
    )]
    Repeated {
        /// Its name.
        section: String,
    },
    /// A section is larger than its bound.
    #[error("the section `{section}` has {bytes} bytes, at most {limit} are accepted")]
    TooLarge {
        /// Its name.
        section: String,
        /// Its size.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// A section in our name that the contract doesn't have.
    #[error(
        "the component has the section `{section}`, which this minion-rt does not know; use the minion-rt it was built with"
    )]
    Unknown {
        /// Its name.
        section: String,
    },
    /// A part with a name that no part may have.
    #[error(
        "`{name}` is no name for a part: 1 to 100 of a-z, A-Z, 0-9, `.`, `_`, `-`, `:` and `/`, with no empty or dotted piece"
    )]
    BadName {
        /// The name.
        name: String,
    },
    /// A prompt that is not text.
    #[error("the prompt `{name}` is not UTF-8 text")]
    NotText {
        /// The name of the prompt.
        name: String,
    },
    /// Too many plugins and prompts.
    #[error("the component has more than {MAX_PARTS} plugins and prompts")]
    TooManyParts,
}

impl<'a> Sections<'a> {
    /// Picks our sections out of those of a component.
    pub(crate) fn read(all: &[(&'a str, &'a [u8])]) -> Result<Self, BadSection> {
        let mut manifest = None;
        let mut graph = None;
        let mut plugins = BTreeMap::new();
        let mut prompts = BTreeMap::new();
        for &(section, data) in all.iter().filter(|(name, _)| name.starts_with("minion:")) {
            let before = if section == MANIFEST {
                within(section, data, MAX_MANIFEST_BYTES)?;
                manifest.replace(data).is_some()
            } else if section == GRAPH {
                within(section, data, MAX_GRAPH_BYTES)?;
                graph.replace(data).is_some()
            } else if let Some(name) = section.strip_prefix(PLUGIN) {
                check_name(name)?;
                plugins.insert(name, data).is_some()
            } else if let Some(name) = section.strip_prefix(PROMPT) {
                check_name(name)?;
                within(section, data, MAX_PROMPT_BYTES)?;
                prompts.insert(name, text(name, data)?).is_some()
            } else {
                return Err(BadSection::Unknown {
                    section: shown(section),
                });
            };
            if before {
                return Err(BadSection::Repeated {
                    section: shown(section),
                });
            }
            if plugins.len() + prompts.len() > MAX_PARTS {
                return Err(BadSection::TooManyParts);
            }
        }
        let manifest = manifest.ok_or(BadSection::NoManifest)?;
        Ok(Self {
            manifest,
            graph,
            plugins,
            prompts,
        })
    }

    /// Appends the sections to a component; the same sections always give the
    /// same bytes.
    pub(crate) fn append(&self, component: &[u8]) -> Vec<u8> {
        let mut file = component.to_vec();
        add(&mut file, MANIFEST, self.manifest);
        if let Some(graph) = self.graph {
            add(&mut file, GRAPH, graph);
        }
        for (name, text) in &self.prompts {
            add(&mut file, &format!("{PROMPT}{name}"), text.as_bytes());
        }
        for (name, bytes) in &self.plugins {
            add(&mut file, &format!("{PLUGIN}{name}"), bytes);
        }
        file
    }
}

fn add(file: &mut Vec<u8>, name: &str, data: &[u8]) {
    let section = CustomSection {
        name: name.into(),
        data: data.into(),
    };
    file.push(section.id());
    section.encode(file);
}

fn within(section: &str, data: &[u8], limit: usize) -> Result<(), BadSection> {
    if data.len() > limit {
        return Err(BadSection::TooLarge {
            section: shown(section),
            bytes: data.len(),
            limit,
        });
    }
    Ok(())
}

fn text<'a>(name: &str, data: &'a [u8]) -> Result<&'a str, BadSection> {
    std::str::from_utf8(data).map_err(|_| BadSection::NotText {
        name: name.to_owned(),
    })
}

/// Names of parts are shown, compared and used as keys, never as paths; still
/// none of them could climb out of a folder.
pub(crate) fn check_name(name: &str) -> Result<(), BadSection> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:/".contains(&byte);
    let pieces = || name.split(['/', ':']);
    let good = name.len() <= 100
        && name.bytes().all(allowed)
        && pieces().all(|piece| !piece.is_empty() && !piece.starts_with('.'));
    if !good {
        return Err(BadSection::BadName { name: shown(name) });
    }
    Ok(())
}
