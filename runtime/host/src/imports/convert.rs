//! Between the door's words and the generated ones.

use crate::bindings::host::types as wit;
use minion_agents::{Finding, Severity};
use minion_door::{Failure, LimitKind, LimitReached};
use minion_grants::Denial;

impl From<Denial> for wit::Denial {
    fn from(denial: Denial) -> Self {
        Self {
            capability: denial.capability.to_string(),
            target: denial.target,
            rule: denial.rule,
            cure: denial.cure,
        }
    }
}

impl From<LimitReached> for wit::LimitReached {
    fn from(limit: LimitReached) -> Self {
        let kind = match limit.kind {
            LimitKind::Turns => wit::LimitKind::Turns,
            LimitKind::Tokens => wit::LimitKind::Tokens,
            LimitKind::ToolCalls => wit::LimitKind::ToolCalls,
            LimitKind::WallTime => wit::LimitKind::WallTime,
            LimitKind::Memory => wit::LimitKind::Memory,
            LimitKind::Output => wit::LimitKind::Output,
            LimitKind::Files => wit::LimitKind::Files,
            LimitKind::Disk => wit::LimitKind::Disk,
        };
        Self {
            kind,
            allowed: limit.allowed,
        }
    }
}

impl From<Failure> for wit::Failure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Denied(denial) => Self::Denied(denial.into()),
            Failure::NotFound(what) => Self::NotFound(what),
            Failure::Invalid(what) => Self::Invalid(what),
            Failure::Limit(limit) => Self::Limit(limit.into()),
            Failure::Unavailable(what) => Self::Unavailable(what),
            Failure::Other(what) => Self::Other(what),
        }
    }
}

/// Findings as a guest gets them.
pub(crate) fn findings_to_guest(findings: &[Finding]) -> Vec<wit::Finding> {
    findings.iter().cloned().map(to_guest).collect()
}

/// Findings as a guest gave them.
pub(crate) fn findings_from_guest(findings: Vec<wit::Finding>) -> Vec<Finding> {
    findings.into_iter().map(from_guest).collect()
}

fn to_guest(finding: Finding) -> wit::Finding {
    let severity = match finding.severity {
        Severity::Error => wit::Severity::Error,
        Severity::Warning => wit::Severity::Warning,
        Severity::Note => wit::Severity::Note,
    };
    let Finding {
        file,
        line,
        rule,
        message,
        ..
    } = finding;
    wit::Finding {
        severity,
        file,
        line,
        rule,
        message,
    }
}

fn from_guest(finding: wit::Finding) -> Finding {
    let severity = match finding.severity {
        wit::Severity::Error => Severity::Error,
        wit::Severity::Warning => Severity::Warning,
        wit::Severity::Note => Severity::Note,
    };
    let wit::Finding {
        file,
        line,
        rule,
        message,
        ..
    } = finding;
    Finding {
        severity,
        file,
        line,
        rule,
        message,
    }
}
