//! The delivery grant of an admission: which gates are required, as digests,
//! and whether the graph can show them at all.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde_json::Value;

use super::{
    AdmissionProblem, Findings, GrantSources, Missing, MissingGrant, Subject, before, sources,
};
use crate::allow::Allowed;
use crate::delivery::{DeliveryGrant, DeliveryRule, RequiredGate, Requirement};
use crate::reach::Handover;
use crate::rules::{Rules, opened_marks};
use crate::{Ask, Capability, CapabilityKind, Digest, PartName};

/// Where what the command line requires comes from.
const FLAG: &str = "--allow";

/// The delivery that the blueprint asked for, if it is granted.
pub(super) fn delivery(
    subject: &Subject,
    sources: &GrantSources<'_>,
    today: Date,
    granted: &Rules,
    found: &mut Findings,
) -> Option<(DeliveryRule, DeliveryGrant)> {
    let ask = subject
        .manifest
        .asks
        .iter()
        .find(|ask| matches!(ask.capability, Capability::Delivery(_)))?;
    let Some(rule) = rule(subject, sources, today, found) else {
        note_missing(subject, ask, found);
        return None;
    };
    let own = rule.require.iter().map(|required| (required, &*rule.from));
    let added = required_by_flags(sources)
        .filter(|_| rule.from != FLAG)
        .map(|required| (required, FLAG));
    let allowed = sources
        .ceiling
        .and_then(|ceiling| ceiling.delivery.as_ref());
    let above = allowed.iter().flat_map(|allowed| &allowed.require);
    let above = above.filter(|gate| !rule.require.contains(gate));
    let require: Vec<_> = own
        .chain(added)
        .chain(above.map(|required| (required, "the ceiling")))
        .filter_map(|(required, from)| resolve((subject, sources.before), required, from, found))
        .collect();
    let mut terms = Handover::from(&rule);
    let named = granted
        .write
        .iter()
        .filter(|rule| rule.opens_marked && !opened_marks(&rule.pattern, true).is_empty());
    terms
        .protected
        .extend(named.map(|rule| rule.pattern.clone()));
    if let (Some(ceiling), Some(allowed)) = (sources.ceiling, allowed) {
        terms.protected = terms.protected.meet(&ceiling.protected());
        terms.self_steered = terms.self_steered.meet(&allowed.self_steered);
        terms.basic &= allowed.basic;
        terms.unsandboxed &= allowed.unsandboxed;
    }
    let grant = DeliveryGrant {
        to: rule.to,
        require,
        accept_self_steered: terms.self_steered.into_patterns(),
        accept_protected: terms.protected.into_patterns(),
        accept_basic: terms.basic,
        accept_unsandboxed: terms.unsandboxed,
        rule: rule.from.clone(),
    };
    Some((rule, grant))
}

/// The one rule that decides. What a human wrote goes before `--allow-asked`.
fn rule(
    subject: &Subject,
    sources: &GrantSources<'_>,
    today: Date,
    found: &mut Findings,
) -> Option<DeliveryRule> {
    let own = (&subject.manifest.name, subject.digest);
    let grants = sources.file.iter().flat_map(|file| &file.grants);
    let holding: Vec<_> = grants
        .filter(|grant| sources::holds(grant, subject, own, (sources, today), &mut found.notes))
        .collect();
    let mut rules: Vec<DeliveryRule> = holding
        .iter()
        .filter_map(|grant| grant.delivery.clone())
        .collect();
    rules.extend(from_flags(sources, found));
    if let [first, second, ..] = rules.as_slice() {
        let problem = AdmissionProblem::TwoDeliveries {
            first: first.from.clone(),
            second: second.from.clone(),
        };
        found.problems.push(problem);
    }
    if rules.is_empty() && sources.allow_asked {
        let gates = before::gates(subject, sources.before);
        if !gates.is_empty() {
            rules.push(DeliveryRule::strict(gates, "--allow-asked"));
        }
    }
    rules.into_iter().next()
}

