//! The Test Anything Protocol, which most runners can speak: a plan `1..N`, and
//! a line `ok N - name` or `not ok N - name` for each test, at the left margin.

use crate::outcome::{Tests, case};
use minion_sdk::{Finding, TestOutcome};

/// Reads TAP; `None` when there is no plan, so that it is something else.
pub(crate) fn read(text: &str) -> Option<Tests> {
    let planned = text.lines().find_map(plan)?;
    let mut tests = Tests::default();
    for (passed, line) in text.lines().filter_map(result) {
        let (name, outcome) = named(passed, line, tests.cases.len() + 1);
        if outcome == TestOutcome::Failed {
            tests.findings.push(Finding::error("not ok").rule(&name));
        }
        tests.cases.push(case(name, outcome));
    }
    if tests.cases.len() != planned {
        let reported = tests.cases.len();
        tests.incomplete = Some(format!("{planned} tests were planned, {reported} reported"));
    }
    Some(tests)
}

fn plan(line: &str) -> Option<usize> {
    line.strip_prefix("1..")?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

fn result(line: &str) -> Option<(bool, &str)> {
    let (passed, rest) = match line.strip_prefix("not ok") {
        Some(rest) => (false, rest),
        None => (true, line.strip_prefix("ok")?),
    };
    (rest.is_empty() || rest.starts_with(' ')).then(|| (passed, rest.trim()))
}

/// `3 - name # SKIP why`
fn named(passed: bool, rest: &str, number: usize) -> (String, TestOutcome) {
    let (rest, directive) = rest.split_once(" # ").unwrap_or((rest, ""));
    let rest = rest
        .trim_start_matches(|digit: char| digit.is_ascii_digit())
        .trim_start();
    let name = rest.strip_prefix("- ").unwrap_or(rest).trim();
    let directive = directive.to_ascii_uppercase();
    let outcome = match passed {
        _ if directive.starts_with("SKIP") || directive.starts_with("TODO") => TestOutcome::Skipped,
        true => TestOutcome::Passed,
        false => TestOutcome::Failed,
    };
    if name.is_empty() {
        return (format!("test {number}"), outcome);
    }
    (name.to_owned(), outcome)
}

#[cfg(test)]
mod tests {
    use super::read;
    use minion_sdk::TestOutcome::{Failed, Passed, Skipped};

    // Printed by `node --test --test-reporter=tap` (v20), shortened.
    const NODE: &str = "TAP version 13
# Subtest: adds
ok 1 - adds
  ---
  duration_ms: 0.6
  ...
# Subtest: parses
not ok 2 - parses
  ---
  failureType: 'testCodeFailure'
  error: 'Expected values to be strictly equal'
  ...
# Subtest: later
ok 3 - later # SKIP
1..3
# tests 3
";

    #[test]
    fn outcomes_and_names_are_read() {
        let tests = read(NODE).unwrap();
        let cases: Vec<_> = tests
            .cases
            .iter()
            .map(|c| (c.name.as_str(), c.outcome))
            .collect();
        assert_eq!(
            cases,
            [("adds", Passed), ("parses", Failed), ("later", Skipped)]
        );
        assert_eq!(tests.incomplete, None);
        assert_eq!(tests.findings.len(), 1);
    }

    #[test]
    fn fewer_results_than_planned_are_no_report() {
        let tests = read("1..3\nok 1 - a\nok 2 - b\n").unwrap();
        assert_eq!(
            tests.incomplete.as_deref(),
            Some("3 tests were planned, 2 reported")
        );
    }

    #[test]
    fn text_without_a_plan_is_not_tap() {
        assert_eq!(read("ok 1 - a\nall fine\n"), None);
    }
}
