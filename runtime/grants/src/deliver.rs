//! May this tree be delivered? Evidence, changes and approvals against the
//! delivery grant. Every reason against it is named at once.

use serde::{Deserialize, Serialize};

use crate::evidence::{Approval, Counts, Evidence, GateVerdict, PathChange, SandboxLevel};
use crate::{DeliveryGrant, DeliveryTarget, Digest, Origin, PartName, PathPattern, RequiredGate};

/// A delivery that may happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Delivery {
    /// Where to.
    pub to: DeliveryTarget,
    /// The tree, and no other.
    pub tree: String,
    /// The gates that carried it.
    pub gates: Vec<GateUsed>,
    /// Doubtful changes that were accepted: the path, and by whom.
    pub accepted: Vec<(String, String)>,
}

/// A gate whose evidence carried a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct GateUsed {
    /// The plugin's name.
    pub gate: PartName,
    /// The plugin that judged.
    pub plugin: Digest,
    /// Where its bytes came from.
    pub origin: Origin,
    /// What held its commands.
    pub sandbox: SandboxLevel,
}

/// One reason why a tree is not delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryRefusal {
    /// A required gate has no evidence at all.
    #[error("required gate `{gate}` has not judged any tree")]
    NoEvidence {
        /// The gate.
        gate: PartName,
    },
    /// There is evidence, for another tree.
    #[error("required gate `{gate}` judged tree `{judged}`, not this one")]
    OtherTree {
        /// The gate.
        gate: PartName,
        /// The tree it judged last.
        judged: String,
    },
    /// There is evidence, by other bytes under the same name.
    #[error(
        "gate `{gate}` was judged by another plugin of that name ({plugin}); required is {required}"
    )]
    OtherPlugin {
        /// The gate.
        gate: PartName,
        /// What judged.
        plugin: Digest,
        /// What has to.
        required: Digest,
    },
    /// There is evidence, with other parameters.
    #[error("gate `{gate}` was judged with other parameters than required")]
    OtherParameters {
        /// The gate.
        gate: PartName,
    },
    /// It judged, and not in favour.
    #[error("required gate `{gate}` says `{verdict}` about this tree")]
    NotPassed {
        /// The gate.
        gate: PartName,
        /// What it said.
        verdict: GateVerdict,
    },
    /// It has judged this tree both ways.
    #[error(
        "required gate `{gate}` has said `{verdict}` about this tree as well as `pass`: it does not judge the same way twice"
    )]
    Unsteady {
        /// The gate.
        gate: PartName,
        /// What it also said.
        verdict: GateVerdict,
    },
    /// Its tests do not carry a pass.
    #[error("gate `{gate}`: {why}")]
    Tests {
        /// The gate.
        gate: PartName,
        /// What is wrong with the counts.
        why: String,
    },
    /// Its commands were not held well enough.
    #[error("gate `{gate}` ran at sandbox level `{sandbox}`, which the grant does not accept")]
    Sandbox {
        /// The gate.
        gate: PartName,
        /// The level.
        sandbox: SandboxLevel,
    },
    /// The change can turn its own verdict.
    #[error(
        "the change steers its own verdict: `{path}` ({why}); accept it with `accept-self-steered`, or approve it"
    )]
    SelfSteered {
        /// The file, escaped.
        path: String,
        /// How it steers.
        why: String,
    },
    /// The change touches what others execute later.
    #[error(
        "the change touches a protected path: `{path}` ({why}); accept it with `accept-protected`, or approve it"
    )]
    Protected {
        /// The file, escaped.
        path: String,
        /// What executes it.
        why: String,
    },
    /// The change makes or alters what looks like a credential; no gate has seen it.
    #[error(
        "the change touches a secret-looking file, which no gate sees: `{path}` ({why}); accept it with `accept-protected`, or approve it"
    )]
    Secret {
        /// The file, escaped.
        path: String,
        /// What it looks like.
        why: String,
    },
    /// The change makes or alters a git folder.
    #[error("the change contains git's own folder: `{path}`")]
    GitFolder {
        /// The file, escaped.
        path: String,
    },
}

/// Decides whether exactly `tree` may be delivered. `base_changes` is all that
/// differs between the base's tree and it, whoever wrote it.
pub fn deliverable(
    grant: &DeliveryGrant,
    tree: &str,
    base_changes: &[PathChange],
    evidence: &[Evidence],
    approvals: &[Approval],
) -> Result<Delivery, Vec<DeliveryRefusal>> {
    let mut refusals = Vec::new();
    let mut gates = Vec::new();
    for required in &grant.require {
        match carrying(grant, required, tree, evidence) {
            Ok(found) => {
                gates.push(GateUsed {
                    gate: required.gate.clone(),
                    plugin: found.plugin,
                    origin: found.origin,
                    sandbox: found.sandbox,
                });
            }
            Err(refusal) => refusals.push(refusal),
        }
    }
    let mut accepted = Vec::new();
    let steered = steering_changes(base_changes, evidence, tree);
    let approvals: Vec<_> = approvals
        .iter()
        .filter(|approval| approval.tree == tree)
        .collect();
    let judged = !grant.require.is_empty();
    for (path, why) in steered.into_iter().filter(|_| judged) {
        match accepted_by(&path, &grant.accept_self_steered, &approvals, grant) {
            Some(by) => accepted.push((crate::shown(&path), by)),
            None => refusals.push(DeliveryRefusal::SelfSteered {
                path: crate::shown(&path),
                why,
            }),
        }
    }
    for change in base_changes {
        let path = crate::shown(&change.path);
        if crate::marks::in_git(&change.path) {
            refusals.push(DeliveryRefusal::GitFolder { path });
            continue;
        }
        let (protected, secret) = (
            crate::protected(&change.path),
            crate::secret_looking(&change.path),
        );
        let Some(why) = protected.or(secret).map(str::to_owned) else {
            continue;
        };
        match accepted_by(&change.path, &grant.accept_protected, &approvals, grant) {
            Some(by) => accepted.push((path, by)),
            None if protected.is_some() => refusals.push(DeliveryRefusal::Protected { path, why }),
            None => refusals.push(DeliveryRefusal::Secret { path, why }),
        }
    }
    if refusals.is_empty() {
        return Ok(Delivery {
            to: grant.to,
            tree: tree.to_owned(),
            gates,
            accepted,
        });
    }
    Err(refusals)
}