fn from_flags(sources: &GrantSources<'_>, found: &mut Findings) -> Option<DeliveryRule> {
    let has = |wanted: fn(&Allowed) -> bool| sources.allow.iter().any(|allow| wanted(&allow.0));
    let require: Vec<Requirement> = required_by_flags(sources).cloned().collect();
    let none = has(|allowed| matches!(allowed, Allowed::NoGates));
    if none && !require.is_empty() {
        found.problems.push(AdmissionProblem::GatesAndNone);
    }
    if !has(|allowed| matches!(allowed, Allowed::Delivery(_))) {
        if none {
            found.problems.push(AdmissionProblem::NoneWithoutDelivery);
        }
        return None;
    }
    if require.is_empty() && !none {
        found.problems.push(AdmissionProblem::NoGatesNamed);
    }
    Some(DeliveryRule::strict(require, FLAG))
}

fn required_by_flags<'a>(sources: &GrantSources<'a>) -> impl Iterator<Item = &'a Requirement> {
    sources.allow.iter().filter_map(|allow| match &allow.0 {
        Allowed::Require(required) => Some(required),
        _ => None,
    })
}

/// Every gate of the graph, with its parameters, once.
pub(super) fn graph_gates(subject: &Subject) -> Vec<Requirement> {
    let mut gates: Vec<Requirement> = Vec::new();
    for (_, plugin) in subject.graph.gates() {
        let gate = Requirement {
            gate: plugin.name.clone(),
            parameters: plugin.parameters.clone(),
            digest: None,
        };
        if !gates.contains(&gate) {
            gates.push(gate);
        }
    }
    gates
}

fn note_missing(subject: &Subject, ask: &Ask, found: &mut Findings) {
    found.missing.push(MissingGrant {
        part: subject.manifest.name.clone(),
        ask: ask.id.clone(),
        capability: CapabilityKind::Delivery,
        target: "branch minion/<run>".to_owned(),
        reason: ask.reason.clone(),
        runs_workspace_code: false,
    });
    found.cures.push(Missing::Delivery(graph_gates(subject)));
}

/// A required gate as a digest, if the graph can ever show it.
fn resolve(
    (subject, earlier): (&Subject, Option<&Subject>),
    required: &Requirement,
    from: &str,
    found: &mut Findings,
) -> Option<RequiredGate> {
    let (gate, from) = (required.gate.clone(), from.to_owned());
    let in_graph: Vec<(Digest, &PartName, &Value)> = subject
        .graph
        .gates()
        .filter_map(|(_, plugin)| {
            Some((
                digest_of(subject, &plugin.name)?,
                &plugin.name,
                &plugin.parameters,
            ))
        })
        .collect();
    let there: BTreeSet<PartName> = in_graph
        .iter()
        .map(|(_, name, _)| (*name).clone())
        .collect();
    let by_name = || before::meant(earlier, &gate).or_else(|| meant(subject, &gate));
    let Some(plugin) = required.digest.or_else(by_name) else {
        let problem = AdmissionProblem::GateNotInGraph { gate, from, there };
        found.problems.push(problem);
        return None;
    };
    let same: Vec<_> = in_graph
        .iter()
        .filter(|(digest, ..)| *digest == plugin)
        .collect();
    if same
        .iter()
        .any(|(.., parameters)| **parameters == required.parameters)
    {
        return Some(RequiredGate {
            gate,
            plugin,
            parameters: required.parameters.clone(),
        });
    }
    let problem = if let Some((.., parameters)) = same.first() {
        let (required, found) = (
            crate::shown(&required.parameters.to_string()),
            crate::shown(&parameters.to_string()),
        );
        AdmissionProblem::GateParameters {
            gate,
            from,
            required,
            found,
        }
    } else if let Some((found, ..)) = in_graph.iter().find(|(_, name, _)| **name == gate) {
        AdmissionProblem::GateIsAnother {
            gate,
            from,
            required: plugin,
            found: *found,
        }
    } else {
        AdmissionProblem::GateNotInGraph { gate, from, there }
    };
    found.problems.push(problem);
    None
}

/// The plugin that a name means to the operator: `std:…` is always the shipped one.
pub(super) fn meant(subject: &Subject, gate: &PartName) -> Option<Digest> {
    if gate.as_str().starts_with("std:") {
        return subject.shipped.get(gate).copied();
    }
    digest_of(subject, gate)
}

fn digest_of(subject: &Subject, name: &PartName) -> Option<Digest> {
    subject
        .parts
        .iter()
        .find(|part| part.name == *name)
        .map(|part| part.digest)
}

#[cfg(test)]
#[path = "handover_tests.rs"]
mod tests;
