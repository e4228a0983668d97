//! Handing over a tree: where to, after which gates, with which doubtful
//! changes accepted. Fewer gates and more acceptances reach further.

use std::fmt;

use serde::Serialize;

use super::set::Atom;
use crate::delivery::{DeliveryRule, Requirement};
use crate::{DeliveryTarget, PathPattern};

/// The terms of a delivery.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Handover {
    pub(crate) to: DeliveryTarget,
    pub(crate) require: Vec<Requirement>,
    pub(crate) self_steered: Accepts,
    pub(crate) protected: Accepts,
    pub(crate) basic: bool,
    pub(crate) unsandboxed: bool,
}

/// The changes that are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Accepts {
    /// Whoever asks leaves it to the operator.
    Any,
    Only(Vec<PathPattern>),
}

/// One hand-over, with all that is doubtful about it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HandedOver {
    pub(crate) to: DeliveryTarget,
    pub(crate) passed: Vec<Requirement>,
    pub(crate) self_steered: Vec<String>,
    pub(crate) protected: Vec<String>,
    /// Evidence from a weaker sandbox than *full*, or from none.
    pub(crate) basic: bool,
    pub(crate) unsandboxed: bool,
}

impl Handover {
    /// What an ask for it comes to: the terms are the operator's.
    pub(crate) fn open(to: DeliveryTarget) -> Self {
        Self {
            to,
            require: Vec::new(),
            self_steered: Accepts::Any,
            protected: Accepts::Any,
            basic: true,
            unsandboxed: true,
        }
    }
}

impl From<&DeliveryRule> for Handover {
    fn from(rule: &DeliveryRule) -> Self {
        Self {
            to: rule.to,
            require: rule.require.clone(),
            self_steered: Accepts::Only(rule.accept_self_steered.clone()),
            protected: Accepts::Only(rule.accept_protected.clone()),
            basic: rule.accept_basic,
            unsandboxed: rule.accept_unsandboxed,
        }
    }
}

impl Accepts {
    fn takes(&self, paths: &[String]) -> bool {
        match self {
            Self::Any => true,
            Self::Only(patterns) => paths
                .iter()
                .all(|path| patterns.iter().any(|pattern| pattern.matches(path))),
        }
    }

    /// Accepts these too.
    pub(crate) fn extend(&mut self, more: impl IntoIterator<Item = PathPattern>) {
        if let Self::Only(patterns) = self {
            patterns.extend(more);
        }
    }

    /// As patterns; `**` is the widest there is.
    pub(crate) fn into_patterns(self) -> Vec<PathPattern> {
        match self {
            Self::Any => "**".parse().into_iter().collect(),
            Self::Only(patterns) => patterns,
        }
    }

    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::Only(_), Self::Any) => false,
            (Self::Only(own), Self::Only(theirs)) => theirs
                .iter()
                .all(|narrow| own.iter().any(|wide| wide.covers(narrow))),
        }
    }

    /// What both accept. Of two patterns that only cross, neither is kept.
    pub(crate) fn meet(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Any, rest) | (rest, Self::Any) => rest.clone(),
            (Self::Only(own), Self::Only(theirs)) => {
                let within = |narrow: &&PathPattern, wide: &[PathPattern]| {
                    wide.iter().any(|wide| wide.covers(narrow))
                };
                let mut both: Vec<_> = own.iter().filter(|a| within(a, theirs)).cloned().collect();
                for narrow in theirs.iter().filter(|b| within(b, own)) {
                    if !both.contains(narrow) {
                        both.push(narrow.clone());
                    }
                }
                Self::Only(both)
            }
        }
    }

    fn told(&self) -> Option<String> {
        let Self::Only(patterns) = self else {
            return None;
        };
        let texts: Vec<_> = patterns.iter().map(PathPattern::as_str).collect();
        (!texts.is_empty()).then(|| texts.join(" "))
    }
}

impl Atom for Handover {
    type Deed = HandedOver;

    fn takes(&self, deed: &HandedOver) -> bool {
        self.to == deed.to
            && self.require.iter().all(|gate| deed.passed.contains(gate))
            && self.self_steered.takes(&deed.self_steered)
            && self.protected.takes(&deed.protected)
            && (self.basic || !deed.basic)
            && (self.unsandboxed || !deed.unsandboxed)
    }

    fn covers(&self, other: &Self) -> bool {
        self.to == other.to
            && self.require.iter().all(|gate| other.require.contains(gate))
            && self.self_steered.covers(&other.self_steered)
            && self.protected.covers(&other.protected)
            && (self.basic || !other.basic)
            && (self.unsandboxed || !other.unsandboxed)
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.to == other.to
    }

    fn meet(&self, other: &Self) -> Option<Self> {
        let added = other.require.iter();
        let added = added.filter(|gate| !self.require.contains(gate));
        Some(Self {
            to: self.to,
            require: self.require.iter().chain(added).cloned().collect(),
            self_steered: self.self_steered.meet(&other.self_steered),
            protected: self.protected.meet(&other.protected),
            basic: self.basic && other.basic,
            unsandboxed: self.unsandboxed && other.unsandboxed,
        })
    }
}

impl fmt::Display for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "to {}", self.to)?;
        if !self.require.is_empty() {
            let gates: Vec<_> = self.require.iter().map(|gate| gate.gate.as_str()).collect();
            write!(f, " after {}", gates.join(" "))?;
        }
        if let Some(paths) = self.self_steered.told() {
            write!(f, ", accepting self-steered {paths}")?;
        }
        if let Some(paths) = self.protected.told() {
            write!(f, ", accepting protected {paths}")?;
        }
        Ok(())
    }
}
