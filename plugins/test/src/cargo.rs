//! Cargo projects: `cargo test`, whose command lines stand in `minion.toml`.

use crate::libtest;
use crate::outcome::{Tests, case};
use minion_sdk::prelude::*;
use minion_sdk::{Completed, TestOutcome};

const ARGUMENTS: [&str; 5] = [
    "test",
    "--offline",
    "--workspace",
    "--no-fail-fast",
    "--color=never",
];

/// Runs every test of the workspace.
pub(crate) fn run(input: &Input<NoParameters>) -> Result<Tests, Failure> {
    let completed = input.command("cargo").args(ARGUMENTS).run()?;
    let mut tests = judge(&completed);
    if tests.incomplete.is_some() && !tests.broken {
        name_the_rest(input, &mut tests);
    }
    Ok(tests)
}

/// What a finished `cargo test` says.
pub(crate) fn judge(completed: &Completed) -> Tests {
    let (stdout, stderr) = (completed.stdout_text(), completed.stderr_text());
    let mut tests = libtest::read(&stdout, &stderr);
    let errors = compiler_errors(&stderr);
    if tests.cases.is_empty() && !errors.is_empty() {
        return Tests {
            findings: errors,
            broken: true,
            ..tests
        };
    }
    let failed = tests
        .cases
        .iter()
        .any(|case| case.outcome == TestOutcome::Failed);
    let problem = match completed.exit {
        _ if completed.timed_out => Some("the tests took longer than they may"),
        _ if completed.truncated => Some("the tests printed more than is kept"),
        None => Some("the tests were killed"),
        Some(code) if (code == 0) == failed => Some("cargo's exit code and its report disagree"),
        Some(_) => None,
    };
    tests.incomplete = problem.map(str::to_owned).or(tests.incomplete);
    if tests.incomplete.is_some() {
        tests.findings.extend(cargos_words(&stderr));
    }
    tests
}

/// Asks for the names of the tests that have no outcome, so that whoever reads
/// the incomplete report sees which ones exist. Without an answer it does
/// without: the report is incomplete either way.
fn name_the_rest(input: &Input<NoParameters>, tests: &mut Tests) {
    let listing = input
        .command("cargo")
        .args(ARGUMENTS)
        .args(["--", "--list"])
        .run();
    let Ok(listing) = listing else { return };
    for name in libtest::listed(&listing.stdout_text(), &listing.stderr_text()) {
        if !tests.cases.iter().any(|case| case.name == name) {
            tests.cases.push(case(name, TestOutcome::Failed));
        }
    }
}

/// Errors that name a place in the source: `error[E0425]: …`, `  --> src/lib.rs:3:5`.
fn compiler_errors(stderr: &str) -> Vec<Finding> {
    let mut lines = stderr.lines().peekable();
    let mut findings = Vec::new();
    while let Some(line) = lines.next() {
        let Some((rule, message)) = error(line) else {
            continue;
        };
        let place = lines
            .peek()
            .and_then(|next| next.trim_start().strip_prefix("--> "));
        let Some((file, line)) = place.and_then(place_of) else {
            continue;
        };
        let finding = Finding::error(message).at(file, line);
        findings.push(if rule.is_empty() {
            finding
        } else {
            finding.rule(rule)
        });
    }
    findings
}

fn error(line: &str) -> Option<(&str, &str)> {
    let (head, message) = line.strip_prefix("error")?.split_once(": ")?;
    match head
        .strip_prefix('[')
        .and_then(|head| head.strip_suffix(']'))
    {
        Some(rule) => Some((rule, message)),
        None => head.is_empty().then_some(("", message)),
    }
}

fn place_of(place: &str) -> Option<(&str, u32)> {
    let mut parts = place.rsplitn(3, ':').skip(1);
    let line = parts.next()?.parse().ok()?;
    Some((parts.next()?, line))
}

/// What cargo itself complains about, without its hint how to run a test again.
fn cargos_words(stderr: &str) -> impl Iterator<Item = Finding> {
    let crash = |line: &'_ &str| {
        line.trim_start()
            .starts_with("process didn't exit successfully")
    };
    let crashes = stderr.lines().filter(crash).map(str::trim);
    let errors = stderr.lines().filter_map(error).map(|(_, message)| message);
    let errors = errors.filter(|message| !message.contains("failed, to rerun"));
    crashes.chain(errors).take(5).map(Finding::error)
}

#[cfg(test)]
#[path = "cargo_tests.rs"]
mod tests;
