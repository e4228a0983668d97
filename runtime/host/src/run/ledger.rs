//! What the gates judged, and what the change did that a person should hear of.

use crate::services::plugins::{TestOutcome, TestReport};
use minion_grants::{Approval, Digest, Evidence};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Judgements of one run. Only `gate` adds to it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) evidence: Vec<Evidence>,
    /// What a gate's tests were at the base, by plugin and parameters.
    pub(super) base: BTreeMap<(Digest, String), Option<TestReport>>,
    /// What humans said of trees.
    pub(super) approvals: Vec<Approval>,
    /// Tests of the base that were missing, by tree.
    pub(super) missing: BTreeMap<String, Vec<String>>,
}

impl Ledger {
    pub(super) fn key(plugin: &Digest, parameters: &Value) -> (Digest, String) {
        (*plugin, parameters.to_string())
    }
}

/// Tests that ran at the base and did not run now.
pub(super) fn missing(base: &TestReport, now: &TestReport) -> Vec<String> {
    let ran = |report: &TestReport| -> BTreeSet<String> {
        let ran = report
            .cases
            .iter()
            .filter(|case| case.1 != TestOutcome::Skipped);
        ran.map(|case| case.0.clone()).collect()
    };
    ran(base).difference(&ran(now)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(cases: &[(&str, TestOutcome)]) -> TestReport {
        let cases = cases
            .iter()
            .map(|(name, outcome)| ((*name).to_owned(), *outcome))
            .collect();
        TestReport {
            complete: true,
            cases,
        }
    }

    #[test]
    fn a_deleted_and_a_skipped_test_are_both_missing() {
        let base = report(&[
            ("a", TestOutcome::Passed),
            ("b", TestOutcome::Failed),
            ("c", TestOutcome::Skipped),
        ]);
        let now = report(&[("a", TestOutcome::Skipped), ("d", TestOutcome::Passed)]);
        assert_eq!(missing(&base, &now), ["a", "b"]);
    }
}
