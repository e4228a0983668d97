//! Imports against asks: imports cannot lie, so a component that imports an
//! authority must ask for it.

use crate::{AskId, CapabilityKind, ComponentKind, Manifest};

/// What an import of a component means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMeaning {
    /// It gives this capability, within what is admitted.
    Gives(CapabilityKind),
    /// It calls other components, each within its own asks (blueprints only).
    CallsPlugins,
    /// It gives no authority: types, log lines.
    NoAuthority,
    /// It is WASI's, answered with nothing behind it: no files, no
    /// environment, no network, a closed stdin.
    Closed,
    /// No one offers it.
    Unknown,
}

/// WASI packages that the standard library imports by itself.
const CLOSED: &[&str] = &[
    "wasi:cli/",
    "wasi:io/",
    "wasi:clocks/",
    "wasi:random/",
    "wasi:filesystem/",
    "wasi:sockets/",
];

/// Says what an import means, e.g. of `minion:host/workspace@0.1.0`.
pub fn import_meaning(import: &str) -> ImportMeaning {
    let name = import.split('@').next().unwrap_or_default();
    match name {
        "minion:host/workspace" => ImportMeaning::Gives(CapabilityKind::Files),
        "minion:host/command" => ImportMeaning::Gives(CapabilityKind::Command),
        "minion:host/http" => ImportMeaning::Gives(CapabilityKind::Http),
        "minion:host/agent" => ImportMeaning::Gives(CapabilityKind::Agent),
        "minion:host/plugins" => ImportMeaning::CallsPlugins,
        "minion:host/types" | "minion:host/log" | "minion:blueprint/graph" => {
            ImportMeaning::NoAuthority
        }
        _ if CLOSED.iter().any(|package| name.starts_with(package)) => ImportMeaning::Closed,
        _ => ImportMeaning::Unknown,
    }
}

/// Where manifest and imports part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestProblem {
    /// It imports what it does not ask for.
    #[error(
        "it imports `{import}` but asks for no `{kind}`; add an `[[ask]]` with `{kind}` to `minion.toml`"
    )]
    NotAsked {
        /// The import.
        import: String,
        /// What it gives.
        kind: CapabilityKind,
    },
    /// It imports what a component of its kind cannot have.
    #[error("it imports `{0}`, which a plugin cannot have")]
    NotForPlugins(String),
    /// It imports what no one offers.
    #[error("it imports `{0}`, which this runtime does not offer")]
    NotOffered(String),
    /// It asks for what its own code cannot use. A note: tools of an agent or
    /// the host itself may use it.
    #[error("it asks for `{kind}` (ask `{ask}`) but does not import it")]
    NotImported {
        /// The ask.
        ask: AskId,
        /// Its kind.
        kind: CapabilityKind,
    },
}

impl ManifestProblem {
    /// Whether the component is refused for it; otherwise it is a note.
    pub fn is_refused(&self) -> bool {
        !matches!(self, Self::NotImported { .. })
    }
}

/// Compares imports with asks. An import without an ask is refused, an ask
/// without an import is a note; see [`ManifestProblem::is_refused`].
pub fn unproven(imports: &[String], manifest: &Manifest) -> Vec<ManifestProblem> {
    let plugin = manifest.kind == ComponentKind::Plugin;
    let refused = imports
        .iter()
        .filter_map(|import| match import_meaning(import) {
            ImportMeaning::Gives(CapabilityKind::Agent) | ImportMeaning::CallsPlugins if plugin => {
                Some(ManifestProblem::NotForPlugins(crate::shown(import)))
            }
            ImportMeaning::Gives(kind) if !manifest.asks_for(kind) => {
                Some(ManifestProblem::NotAsked {
                    import: crate::shown(import),
                    kind,
                })
            }
            ImportMeaning::Unknown => Some(ManifestProblem::NotOffered(crate::shown(import))),
            _ => None,
        });
    let given: Vec<_> = imports
        .iter()
        .map(|import| import_meaning(import))
        .collect();
    let notes = manifest.asks.iter().filter_map(|ask| {
        let kind = ask.capability.kind();
        let by_host = kind == CapabilityKind::Delivery;
        let idle = !by_host && !given.contains(&ImportMeaning::Gives(kind));
        idle.then(|| ManifestProblem::NotImported {
            ask: ask.id.clone(),
            kind,
        })
    });
    refused.chain(notes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(kind: &str, asks: &str) -> Manifest {
        let text = format!(
            r#"{{"name":"a/b","version":"1.0.0","contract":"0.1.0","kind":"{kind}","summary":"","asks":[{asks}]}}"#
        );
        Manifest::from_json(text.as_bytes()).unwrap()
    }

    const FILES: &str = r#"{"id":"f","reason":"r","files":{"read":["**"]}}"#;

    #[test]
    fn import_without_ask_is_refused() {
        let imports = [
            "minion:host/workspace@0.1.0".to_owned(),
            "minion:host/command@0.1.0".to_owned(),
        ];
        let problems = unproven(&imports, &manifest("plugin", FILES));
        assert_eq!(problems.len(), 1);
        assert!(problems[0].is_refused());
        assert!(problems[0].to_string().contains("minion:host/command"));
    }

    #[test]
    fn ask_without_import_is_a_note() {
        let problems = unproven(
            &["minion:host/log@0.1.0".to_owned()],
            &manifest("blueprint", FILES),
        );
        assert_eq!(problems.len(), 1);
        assert!(!problems[0].is_refused());
    }

    #[test]
    fn what_no_one_offers_is_refused() {
        for import in [
            "wasi:http/outgoing-handler@0.2.0",
            "env",
            "minion:host/secrets@0.1.0",
            "minion:host/workspaces",
        ] {
            let problems = unproven(&[import.to_owned()], &manifest("blueprint", ""));
            assert!(
                matches!(problems[..], [ManifestProblem::NotOffered(_)]),
                "{import}"
            );
        }
    }

    #[test]
    fn plugin_that_imports_a_model_is_refused() {
        for import in ["minion:host/agent@0.1.0", "minion:host/plugins@0.1.0"] {
            let problems = unproven(&[import.to_owned()], &manifest("plugin", ""));
            assert!(
                matches!(problems[..], [ManifestProblem::NotForPlugins(_)]),
                "{import}"
            );
        }
    }
}
