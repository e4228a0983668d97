//! Against what `cargo test` of Rust 1.95 really printed.

use super::read;
use crate::outcome::Tests;
use minion_sdk::TestOutcome::{Failed, Passed, Skipped};

macro_rules! printed {
    ($name:literal) => {
        (
            include_str!(concat!("fixtures/", $name, ".stdout")),
            include_str!(concat!("fixtures/", $name, ".stderr")),
        )
    };
}

fn cases(tests: &Tests) -> Vec<(&str, minion_sdk::TestOutcome)> {
    tests
        .cases
        .iter()
        .map(|case| (case.name.as_str(), case.outcome))
        .collect()
}

#[test]
fn each_outcome_is_read_from_each_kind_of_binary() {
    let (stdout, stderr) = printed!("cargo-mixed");
    let tests = read(stdout, stderr);
    assert_eq!(tests.incomplete, None);
    assert_eq!(
        cases(&tests),
        [
            ("lines::tests::keeps_last_line", Failed),
            ("lines::tests::number", Failed),
            ("lines::tests::panics", Passed),
            ("lines::tests::slow", Skipped),
            ("lines::tests::first_line", Passed),
            ("it::empty", Passed),
            ("lines (doc)::src/lib.rs - ", Passed),
            ("lines (doc)::src/lib.rs - parse", Passed),
            ("lines (doc)::src/lib.rs - parse", Failed),
        ]
        .map(|(name, outcome)| (name.trim_end(), outcome))
        .as_slice()
    );
}

#[test]
fn a_failure_says_where_and_what() {
    let (stdout, stderr) = printed!("cargo-mixed");
    let finding = &read(stdout, stderr).findings[0];
    assert_eq!(finding.rule.as_deref(), Some("tests::keeps_last_line"));
    assert_eq!(
        (finding.file.as_deref(), finding.line),
        (Some("src/lib.rs"), Some(33))
    );
    assert_eq!(
        finding.message,
        r#"assertion `left == right` failed left: ["a"] right: ["a", "b"]"#
    );
}

#[test]
fn a_returned_error_is_the_message() {
    let (stdout, stderr) = printed!("cargo-mixed");
    let finding = &read(stdout, stderr).findings[1];
    assert_eq!(
        finding.message,
        "Error: ParseIntError { kind: InvalidDigit }"
    );
}

#[test]
fn a_clean_run_is_complete() {
    let (stdout, stderr) = printed!("cargo-passes");
    let tests = read(stdout, stderr);
    assert_eq!(tests.incomplete, None);
    assert_eq!(tests.cases.len(), 3);
    assert!(tests.findings.is_empty());
}

#[test]
fn a_test_that_exits_early_leaves_no_report() {
    let (stdout, stderr) = printed!("cargo-exits");
    assert!(read(stdout, stderr).incomplete.is_some());
}

#[test]
fn a_missing_binary_leaves_no_report() {
    let (stdout, stderr) = printed!("cargo-passes");
    let (first, _) = stdout.split_once("\n\nrunning 1 test").unwrap();
    let tests = read(first, stderr);
    assert_eq!(
        tests.incomplete.as_deref(),
        Some("3 test binaries were started, 1 reported")
    );
}

#[test]
fn a_forged_result_does_not_agree() {
    let (stdout, stderr) = printed!("cargo-exits");
    let forged = stdout.replacen(
        "test tests::c ... ok\n",
        "test tests::c ... ok\ntest result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
        1,
    );
    let why = read(&forged, stderr).incomplete;
    assert_eq!(
        why.as_deref(),
        Some("a test binary's counts do not agree with its tests")
    );
}

#[test]
fn filtered_tests_are_no_complete_report() {
    let stdout = "running 1 test\ntest a ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.00s\n";
    let stderr = "     Running unittests src/lib.rs (target/debug/deps/a-0123456789abcdef)\n";
    assert!(read(stdout, stderr).incomplete.is_some());
}

#[test]
fn what_a_test_prints_before_its_outcome_does_not_hide_it() {
    let stdout = "running 2 tests\ntest a ... hello\nworld ok\ntest b ... ok\n\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
    let stderr = "     Running unittests src/lib.rs (target/debug/deps/a-0123456789abcdef)\n";
    let tests = read(stdout, stderr);
    assert_eq!(tests.incomplete, None);
    assert_eq!(cases(&tests), [("a::a", Passed), ("a::b", Passed)]);
}

#[test]
fn a_listing_names_tests_as_a_run_does() {
    let (stdout, stderr) = printed!("cargo-list");
    let names = super::listed(stdout, stderr);
    assert_eq!(
        names[..2],
        ["lines::tests::first_line", "lines::tests::keeps_last_line"]
    );
    assert_eq!(names[5], "it::empty");
    assert_eq!(names.last().unwrap(), "lines (doc)::src/lib.rs - parse");
}
