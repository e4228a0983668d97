//! Python projects: pytest where the interpreter has it, else unittest, started
//! by a runner of ours. What its two halves do stands at their tops.

use crate::outcome::{Tests, case};
use minion_sdk::prelude::*;
use minion_sdk::{Completed, TestOutcome};
use serde::Deserialize;
use std::collections::BTreeSet;

const PARENT: &str = include_str!("python/parent.py");
const CHILD: &str = include_str!("python/child.py");

/// What the parent prints.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    exit: i32,
    records: Vec<Record>,
    tail: String,
}

/// What the child says: a plan, then each case, then the end.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Record {
    plan: Option<Vec<String>>,
    end: Option<usize>,
    case: Option<String>,
    outcome: Option<Outcome>,
    file: Option<String>,
    line: Option<u32>,
    message: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

/// Runs every test beneath the root.
pub(crate) fn run(input: &Input<NoParameters>) -> Result<Tests, Failure> {
    let completed = input
        .command("python3")
        .args(["-I", "-c", PARENT, CHILD])
        .run()?;
    Ok(judge(&completed))
}

/// What a finished run of ours says.
pub(crate) fn judge(completed: &Completed) -> Tests {
    if completed.timed_out {
        return Tests::without_report("the tests took longer than they may");
    }
    let Ok(report) = serde_json::from_slice::<Report>(&completed.stdout) else {
        let last = completed.stderr_text();
        let last = last.lines().last().unwrap_or("it said nothing");
        return Tests::without_report(format!("python3 gave no report: {last}"));
    };
    let planned: BTreeSet<&String> = report
        .records
        .iter()
        .filter_map(|record| record.plan.as_ref())
        .flatten()
        .collect();
    let end = report.records.iter().find_map(|record| record.end);
    let mut tests = Tests::default();
    let mut told = BTreeSet::new();
    for record in &report.records {
        let (Some(name), Some(outcome)) = (&record.case, record.outcome) else {
            continue;
        };
        if told.insert(name) {
            tests.cases.push(case(name, outcome.into()));
            tests.findings.extend(finding(name, record));
        }
    }
    // What was planned and has no outcome exists, and did not pass.
    let untold: Vec<_> = planned.difference(&told).collect();
    tests.cases.extend(
        untold
            .iter()
            .map(|name| case(name.as_str(), TestOutcome::Failed)),
    );
    if end != Some(told.len()) || report.exit != 0 || !untold.is_empty() {
        tests.incomplete = Some(early_end(report.exit, told.len(), planned.len()));
        tests.findings.extend(last_words(&report.tail));
    }
    tests
}

fn early_end(exit: i32, told: usize, planned: usize) -> String {
    format!("the test process ended early, with {exit}: {told} of {planned} tests reported")
}

fn last_words(tail: &str) -> Option<Finding> {
    let last = tail.lines().rev().find(|line| !line.trim().is_empty())?;
    Some(Finding::new(
        Severity::Note,
        format!("its last words: {}", last.trim()),
    ))
}

fn finding(name: &str, record: &Record) -> Option<Finding> {
    if !matches!(record.outcome, Some(Outcome::Failed)) {
        return None;
    }
    let message = record
        .message
        .as_deref()
        .unwrap_or("it failed and said nothing");
    let words: Vec<_> = message.split_whitespace().collect();
    let finding = Finding::error(words.join(" ")).rule(name);
    Some(match &record.file {
        Some(file) => finding.at(file, record.line),
        None => finding,
    })
}

impl From<Outcome> for TestOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Passed => Self::Passed,
            Outcome::Failed => Self::Failed,
            Outcome::Skipped => Self::Skipped,
        }
    }
}

#[cfg(test)]
#[path = "python_tests.rs"]
mod tests;
