//! What the judge answers: allowed by a rule, or denied with the four facts
//! that a guest, the journal and a human need.

use serde::{Deserialize, Serialize};

use crate::CapabilityKind;

/// The judge's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may happen.
    Allow {
        /// The rule that decided: ``grants.toml:14 files.read `src/**` ``.
        rule: String,
    },
    /// It may not.
    Deny(Denial),
}

impl Verdict {
    /// Whether it may happen.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow { .. })
    }

    /// The rule that decided, whichever way.
    pub fn rule(&self) -> &str {
        match self {
            Self::Allow { rule } => rule,
            Self::Deny(denial) => &denial.rule,
        }
    }

    /// As a result: the rule, or the denial.
    pub fn into_result(self) -> Result<String, Denial> {
        match self {
            Self::Allow { rule } => Ok(rule),
            Self::Deny(denial) => Err(denial),
        }
    }
}

/// Why something was denied. All text is escaped and bounded.
///
/// Rules, stable: `not-asked`, `not-needed-by-node`, `not-granted`,
/// `above-ceiling`, `denied-by-operator`, `secret-looking-file`, `protected-path`, `git-folder`,
/// `not-a-path`, `not-a-program`, `option-not-named`, `not-agentic`,
/// `not-a-request`, `private-address`, `forbidden-header`, `not-in-a-gate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{capability} `{target}` is denied ({rule}); {cure}")]
#[serde(rename_all = "kebab-case")]
pub struct Denial {
    /// What kind of capability was missing.
    pub capability: CapabilityKind,
    /// What was asked for: a path, a command line, a tool.
    pub target: String,
    /// The rule that decided.
    pub rule: String,
    /// One line that would cure it, for a human to judge.
    pub cure: String,
}
