//! Second stage: what a component is and asks, read from its bytes. Nothing is compiled or
//! executed.

use crate::imports::{OFFERED, baseline};
use crate::load::Loaded;
use minion_bundle::{BadFile, Bundle};
use minion_grants::{
    ComponentKind, Digest, Graph, ManifestProblem, Node, NodeKind, Origin, PartName, PluginUse,
    Schema,
};
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
        source: Box<BadFile>,
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
    inspected(loaded, origin)
}

/// Reads the component of a record, which may carry the standard plugins of another version of
/// this program. Only a replay does, where nothing is judged and nobody is posed to.
///
/// # Errors
/// As of [`inspect`].
pub(crate) fn inspect_recorded(loaded: Loaded) -> Result<Inspected, InspectError> {
    inspected(loaded, |name, plugin| {
        Ok(origin(name, plugin).unwrap_or(Origin::Bundled))
    })
}

/// Tells where a plugin of that name comes from, or why it may not be called so.
type OriginOf = fn(&str, &Bundle) -> Result<Origin, String>;

fn inspected(loaded: Loaded, origin: OriginOf) -> Result<Inspected, InspectError> {
    let Loaded {
        path,
        bytes,
        source,
        ..
    } = loaded;
    // A plugin with the digest of one of ours is ours, and ours were read by the build script
    // and by the tests of `shipped`.
    let ours: Vec<_> = minion_shipped::plugins().iter().map(|p| p.digest).collect();
    let mut bundle =
        minion_bundle::read_knowing(&bytes, &ours).map_err(|source| InspectError::Bad {
            path: path.clone(),
            source: Box::new(source),
        })?;
    let mut problems = not_offered(&bundle);
    let plugins = parts(&mut bundle, &ours, origin, &mut problems);
    problems.extend(bundle.graph.iter().flat_map(|graph| gates(graph, &plugins)));
    if !problems.is_empty() {
        return Err(InspectError::Unsound { path, problems });
    }
    let notes = bundle.notes().iter().map(ToString::to_string).collect();
    Ok(Inspected {
        bundle,
        plugins,
        notes,
        source,
    })
}

/// Imports that carry functions and that nobody here answers.
fn not_offered(bundle: &Bundle) -> Vec<String> {
    let imports = bundle.callable_imports();
    let unknown = imports.into_iter().filter(|import| !offered(import));
    unknown
        .map(|import| ManifestProblem::NotOffered(minion_grants::shown(&import)).to_string())
        .collect()
}

fn offered(import: &str) -> bool {
    let interface = import.split('@').next().unwrap_or_default();
    let ours = interface
        .strip_prefix("minion:host/")
        .is_some_and(|name| OFFERED.contains(&name));
    ours || baseline::OFFERED
        .iter()
        .any(|known| import.starts_with(known))
}

/// The plugins in the file, which are taken out of the bundle, and the shipped ones that the
/// graph names without bundling them.
fn parts(
    bundle: &mut Bundle,
    ours: &[Digest],
    origin: OriginOf,
    problems: &mut Vec<String>,
) -> BTreeMap<PartName, Part> {
    let mut parts = BTreeMap::new();
    for (name, bundle) in std::mem::take(&mut bundle.plugins) {
        let missing = not_offered(&bundle).into_iter();
        let missing: Vec<_> = missing.map(|p| format!("plugin `{name}`: {p}")).collect();
        match (name.parse::<PartName>(), origin(&name, &bundle)) {
            (Ok(part), Ok(origin)) => {
                parts.insert(part, Part { bundle, origin });
            }
            (Err(error), _) => problems.push(error.to_string()),
            (_, Err(problem)) => problems.push(problem),
        }
        problems.extend(missing);
    }
    for using in bundle
        .graph
        .iter()
        .flat_map(|graph| graph.nodes.iter().filter_map(Node::plugin))
    {
        if parts.contains_key(&using.name) {
            continue;
        }
        let Some(shipped) = minion_shipped::find(using.name.as_str()) else {
            continue;
        };
        match minion_bundle::read_knowing(shipped.bytes, ours) {
            Ok(bundle) => {
                parts.insert(
                    using.name.clone(),
                    Part {
                        bundle,
                        origin: Origin::Shipped,
                    },
                );
            }
            Err(error) => problems.push(format!(
                "the shipped `{}` cannot be read: {error}",
                using.name
            )),
        }
    }
    parts
}

/// `std:` names are ours: nothing else may be bundled under one.
fn origin(name: &str, plugin: &Bundle) -> Result<Origin, String> {
    match minion_shipped::find(name) {
        Some(shipped) if shipped.digest == plugin.digest => Ok(Origin::Shipped),
        None if !name.starts_with("std:") => Ok(Origin::Bundled),
        _ => Err(format!(
            "it bundles `{name}` ({}), which is not the shipped plugin of that name; build it again, or give it another name",
            plugin.digest.short()
        )),
    }
}

/// What is wrong with the uses of plugins in a graph.
fn gates(graph: &Graph, plugins: &BTreeMap<PartName, Part>) -> Vec<String> {
    let uses = graph
        .nodes
        .iter()
        .filter_map(|node| Some((node, node.plugin()?)));
    let problem = |(node, using): (&Node, &PluginUse)| match plugins.get(using.name.as_str()) {
        None => Some(format!(
            "node `{}` uses the plugin `{}`, which is neither in the file nor shipped; add it to [plugins] of minion.toml",
            node.id, using.name
        )),
        Some(part) => misused(node, using, part),
    };
    uses.filter_map(problem).collect()
}

/// A gate has to be one, and the parameters have to fit what the plugin says of them.
fn misused(node: &Node, using: &PluginUse, part: &Part) -> Option<String> {
    let Some(gate) = &part.bundle.manifest.gate else {
        return (node.kind == NodeKind::Gate).then(|| {
            format!(
                "node `{}` is a gate, but the plugin `{}` may not stand as one (no [gate] in its minion.toml)",
                node.id, using.name
            )
        });
    };
    let (which, why) = match Schema::compile(&gate.parameters) {
        Ok(schema) => (
            schema.misfits(&using.parameters),
            schema.check(&using.parameters).err()?,
        ),
        Err(why) => (Vec::new(), why),
    };
    let which: Vec<_> = which.iter().map(|name| format!(" `{name}`")).collect();
    Some(format!(
        "node `{}` gives the plugin `{}` parameters{} that it does not take: {why}",
        node.id,
        using.name,
        which.join(",")
    ))
}

impl Inspected {
    /// The component, without its plugins.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_plugin_under_a_standard_name_is_for_replays_alone() {
        let other = minion_bundle::read(minion_shipped::find("std:test").unwrap().bytes).unwrap();
        let found = origin("std:lint", &other);
        assert!(found.unwrap_err().contains("is not the shipped plugin"));
        assert_eq!(origin("std:test", &other), Ok(Origin::Shipped));
    }
}
