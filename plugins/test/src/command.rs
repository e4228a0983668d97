//! A command that the project names. Its report is read by what it is: that of
//! `cargo test`, or TAP. A runner that gives neither can't be judged.

use crate::outcome::Tests;
use crate::{cargo, tap};
use minion_sdk::prelude::*;
use minion_sdk::{ProjectCommand, TestOutcome};

/// Runs it and reads its report.
pub(crate) fn run(input: &Input<NoParameters>, named: &ProjectCommand) -> Result<Tests, Failure> {
    let completed = input
        .command(&named.program)
        .args(named.arguments.clone())
        .run()?;
    if named.program == "cargo" && named.arguments.first().is_some_and(|word| word == "test") {
        return Ok(cargo::judge(&completed));
    }
    let Some(mut tests) = tap::read(&completed.stdout_text()) else {
        let program = &named.program;
        return Ok(Tests::without_report(format!(
            "`{program}` gave no report that can be read: have it print TAP"
        )));
    };
    let failed = tests
        .cases
        .iter()
        .any(|case| case.outcome == TestOutcome::Failed);
    if completed.truncated || completed.exit.is_none() || completed.succeeded() == failed {
        let why = "its exit and its report disagree, or it did not come to its end";
        tests
            .incomplete
            .get_or_insert_with(|| format!("`{}`: {why}", named.program));
    }
    Ok(tests)
}
