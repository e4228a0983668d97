//! What a reviewer reads: what a component can do, and what it provably cannot.

use serde::Serialize;

use crate::imports::{ImportMeaning, import_meaning};
use crate::{AskId, Capability, CapabilityKind, Graph, Manifest, NodeId, PartName};

/// What can and cannot happen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Facts {
    /// What it can do, if granted.
    pub can: Vec<Can>,
    /// What it cannot do, whatever is granted.
    pub cannot: Vec<Cannot>,
    /// What a reviewer should look at twice.
    pub look_at: Vec<String>,
    /// Asks that are harmless one by one and not together.
    pub together: Vec<String>,
}

/// Something that a part can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Can {
    /// The part.
    pub part: PartName,
    /// `read src/** tests/**`.
    pub what: String,
    /// Its kind.
    pub capability: CapabilityKind,
    /// The ask that says so.
    pub ask: AskId,
    /// The nodes it works in; empty: wherever the part runs.
    pub nodes: Vec<NodeId>,
    /// The author's reason.
    pub reason: String,
    /// How it is known that no more is possible.
    pub basis: Basis,
    /// It runs code of the workspace: the sandbox is the bound.
    pub runs_workspace_code: bool,
}

/// Something that no part can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cannot {
    /// `open a network connection`.
    pub what: String,
    /// How it is known.
    pub basis: Basis,
    /// In a clause.
    pub because: String,
}

/// How a fact is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The component does not import what it would take.
    Imports,
    /// The host enforces it, call by call, from the manifest and the graph.
    Enforced,
}

/// Says what a component can and cannot do, from its imports, its asks and, of
/// a blueprint, its graph. A plugin of a blueprint has facts of its own.
pub fn facts(manifest: &Manifest, imports: &[String], graph: Option<&Graph>) -> Facts {
    let mut facts = Facts::default();
    for ask in &manifest.asks {
        let nodes: Vec<NodeId> = graph
            .iter()
            .flat_map(|graph| &graph.nodes)
            .filter(|node| node.needs.contains(&ask.id))
            .map(|node| node.id.clone())
            .collect();
        for (what, runs_workspace_code) in ask.capability.told() {
            facts.can.push(Can {
                part: manifest.name.clone(),
                what,
                capability: ask.capability.kind(),
                ask: ask.id.clone(),
                nodes: nodes.clone(),
                reason: ask.reason.clone(),
                basis: Basis::Enforced,
                runs_workspace_code,
            });
        }
        look_at(&ask.capability, ask.id.as_str(), &mut facts.look_at);
    }
    facts.cannot = cannot(manifest, imports, graph);
    facts.together = crate::toxic::toxic(manifest, graph);
    facts
}

impl Capability {
    /// What it lets a part do, each with whether it runs code of the workspace:
    /// `read src/**`, `run cargo test *`.
    pub fn told(&self) -> Vec<(String, bool)> {
        let joined = |patterns: &[crate::PathPattern]| {
            patterns
                .iter()
                .map(crate::PathPattern::as_str)
                .collect::<Vec<_>>()
                .join(" ")
        };
        match self {
            Capability::Files(files) => {
                let read = (!files.read.is_empty())
                    .then(|| (format!("read {}", joined(&files.read)), false));
                let write = (!files.write.is_empty())
                    .then(|| (format!("write {}", joined(&files.write)), false));
                read.into_iter().chain(write).collect()
            }
            Capability::Command(command) => command
                .run
                .iter()
                .map(|pattern| (format!("run {pattern}"), pattern.runs_workspace_code()))
                .collect(),
            Capability::Http(http) => http
                .send
                .iter()
                .map(|pattern| match &http.credential {
                    Some(name) => (format!("send {pattern} with credential {name}"), false),
                    None => (format!("send {pattern}"), false),
                })
                .collect(),
            Capability::Agent(agent) => {
                vec![(
                    format!(
                        "ask model {}, {} tools, {} turns",
                        agent.model,
                        agent.tools.len(),
                        agent.max_turns
                    ),
                    false,
                )]
            }
            Capability::Delivery(delivery) => {
                vec![(format!("deliver to a local {}", delivery.to), false)]
            }
        }
    }
}