/// What of the change can turn a verdict: by its names, and by what the gates'
/// profiles found. In the order of paths.
fn steering_changes(
    changes: &[PathChange],
    evidence: &[Evidence],
    tree: &str,
) -> Vec<(String, String)> {
    let by_name = changes.iter().filter_map(|change| {
        crate::steering(&change.path).map(|found| (change.path.clone(), found.why.to_owned()))
    });
    let found = evidence
        .iter()
        .filter(|found| found.tree == tree)
        .flat_map(|found| &found.steering);
    let found = found.map(|change| (change.path.clone(), change.why.clone()));
    let mut all: std::collections::BTreeMap<_, _> = found.collect();
    all.extend(by_name);
    all.into_iter().collect()
}

fn accepted_by(
    path: &str,
    patterns: &[PathPattern],
    approvals: &[&Approval],
    grant: &DeliveryGrant,
) -> Option<String> {
    if let Some(pattern) = patterns.iter().find(|pattern| pattern.matches(path)) {
        return Some(format!("{} `{pattern}`", grant.rule));
    }
    let approval = approvals
        .iter()
        .find(|approval| approval.accepts.iter().any(|accepted| accepted == path))?;
    Some(format!("approval by {}", crate::shown(&approval.by)))
}

/// The evidence that carries a required gate, or why none does. The newest
/// evidence about the tree decides, and none about it may say otherwise: a red
/// verdict is not undone by asking again.
/// The evidence that carries a required gate, or why none does.
pub(crate) fn carrying<'a>(
    grant: &DeliveryGrant,
    required: &RequiredGate,
    tree: &str,
    evidence: &'a [Evidence],
) -> Result<&'a Evidence, DeliveryRefusal> {
    let judged = |found: &&Evidence| {
        found.plugin == required.plugin && found.parameters == required.parameters
    };
    let newest = evidence
        .iter()
        .rev()
        .filter(judged)
        .find(|found| found.tree == tree);
    let found = newest.ok_or_else(|| why_none(required, tree, evidence))?;
    let gate = || required.gate.clone();
    if found.verdict != GateVerdict::Pass {
        return Err(DeliveryRefusal::NotPassed {
            gate: gate(),
            verdict: found.verdict,
        });
    }
    let mut same_tree = evidence
        .iter()
        .filter(judged)
        .filter(|found| found.tree == tree);
    if let Some(red) = same_tree.find(|found| found.verdict != GateVerdict::Pass) {
        return Err(DeliveryRefusal::Unsteady {
            gate: gate(),
            verdict: red.verdict,
        });
    }
    if let Some(why) = found.counts.and_then(|counts| counts.doubt()) {
        return Err(DeliveryRefusal::Tests { gate: gate(), why });
    }
    let held = match found.sandbox {
        SandboxLevel::Full => true,
        SandboxLevel::Basic => grant.accept_basic,
        SandboxLevel::Unsandboxed => grant.accept_unsandboxed,
    };
    if !held {
        return Err(DeliveryRefusal::Sandbox {
            gate: gate(),
            sandbox: found.sandbox,
        });
    }
    Ok(found)
}

/// Names the nearest miss.
fn why_none(required: &RequiredGate, tree: &str, evidence: &[Evidence]) -> DeliveryRefusal {
    let gate = required.gate.clone();
    let about = |found: &&Evidence| found.tree == tree;
    if evidence
        .iter()
        .filter(about)
        .any(|found| found.plugin == required.plugin)
    {
        return DeliveryRefusal::OtherParameters { gate };
    }
    if let Some(found) = evidence
        .iter()
        .filter(about)
        .find(|found| found.gate == gate)
    {
        return DeliveryRefusal::OtherPlugin {
            gate,
            plugin: found.plugin,
            required: required.plugin,
        };
    }
    match evidence
        .iter()
        .rev()
        .find(|found| found.plugin == required.plugin)
    {
        Some(found) => DeliveryRefusal::OtherTree {
            gate,
            judged: crate::shown(&found.tree),
        },
        None => DeliveryRefusal::NoEvidence { gate },
    }
}

impl Counts {
    /// Why these counts do not carry a pass, whatever the verdict says.
    pub fn doubt(&self) -> Option<String> {
        let ran = self.total.saturating_sub(self.skipped);
        let base = self.base_total.unwrap_or(0);
        let base_ran = base.saturating_sub(self.base_skipped.unwrap_or(0));
        if self.failed > 0 {
            Some(format!("{} of {} tests failed", self.failed, self.total))
        } else if ran == 0 {
            Some("no test ran".to_owned())
        } else if self.total < base {
            Some(format!("{base} tests at base, {} now", self.total))
        } else if self.base_skipped.is_some() && ran < base_ran {
            Some(format!("{base_ran} tests ran at base, {ran} now"))
        } else {
            None
        }
    }
}

#[cfg(test)]
#[path = "deliver_tests.rs"]
mod tests;
