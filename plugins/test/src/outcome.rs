//! What the runners reported, and the verdict that follows from it.

use minion_sdk::{Finding, Output, TestCase, TestOutcome, TestReport, few};
use std::collections::BTreeMap;

/// What one or more runners reported.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tests {
    pub(crate) cases: Vec<TestCase>,
    pub(crate) findings: Vec<Finding>,
    /// Why the report is not complete.
    pub(crate) incomplete: Option<String>,
    /// The project doesn't even compile, so there was nothing to run.
    pub(crate) broken: bool,
}

impl Tests {
    /// Nothing that could be judged, and why.
    pub(crate) fn without_report(why: impl Into<String>) -> Self {
        Self {
            incomplete: Some(why.into()),
            ..Self::default()
        }
    }

    /// Several reports as one; it is complete if each is.
    pub(crate) fn joined(all: impl IntoIterator<Item = Self>) -> Self {
        let mut joined = Self::default();
        for tests in all {
            joined.cases.extend(tests.cases);
            joined.findings.extend(tests.findings);
            joined.incomplete = joined.incomplete.or(tests.incomplete);
            joined.broken |= tests.broken;
        }
        // The order of a report is that of chance where tests run side by side.
        joined.cases.sort_by(|a, b| a.name.cmp(&b.name));
        joined.number_equal_names();
        joined
    }

    /// A name stands for one test: the second of the same name gets a number.
    fn number_equal_names(&mut self) {
        let mut seen = BTreeMap::<String, usize>::new();
        for case in &mut self.cases {
            let count = seen.entry(case.name.clone()).or_default();
            *count += 1;
            if *count > 1 {
                case.name = format!("{} #{count}", case.name);
            }
        }
    }

    fn count(&self, outcome: TestOutcome) -> usize {
        self.cases
            .iter()
            .filter(|case| case.outcome == outcome)
            .count()
    }

    /// The verdict: an error without a complete report, a failure for a failed
    /// test or no test at all.
    pub(crate) fn output(self) -> Output {
        let failed = self.count(TestOutcome::Failed);
        let skipped = self.count(TestOutcome::Skipped);
        let passed = self.count(TestOutcome::Passed);
        let findings = few(self.findings);
        let output = match self.incomplete {
            _ if self.broken => Output::fail("the project does not compile", findings),
            Some(why) => Output::error(why).with_findings(findings),
            None if failed > 0 => Output::fail(
                format!("{failed} of {} tests failed", self.cases.len()),
                findings,
            ),
            None if passed == 0 => Output::fail(
                "no test ran",
                vec![Finding::error(
                    "the project has no test that ran; a change needs one",
                )],
            ),
            None if skipped > 0 => Output::pass(format!(
                "{passed} of {} tests passed, {skipped} skipped",
                self.cases.len()
            )),
            None => Output::pass(format!("{passed} of {passed} tests passed")),
        };
        let complete = output.verdict != minion_sdk::Verdict::Error && !self.broken;
        output.with_tests(TestReport {
            complete,
            cases: self.cases,
        })
    }
}

/// A case with a name and an outcome.
pub(crate) fn case(name: impl Into<String>, outcome: TestOutcome) -> TestCase {
    TestCase {
        name: name.into(),
        outcome,
    }
}
