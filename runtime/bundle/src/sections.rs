//! Our custom sections: their names, bounds and order, read from and appended
//! to a component.
//!
//! `minion:manifest`, `minion:graph`, `minion:prompt/<name>`,
//! `minion:plugin/<name>`; at the top level of the file, each name once.

use std::collections::BTreeMap;

use minion_grants::{IdentError, PartName, shown};
use thiserror::Error;
use wasm_encoder::{CustomSection, Encode, Section};

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

/// What our sections hold, before anything of it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sections<'a> {
    /// JSON.
    pub manifest: &'a [u8],
    /// JSON; a plugin has none.
    pub graph: Option<&'a [u8]>,
    /// Components by name.
    pub plugins: BTreeMap<&'a str, &'a [u8]>,
    /// Texts by name.
    pub prompts: BTreeMap<&'a str, &'a str>,
}

/// Appends our sections to a component. The same input always gives the same
/// bytes; whether the result is a good file is for [`read`](crate::read) to say.
pub fn write(component: &[u8], sections: &Sections<'_>) -> Vec<u8> {
    let mut file = component.to_vec();
    add(&mut file, MANIFEST, sections.manifest);
    if let Some(graph) = sections.graph {
        add(&mut file, GRAPH, graph);
    }
    for (name, text) in &sections.prompts {
        add(&mut file, &format!("{PROMPT}{name}"), text.as_bytes());
    }
    for (name, bytes) in &sections.plugins {
        add(&mut file, &format!("{PLUGIN}{name}"), bytes);
    }
    file
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
    #[error("the name of the section `{section}` cannot be used: {source}")]
    BadName {
        /// The section.
        section: String,
        /// The rule.
        source: IdentError,
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
        let mut sections = Self::default();
        for &(section, data) in all.iter().filter(|(name, _)| name.starts_with("minion:")) {
            let again = if section == MANIFEST {
                within(section, data, MAX_MANIFEST_BYTES)?;
                manifest.replace(data).is_some()
            } else {
                sections.take(section, data)?
            };
            if again {
                return Err(BadSection::Repeated {
                    section: shown(section),
                });
            }
        }
        sections.manifest = manifest.ok_or(BadSection::NoManifest)?;
        Ok(sections)
    }

    /// Says whether the section was there already.
    fn take(&mut self, section: &'a str, data: &'a [u8]) -> Result<bool, BadSection> {
        if section == GRAPH {
            within(section, data, MAX_GRAPH_BYTES)?;
            return Ok(self.graph.replace(data).is_some());
        }
        if self.plugins.len() + self.prompts.len() == MAX_PARTS {
            return Err(BadSection::TooManyParts);
        }
        if let Some(name) = section.strip_prefix(PLUGIN) {
            check_name(section, name)?;
            return Ok(self.plugins.insert(name, data).is_some());
        }
        let name = section
            .strip_prefix(PROMPT)
            .ok_or_else(|| BadSection::Unknown {
                section: shown(section),
            })?;
        within(section, data, MAX_PROMPT_BYTES)?;
        check_name(section, name)?;
        Ok(self.prompts.insert(name, text(name, data)?).is_some())
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
    std::str::from_utf8(data).map_err(|_| BadSection::NotText { name: shown(name) })
}

fn check_name(section: &str, name: &str) -> Result<(), BadSection> {
    let name = PartName::new(name);
    name.map(drop).map_err(|source| BadSection::BadName {
        section: shown(section),
        source,
    })
}
