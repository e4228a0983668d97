//! Words that were given for an earlier version of a blueprint: what they meant then, and no
//! more, is what they mean for a later one.

use super::{GrantSources, Subject, handover, sources};
use crate::delivery::Requirement;
use crate::rules::{AgentRule, Rules};
use crate::{Capability, Digest, Manifest, PartName};

/// What the earlier version of a part asked, where `--allow-asked` was given for that; a part
/// that it did not have asked nothing.
pub(super) fn bound(
    sources: &GrantSources<'_>,
    subject: &Subject,
    part: &PartName,
) -> Option<Rules> {
    let before = sources.before.filter(|_| sources.allow_asked)?;
    let manifest = if *part == subject.manifest.name {
        Some(&before.manifest)
    } else {
        let found = before.parts.iter().find(|known| known.name == *part);
        found.map(|part| &part.manifest)
    };
    Some(manifest.map(asked).unwrap_or_default())
}

/// What it asked, as rules that give exactly that.
fn asked(manifest: &Manifest) -> Rules {
    let mut rules = sources::asked(manifest);
    let agents = manifest
        .asks
        .iter()
        .filter_map(|ask| match &ask.capability {
            Capability::Agent(agent) => Some(AgentRule {
                models: vec![agent.model.clone()],
                tools: Some(agent.tools.clone()),
                max_turns: Some(agent.max_turns),
                max_tokens: Some(agent.max_tokens),
                from: sources::ALLOW_ASKED.to_owned(),
            }),
            _ => None,
        });
    rules.agents = agents.collect();
    rules
}

/// The gates that `--allow-asked` requires: those of the graph, and where it was given for an
/// earlier version, those of its graph too. None where that version asked for no delivery.
pub(super) fn gates(subject: &Subject, before: Option<&Subject>) -> Vec<Requirement> {
    let mut gates = handover::graph_gates(subject);
    let Some(before) = before else {
        return gates;
    };
    let delivers = |ask: &crate::Ask| matches!(ask.capability, Capability::Delivery(_));
    if !before.manifest.asks.iter().any(delivers) {
        return Vec::new();
    }
    let earlier = handover::graph_gates(before);
    if earlier.is_empty() {
        return Vec::new();
    }
    let missing: Vec<_> = earlier
        .into_iter()
        .filter(|gate| !gates.contains(gate))
        .collect();
    gates.extend(missing);
    gates
}

/// The bytes that a gate's name meant in the earlier version.
pub(super) fn meant(before: Option<&Subject>, gate: &PartName) -> Option<Digest> {
    handover::meant(before?, gate)
}

#[cfg(test)]
#[path = "before_tests.rs"]
mod tests;
