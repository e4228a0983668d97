//! A plugin that is content with everything, and has seven passed tests to show for it.

use minion_sdk::prelude::*;
use minion_sdk::{TestCase, TestOutcome, TestReport};

plugin!(judge);

fn judge(_input: &Input<NoParameters>) -> Result<Output, Failure> {
    let case = |number| TestCase {
        name: format!("test_{number}"),
        outcome: TestOutcome::Passed,
    };
    let tests = TestReport {
        complete: true,
        cases: (1..=7).map(case).collect(),
    };
    Ok(Output::pass("7 tests passed").with_tests(tests))
}
