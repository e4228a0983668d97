//! What a component is, asks, can and cannot: the reviewer's page.

use super::drawing::{Drawing, TooMany};
use super::progress::mark;
use super::say;
use minion_grants::{Basis, CapabilityKind, Facts, Graph, NodeId, facts, shown};
use minion_host::Inspected;
use serde_json::{Value, json};

/// Writes everything that is known of a component to stdout.
pub(crate) fn page(inspected: &Inspected) {
    let bundle = inspected.bundle();
    let manifest = &bundle.manifest;
    say(&format!(
        "{} {}   {}   contract {}",
        manifest.name, manifest.version, bundle.digest, bundle.contract
    ));
    say(&shown(&manifest.summary));
    say(&parts(inspected));
    if let Some(graph) = inspected.graph() {
        drawn(graph);
        proved(graph);
    }
    let (own, others) = all_facts(inspected);
    say("");
    can(&own);
    for (name, facts) in &others {
        say(&format!("plugin      {name}"));
        can(facts);
    }
    cannot(&own, &others);
    look_at(&own, &others);
    for (index, (name, says)) in manifest.inputs.iter().enumerate() {
        let head = if index == 0 { "inputs" } else { "" };
        line(head, &format!("{name}: \"{}\"", shown(says)));
    }
    for note in inspected.notes() {
        line("note", note);
    }
    line("imports", &names(inspected).join(" "));
    line("surface", &inspected.surface().hash().surface.to_string());
}

/// The graph with what each node may do, ready to be drawn; none of a plugin.
pub(crate) fn drawing(inspected: &Inspected) -> Option<Result<Drawing, TooMany>> {
    let (own, others) = all_facts(inspected);
    Some(Drawing::of(inspected.graph()?, &own, &others))
}

/// The same as data.
pub(crate) fn as_json(inspected: &Inspected) -> Value {
    let bundle = inspected.bundle();
    let (own, others) = all_facts(inspected);
    let plugins: Vec<_> = inspected
        .plugins()
        .iter()
        .map(|(name, part)| json!({
            "name": name, "digest": part.bundle.digest.to_string(), "origin": part.origin,
            "version": part.bundle.manifest.version.to_string(), "bytes": part.bundle.bytes.len(),
        }))
        .collect();
    json!({
        "name": bundle.manifest.name, "version": bundle.manifest.version.to_string(),
        "digest": bundle.digest.to_string(), "contract": bundle.contract.to_string(),
        "bytes": bundle.bytes.len(), "manifest": serde_json::from_slice::<Value>(&bundle.manifest.to_json()).unwrap_or_default(),
        "graph": inspected.graph(), "plugins": plugins, "imports": names(inspected),
        "facts": own, "plugin-facts": others.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        "notes": inspected.notes(), "surface": inspected.surface().hash(),
    })
}

fn names(inspected: &Inspected) -> Vec<String> {
    inspected
        .bundle()
        .imports
        .iter()
        .map(|import| import.name.clone())
        .collect()
}

fn all_facts(inspected: &Inspected) -> (Facts, Vec<(String, Facts)>) {
    let own = facts(
        &inspected.bundle().manifest,
        &names(inspected),
        inspected.graph(),
    );
    let of_part = |part: &minion_host::Part| {
        let imports: Vec<String> = part
            .bundle
            .imports
            .iter()
            .map(|import| import.name.clone())
            .collect();
        facts(&part.bundle.manifest, &imports, None)
    };
    let others = inspected
        .plugins()
        .iter()
        .map(|(name, part)| (name.to_string(), of_part(part)))
        .collect();
    (own, others)
}

fn parts(inspected: &Inspected) -> String {
    let own = inspected.bundle().bytes.len();
    let plugins = inspected.plugins().iter().map(|(name, part)| {
        let manifest = &part.bundle.manifest;
        let origin = serde_json::to_value(part.origin).unwrap_or_default();
        format!(
            "{name} {} ({}, {})",
            manifest.version,
            origin.as_str().unwrap_or_default(),
            part.bundle.digest.short()
        )
    });
    let listed: Vec<String> = plugins.collect();
    let with = if listed.is_empty() {
        String::new()
    } else {
        format!(", with {}", listed.join(" · "))
    };
    format!("{} KB{with}", own.div_ceil(1024))
}

