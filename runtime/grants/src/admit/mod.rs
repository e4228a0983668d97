//! Admission: asks against grants, before anything runs.
//!
//! In come the subject (a file with its parts) and the sources of grants; out
//! comes an [`Admission`], or [`Refused`] with every missing grant at once and
//! the lines that would cure it. An ask is met when something of it is
//! granted; what of it is not is denied when it is tried.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::admission::{Admission, AdmittedPart, GrantUsed, Narrowed};
use crate::delivery::Requirement;
use crate::{
    AgentAsk, Allow, Ceiling, CommandPattern, Digest, GrantsFile, Graph, HttpPattern, Manifest,
    PartName, PathPattern, Publisher, SurfaceHash,
};

mod before;
mod check;
mod examine;
mod handover;
mod refused;
mod sources;

pub use examine::{Examined, OverGranted, examine, propose};
pub use refused::{AdmissionProblem, MissingGrant, Refused};

/// Who asks for admission: a blueprint's file with all its parts.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The digest of the whole file.
    pub digest: Digest,
    /// The folder it was built from by this very command, resolved.
    pub source: Option<PathBuf>,
    /// Who signed it, where a signature was verified; a grant to a publisher
    /// never fits a file without one.
    pub publisher: Option<Publisher>,
    /// The hash of all that a reviewer has to know of it.
    pub surface: SurfaceHash,
    /// The blueprint's manifest.
    pub manifest: Manifest,
    /// The blueprint's graph, checked.
    pub graph: Graph,
    /// Every plugin that the graph uses or the file carries.
    pub parts: Vec<SubjectPart>,
    /// The digests of the shipped plugins by name; they decide what a required
    /// `std:…` means, whatever the file carries under that name.
    pub shipped: BTreeMap<PartName, Digest>,
}

/// A plugin of a subject.
#[derive(Debug, Clone)]
pub struct SubjectPart {
    /// Its name in the blueprint.
    pub name: PartName,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Where its bytes came from.
    pub origin: Origin,
    /// Its manifest.
    pub manifest: Manifest,
}

/// Where the bytes of a component came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Built into this program.
    Shipped,
    /// Carried in the blueprint's file.
    Bundled,
    /// Installed by the operator.
    Installed,
}

/// Where grants come from.
#[derive(Debug, Clone, Copy, Default)]
pub struct GrantSources<'a> {
    /// The grants file.
    pub file: Option<&'a GrantsFile>,
    /// Each `--allow`.
    pub allow: &'a [Allow],
    /// `--allow-asked`: whatever is asked, except secret-looking and protected
    /// files, private addresses, credentials, unsandboxed commands, and a
    /// delivery without any gate.
    pub allow_asked: bool,
    /// The organisation's ceiling; none: there is none.
    pub ceiling: Option<&'a Ceiling>,
    /// The version of the blueprint that the command line's words were given for; none: this
    /// one. `--allow-asked` then grants no more than that version asked, everything beyond has
    /// to be granted in other ways, and gates are those of that version, byte for byte.
    pub before: Option<&'a Subject>,
    /// Counts earlier runs, for grants with `max-runs`; without it they grant
    /// nothing.
    pub earlier: Option<&'a dyn EarlierRuns>,
}

/// Counts the runs that a grant has admitted.
pub trait EarlierRuns: std::fmt::Debug {
    /// How many runs, but for the one that is about to go on, were admitted under
    /// the grant of this identity ([`GrantUsed::id`]).
    ///
    /// # Errors
    /// Why they cannot be counted: then the grant grants nothing.
    fn under(&self, grant: Digest) -> Result<u64, String>;
}

/// What is missing, for the lines that cure it.
#[derive(Debug, Clone)]
pub(crate) enum Missing {
    Read(Vec<PathPattern>),
    Write(Vec<PathPattern>),
    Run(Vec<CommandPattern>),
    Send(Vec<HttpPattern>),
    Agent(AgentAsk),
    Delivery(Vec<Requirement>),
}

