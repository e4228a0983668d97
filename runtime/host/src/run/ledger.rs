//! What the gates judged, and what the change did that a person should hear of.

use crate::services::plugins::{TestOutcome, TestReport};
use minion_grants::{Approval, Digest, Evidence};
use minion_journal::Decision;
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
    /// What a human said: a yes accepts something of its tree, a no takes back what an earlier
    /// yes accepted of the same.
    pub(super) fn decided(&mut self, decision: &Decision) {
        if decision.approved {
            self.approvals.push(Approval {
                by: decision.by.clone(),
                tree: decision.tree.clone(),
                accepts: decision.accepts.clone(),
            });
        } else {
            self.approvals.retain(|yes| yes.tree != decision.tree);
        }
    }

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
    fn a_no_takes_back_what_an_earlier_yes_accepted_of_the_same_tree() {
        let said = |approved, tree: &str| Decision {
            node: "person".to_owned(),
            approved,
            by: "ada".to_owned(),
            comment: None,
            tree: tree.to_owned(),
            accepts: vec!["conftest.py".to_owned()],
        };
        let mut ledger = Ledger::default();
        ledger.decided(&said(true, "one"));
        ledger.decided(&said(true, "two"));
        ledger.decided(&said(false, "one"));
        let left: Vec<_> = ledger.approvals.iter().map(|yes| &*yes.tree).collect();
        assert_eq!(left, ["two"]);
        ledger.decided(&said(true, "one"));
        assert_eq!(ledger.approvals.len(), 2);
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