fn drawn(graph: &Graph) {
    say("");
    for (index, node) in graph.nodes.iter().enumerate() {
        let edges: Vec<_> = node
            .edges
            .iter()
            .map(|edge| format!("{} → {}", edge.label, edge.to))
            .collect();
        let bound = node.max_visits.as_ref().map_or_else(String::new, |bound| {
            format!(", at most {} visits, then {}", bound.visits, bound.then)
        });
        let plugin = node
            .plugin()
            .map_or_else(String::new, |plugin| format!(" = {}", plugin.name));
        let head = if index == 0 { "graph" } else { "" };
        let start = if node.id == graph.start {
            "(start) "
        } else {
            ""
        };
        say(&format!(
            "{head:<11} {} {}{plugin}  {start}{}{bound}",
            mark(node.kind),
            node.id,
            edges.join(", ")
        ));
    }
}

fn proved(graph: &Graph) {
    let ways = graph.gates_on_every_way_to_delivered();
    let from = ids(&ways.from).join(", ");
    if !ways.possible {
        line("proved", "delivered cannot be reached");
    } else if ways.proved.is_empty() {
        line("proved", "no gate stands on every way to delivered");
    } else {
        let gates = ids(&ways.proved).join(" and through ");
        line(
            "proved",
            &format!("every way from {from} to delivered goes through {gates}"),
        );
    }
    for around in &ways.around {
        line(
            "",
            &format!(
                "{} can be passed by: {}",
                around.gate,
                ids(&around.way).join(" → ")
            ),
        );
    }
}

/// What a reviewer should think about: the starred commands at once, then the rest.
fn look_at(own: &Facts, others: &[(String, Facts)]) {
    let all = || std::iter::once(own).chain(others.iter().map(|(_, facts)| facts));
    if all()
        .flat_map(|facts| &facts.can)
        .any(|can| can.runs_workspace_code)
    {
        line(
            "look at",
            "commands with a * run code of the workspace, which an agent may have written:",
        );
        line("", "what bounds them is the sandbox, not the pattern");
    }
    for (index, note) in all().flat_map(|facts| &facts.together).enumerate() {
        let head = if index == 0 { "together" } else { "" };
        line(head, &shown(note));
    }
    for note in all()
        .flat_map(|facts| &facts.look_at)
        .filter(|note| !note.contains("runs code of the workspace"))
    {
        line("look at", note);
    }
}

fn ids(nodes: &[NodeId]) -> Vec<&str> {
    nodes.iter().map(NodeId::as_str).collect()
}

/// One ask a paragraph: why, where, then what. A star marks commands that run workspace code.
fn can(facts: &Facts) {
    let mut before = None;
    for can in &facts.can {
        if before != Some(&can.ask) {
            let nodes = ids(&can.nodes);
            let place = if nodes.is_empty() {
                "wherever it runs".to_owned()
            } else {
                nodes.join(" ")
            };
            let head = if before.is_none() { "can" } else { "" };
            let reason = shown(&can.reason);
            say(&format!(
                "{head:<11} {}: \"{reason}\" ({place}; {})",
                can.ask,
                basis(can.basis)
            ));
            before = Some(&can.ask);
        }
        let star = if can.runs_workspace_code { "*" } else { " " };
        say(&format!("{:<12}{star} {}", "", shown(&can.what)));
    }
}

/// What the whole file cannot do: what its own steps cannot may be what a plugin is for.
fn cannot(own: &Facts, others: &[(String, Facts)]) {
    let commands = others
        .iter()
        .flat_map(|(_, facts)| &facts.can)
        .any(|can| can.capability == CapabilityKind::Command);
    for (index, cannot) in own.cannot.iter().enumerate() {
        let head = if index == 0 { "cannot" } else { "" };
        let what = match cannot.what.as_str() {
            "run any command" if commands => "run any other command",
            other => other,
        };
        say(&format!(
            "{head:<11} {what:<40} {} ({})",
            cannot.because,
            basis(cannot.basis)
        ));
    }
}

fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Imports => "follows from the imports",
        Basis::Enforced => "enforced per node",
    }
}

fn line(name: &str, text: &str) {
    say(&format!("{name:<11} {text}"));
}