/// What is found out while admitting.
#[derive(Default)]
pub(crate) struct Findings {
    missing: Vec<MissingGrant>,
    cures: Vec<Missing>,
    problems: Vec<AdmissionProblem>,
    notes: Vec<String>,
    narrowed: Vec<Narrowed>,
}

/// Admits a subject, or says everything that stands against it. `today` is the
/// day in UTC, for grants that expire.
#[expect(
    clippy::result_large_err,
    reason = "made once a run; a box would only hide its fields"
)]
pub fn admit(
    subject: &Subject,
    sources: &GrantSources<'_>,
    today: Date,
) -> Result<Admission, Refused> {
    let (admission, found) = weigh(subject, sources, today);
    if !found.missing.is_empty() || !found.problems.is_empty() {
        return Err(refused(subject, found));
    }
    Ok(admission)
}

/// What the sources come to, and what stands against it. Whoever gives the first
/// away looks at the second.
pub(crate) fn weigh(
    subject: &Subject,
    sources: &GrantSources<'_>,
    today: Date,
) -> (Admission, Findings) {
    let mut found = Findings::default();
    let mut parts = Vec::new();
    let mut origins = Vec::new();
    let used = sources::used(subject, sources, today);
    for (name, digest, origin, manifest) in all_parts(subject) {
        let granted = sources::rules(
            subject,
            (name, digest, manifest),
            sources,
            today,
            &mut found.notes,
        );
        let part = AdmittedPart {
            name: name.clone(),
            digest,
            origin,
            asks: manifest.asks.clone(),
            granted,
        };
        let bounds = check::Bounds {
            allowed: sources.ceiling,
            before: before::bound(sources, subject, name),
        };
        for ask in &part.asks {
            check::ask(&part, ask, &bounds, &mut found);
        }
        origins.extend(sources::origins(&part.granted));
        parts.push(part);
    }
    for plugin in subject.graph.nodes.iter().filter_map(crate::Node::plugin) {
        if !subject.parts.iter().any(|part| part.name == plugin.name) {
            found
                .problems
                .push(AdmissionProblem::PartMissing(plugin.name.clone()));
        }
    }
    let (delivery_rule, delivery) =
        handover::delivery(subject, sources, today, &parts[0].granted, &mut found).unzip();
    found.notes.extend(sources::unnamed(subject, sources));
    found.notes.sort();
    found.notes.dedup();
    origins.extend(delivery.iter().map(|grant| grant.rule.clone()));
    origins.sort();
    origins.dedup();
    let ceiling = sources.ceiling.cloned();
    let admission = Admission {
        subject: subject.digest,
        parts,
        delivery,
        delivery_rule,
        ceiling,
        narrowed: std::mem::take(&mut found.narrowed),
        sources: origins,
        limits: sources::limits(&used, sources.ceiling),
        grants: used.iter().map(|grant| GrantUsed::of(grant)).collect(),
        surface: subject.surface.surface,
    };
    (admission, found)
}

fn all_parts(subject: &Subject) -> impl Iterator<Item = (&PartName, Digest, Origin, &Manifest)> {
    let own = (
        &subject.manifest.name,
        subject.digest,
        Origin::Installed,
        &subject.manifest,
    );
    let plugins = subject
        .parts
        .iter()
        .map(|part| (&part.name, part.digest, part.origin, &part.manifest));
    std::iter::once(own).chain(plugins)
}

fn refused(subject: &Subject, found: Findings) -> Refused {
    let (lines_to_add, allow_flags) = match found.cures.as_slice() {
        [] => (String::new(), String::new()),
        cures => (
            crate::lines::lines_to_add(subject, cures),
            crate::lines::allow_flags(cures),
        ),
    };
    Refused {
        name: subject.manifest.name.clone(),
        version: subject.manifest.version.clone(),
        digest: subject.digest,
        missing: found.missing,
        problems: found.problems,
        notes: found.notes,
        lines_to_add,
        allow_flags,
    }
}

#[cfg(test)]
#[path = "admit_tests.rs"]
pub(crate) mod tests;

#[cfg(test)]
mod narrow_tests;
