//! Second stage: what a component is and asks, read from its bytes. Nothing is compiled or
//! executed.

use crate::imports::{OFFERED, baseline};
use crate::load::Loaded;
use minion_bundle::{BadFile, Bundle};
use minion_grants::{ComponentKind, Graph, ManifestProblem, Origin, PartName, unproven};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A component that is sound, with everything that is known of it.
#[derive(Debug)]
pub struct Inspected {
    bundle: Bundle,
    plugins: BTreeMap<PartName, Part>,
    notes: Vec<String>,
    source: Option<PathBuf>,
}

/// A plugin of the file, or a shipped one that its graph names.
#[derive(Debug)]
pub struct Part {
    /// What it is.
    pub bundle: Bundle,
    /// Where its bytes come from.
    pub origin: Origin,
}

/// The component is refused.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// It is damaged, not ours, or not what its manifest says.
    #[error("`{}` is refused: {source}", path.display())]
    Bad {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BadFile,
    },
    /// Everything that is wrong with it, at once.
    #[error("`{}` is refused:\n{}", path.display(), list(problems))]
    Unsound {
        /// The file.
        path: PathBuf,
        /// One line each.
        problems: Vec<String>,
    },
}

fn list(problems: &[String]) -> String {
    problems
        .iter()
        .map(|problem| format!("  {problem}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Reads a component.
///
/// # Errors
/// [`InspectError`] names what is wrong, all of it at once where there is more.
pub fn inspect(loaded: Loaded) -> Result<Inspected, InspectError> {
    let Loaded {
        path,
        bytes,
        source,
        ..
    } = loaded;
    let bundle = minion_bundle::read(&bytes).map_err(|source| InspectError::Bad {
        path: path.clone(),
        source,
    })?;
    let mut notes = Vec::new();
    let mut problems = imports(&bundle, &mut notes);
    let plugins = parts(&bundle, &mut problems, &mut notes);
    if let Some(graph) = &bundle.graph {
        problems.extend(
            graph
                .check(&bundle.manifest.asks)
                .iter()
                .map(ToString::to_string),
        );
        problems.extend(gates(graph, &plugins));
        problems.extend(prompts(graph, &bundle));
    }
    if problems.is_empty() {
        return Ok(Inspected {
            bundle,
            plugins,
            notes,
            source,
        });
    }
    Err(InspectError::Unsound { path, problems })
}

/// What the imports prove, against what the manifest asks; and whether each is offered.
fn imports(bundle: &Bundle, notes: &mut Vec<String>) -> Vec<String> {
    let names: Vec<String> = bundle
        .imports
        .iter()
        .map(|import| import.name.clone())
        .collect();
    let mut problems = Vec::new();
    for problem in unproven(&names, &bundle.manifest) {
        if problem.is_refused() {
            &mut problems
        } else {
            &mut *notes
        }
        .push(problem.to_string());
    }
    for name in &names {
        if !offered(name) {
            let problem = ManifestProblem::NotOffered(minion_grants::shown(name)).to_string();
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
    problems
}

fn offered(import: &str) -> bool {
    let ours = |name: &str| {
        let interface = name.split('@').next().unwrap_or_default();
        interface
            .strip_prefix("minion:host/")
            .is_some_and(|it| OFFERED.contains(&it))
            || interface == "minion:blueprint/graph"
    };
    ours(import)
        || baseline::OFFERED
            .iter()
            .any(|known| import.starts_with(known))
}

/// The plugins in the file, and the shipped ones that the graph names without bundling them.
fn parts(
    bundle: &Bundle,
    problems: &mut Vec<String>,
    notes: &mut Vec<String>,
) -> BTreeMap<PartName, Part> {
    let mut parts = BTreeMap::new();
    for (name, plugin) in &bundle.plugins {
        let Ok(part) = name.parse::<PartName>() else {
            problems.push(format!(
                "it bundles a plugin under `{}`, which is no name",
                minion_grants::shown(name)
            ));
            continue;
        };
        let shipped = minion_shipped::find(name);
        let origin = match shipped {
            Some(shipped) if minion_grants::Digest::of(shipped.bytes) == plugin.digest => {
                Origin::Shipped
            }
            None if !name.starts_with("std:") => Origin::Bundled,
            _ => {
                problems.push(format!(
                    "it bundles `{name}` ({}), which is not the shipped plugin of that name; build it again, or give it another name",
                    plugin.digest.short()
                ));
                continue;
            }
        };
        problems.extend(
            imports(plugin, notes)
                .into_iter()
                .map(|p| format!("plugin `{name}`: {p}")),
        );
        parts.insert(
            part,
            Part {
                bundle: plugin.clone(),
                origin,
            },
        );
    }
    for (_, using) in bundle.graph.iter().flat_map(Graph::gates) {
        let name = using.name.clone();
        if let (false, Some(shipped)) = (
            parts.contains_key(&name),
            minion_shipped::find(name.as_str()),
        ) {
            match minion_bundle::read(shipped.bytes) {
                Ok(plugin) => drop(parts.insert(
                    name,
                    Part {
                        bundle: plugin,
                        origin: Origin::Shipped,
                    },
                )),
                Err(error) => {
                    problems.push(format!("the shipped `{name}` cannot be read: {error}"))
                }
            }
        }
    }
    parts
}

fn gates(graph: &Graph, plugins: &BTreeMap<PartName, Part>) -> Vec<String> {
    let mut problems = Vec::new();
    for node in &graph.nodes {
        let Some(using) = node.plugin() else { continue };
        match plugins.get(using.name.as_str()) {
            None => problems.push(format!(
                "node `{}` uses the plugin `{}`, which is neither in the file nor shipped; add it to [plugins] of minion.toml",
                node.id, using.name
            )),
            Some(part) if node.kind == minion_grants::NodeKind::Gate && part.bundle.manifest.gate.is_none() => {
                problems.push(format!(
                    "node `{}` is a gate, but the plugin `{}` may not stand as one (no [gate] in its minion.toml)",
                    node.id, using.name
                ));
            }
            Some(_) => {}
        }
    }
    problems
}

fn prompts(graph: &Graph, bundle: &Bundle) -> Vec<String> {
    let named = graph
        .nodes
        .iter()
        .filter_map(|node| Some((node, node.agent.as_ref()?)));
    named
        .flat_map(|(node, agent)| agent.prompts.iter().map(move |prompt| (node, prompt)))
        .filter(|(_, prompt)| !bundle.prompts.contains_key(prompt.as_str()))
        .map(|(node, prompt)| {
            format!("node `{}` names the prompt `{prompt}`, which is not in the file; add it to [prompts] of minion.toml", node.id)
        })
        .collect()
}

impl Inspected {
    /// The component.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// Its plugins by name.
    pub fn plugins(&self) -> &BTreeMap<PartName, Part> {
        &self.plugins
    }

    /// What a reviewer should know, though it refuses nothing.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The state machine; an empty one for a plugin, which has none.
    pub fn graph(&self) -> Option<&Graph> {
        self.bundle.graph.as_ref()
    }

    /// The folder it was built from by this very command.
    pub fn source(&self) -> Option<&Path> {
        self.source.as_deref()
    }

    /// Whether it is a blueprint, which can be run; a plugin cannot.
    pub fn is_blueprint(&self) -> bool {
        self.bundle.kind == ComponentKind::Blueprint
    }
}
