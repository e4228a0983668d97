//! Third stage: what the component asks, met with what was granted. Without this stage's
//! value nothing can be linked, so nothing runs unadmitted.

use crate::inspect::Inspected;
use minion_grants::{
    Admission, Date, GrantSources, Graph, PartName, Refused, Subject, SubjectPart, admit as judge,
};
use std::collections::BTreeMap;

/// A component with the authority that it was given.
#[derive(Debug)]
pub struct Admitted {
    inspected: Inspected,
    graph: Graph,
    admission: Admission,
}

/// It was not admitted.
#[derive(Debug, thiserror::Error)]
pub enum AdmitError {
    /// Only blueprints are run by themselves.
    #[error("`{0}` is a plugin; a blueprint that bundles it can be run")]
    NotABlueprint(String),
    /// Grants are missing, or do not hold any more; everything at once.
    #[error(transparent)]
    Refused(Box<Refused>),
}

/// Judges a component against the operator's grants.
///
/// # Errors
/// [`AdmitError`] with everything that is missing, at once.
pub fn admit(
    inspected: Inspected,
    grants: &GrantSources<'_>,
    today: Date,
) -> Result<Admitted, AdmitError> {
    let bundle = inspected.bundle();
    let manifest = &bundle.manifest;
    let Some(graph) = bundle.graph.clone() else {
        return Err(AdmitError::NotABlueprint(manifest.name.to_string()));
    };
    match judge(&subject_of(&inspected, &graph), grants, today) {
        Ok(admission) => Ok(Admitted {
            inspected,
            graph,
            admission,
        }),
        Err(refused) => Err(AdmitError::Refused(refused.into())),
    }
}

/// Who asks: a component with its parts; none for a plugin, which is not run by itself.
pub fn subject(inspected: &Inspected) -> Option<Subject> {
    let graph = inspected.graph()?;
    Some(subject_of(inspected, graph))
}

fn subject_of(inspected: &Inspected, graph: &Graph) -> Subject {
    let bundle = inspected.bundle();
    let part = |(name, part): (&PartName, &crate::inspect::Part)| SubjectPart {
        name: name.clone(),
        digest: part.bundle.digest,
        origin: part.origin,
        manifest: part.bundle.manifest.clone(),
    };
    Subject {
        digest: bundle.digest,
        source: inspected.source().map(std::path::Path::to_owned),
        publisher: None,
        surface: inspected.surface().hash(),
        manifest: bundle.manifest.clone(),
        graph: graph.clone(),
        parts: inspected.plugins().iter().map(part).collect(),
        shipped: shipped(),
    }
}

/// What `std:` names mean.
fn shipped() -> BTreeMap<PartName, minion_grants::Digest> {
    let known = minion_shipped::plugins().iter().filter_map(|plugin| {
        let name = plugin.name.parse().ok()?;
        Some((name, plugin.digest))
    });
    known.collect()
}

impl Admitted {
    /// The component.
    pub fn inspected(&self) -> &Inspected {
        &self.inspected
    }

    /// What it may do.
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Its state machine.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    pub(crate) fn into_parts(self) -> (Inspected, Graph, Admission) {
        (self.inspected, self.graph, self.admission)
    }
}