fn look_at(capability: &Capability, ask: &str, notes: &mut Vec<String>) {
    match capability {
        Capability::Command(command) => {
            for pattern in &command.run {
                if pattern.takes_any_option() {
                    notes.push(format!("`{pattern}` (ask `{ask}`) takes any option: what it runs is bounded by the sandbox alone"));
                } else if pattern.runs_workspace_code() {
                    notes.push(format!("`{pattern}` (ask `{ask}`) runs code of the workspace: what bounds it is the sandbox, not the pattern"));
                }
            }
        }
        Capability::Files(files) => {
            for (patterns, changes) in [(&files.read, false), (&files.write, true)] {
                for pattern in patterns {
                    for mark in crate::rules::opened_marks(pattern, changes) {
                        notes.push(format!(
                            "`{pattern}` (ask `{ask}`) names a closed file: {}",
                            mark.why
                        ));
                    }
                }
            }
        }
        Capability::Http(http) => http_to_look_at(http, ask, notes),
        Capability::Agent(_) | Capability::Delivery(_) => {}
    }
}

fn http_to_look_at(http: &crate::HttpAsk, ask: &str, notes: &mut Vec<String>) {
    for pattern in &http.send {
        let why = if pattern.is_private() {
            "goes outside of the public internet"
        } else if pattern.is_wide() {
            "takes every host under this name, whoever has it"
        } else if !pattern.is_tls() {
            "goes without TLS: anybody on the way can read and change it"
        } else {
            continue;
        };
        notes.push(format!("`{pattern}` (ask `{ask}`) {why}"));
    }
}

const NETWORK: &str = "open a network connection";

fn cannot(manifest: &Manifest, imports: &[String], graph: Option<&Graph>) -> Vec<Cannot> {
    let fact = |what: &str, basis, because: &str| Cannot {
        what: what.to_owned(),
        basis,
        because: because.to_owned(),
    };
    let mut facts = network_and_environment(imports);
    if manifest.asks_for(CapabilityKind::Http) {
        facts.retain(|fact| fact.what != NETWORK);
    }
    let gives = |kind| {
        imports
            .iter()
            .any(|import| import_meaning(import) == ImportMeaning::Gives(kind))
    };
    let tools = gives(CapabilityKind::Agent);
    for (kind, all) in [
        (CapabilityKind::Files, "read or change any file"),
        (CapabilityKind::Command, "run any command"),
        (CapabilityKind::Agent, "reach a model"),
    ] {
        if !manifest.asks_for(kind) {
            // Tools of an agent work for it: then the absence of the import proves nothing by itself.
            let basis = if gives(kind) || tools {
                Basis::Enforced
            } else {
                Basis::Imports
            };
            let because = if basis == Basis::Imports {
                "no such import, and no such ask"
            } else {
                "no such ask"
            };
            facts.push(fact(all, basis, because));
        }
    }
    if manifest.asks_for(CapabilityKind::Files) {
        facts.push(fact(
            "read or change any other file",
            Basis::Enforced,
            "each path is judged on the opened file",
        ));
    }
    if manifest.asks_for(CapabilityKind::Command) {
        facts.push(fact(
            "run any other command",
            Basis::Enforced,
            "each command is judged against its patterns",
        ));
    }
    if manifest.asks_for(CapabilityKind::Http) {
        facts.push(fact(
            "send any other request",
            Basis::Enforced,
            "each request is judged, and each address before it is connected to",
        ));
    }
    if let Some(graph) = graph.filter(|_| manifest.asks_for(CapabilityKind::Agent)) {
        let agentic: Vec<_> = graph
            .nodes
            .iter()
            .filter(|node| node.agent.is_some())
            .map(|node| node.id.as_str())
            .collect();
        facts.push(fact(
            &format!("reach a model outside of {}", agentic.join(", ")),
            Basis::Enforced,
            "only agentic nodes reach one",
        ));
    }
    if manifest.asks_for(CapabilityKind::Delivery) {
        facts.push(fact(
            "deliver anywhere but to a local branch",
            Basis::Enforced,
            "the host alone delivers",
        ));
    } else {
        facts.push(fact(
            "deliver",
            Basis::Enforced,
            "no such ask; the host alone delivers",
        ));
    }
    facts
}

fn network_and_environment(imports: &[String]) -> Vec<Cannot> {
    const WASI: [(&str, &[&str]); 4] = [
        (NETWORK, &["wasi:sockets/", "wasi:http/"]),
        ("read the environment", &["wasi:cli/environment"]),
        ("see the real clock", &["wasi:clocks/"]),
        ("open a file by WASI", &["wasi:filesystem/"]),
    ];
    let fact = |(what, packages): &(&str, &[&str])| {
        let imported = imports
            .iter()
            .any(|import| packages.iter().any(|package| import.starts_with(package)));
        let (basis, because) = if imported {
            (
                Basis::Enforced,
                "its import is answered with nothing behind it",
            )
        } else {
            (Basis::Imports, "no such import")
        };
        Cannot {
            what: (*what).to_owned(),
            basis,
            because: because.to_owned(),
        }
    };
    WASI.iter().map(fact).collect()
}

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
