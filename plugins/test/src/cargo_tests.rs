//! Verdicts on finished `cargo test`s, and the second call after an early end.

use super::judge;
use crate::Plugin;
use minion_sdk::testing::{self, Host, exited};
use minion_sdk::{Completed, Output, Verdict};

const TEST: &str = "cargo test --offline --workspace --no-fail-fast --color=never";

macro_rules! printed {
    ($code:literal, $name:literal) => {
        exited(
            $code,
            include_str!(concat!("fixtures/", $name, ".stdout")),
            include_str!(concat!("fixtures/", $name, ".stderr")),
        )
    };
}

fn output(completed: Completed) -> Output {
    let _host = Host::new()
        .file("Cargo.toml", "")
        .command(TEST, completed)
        .install();
    testing::judge::<Plugin>(Vec::new()).unwrap()
}

#[test]
fn a_complete_green_report_passes() {
    let output = output(printed!(0, "cargo-passes"));
    assert_eq!(output.verdict, Verdict::Pass);
    assert_eq!(output.summary, "3 of 3 tests passed");
    assert!(output.tests.unwrap().complete);
}

#[test]
fn failed_tests_fail() {
    let output = output(printed!(101, "cargo-mixed"));
    assert_eq!(output.verdict, Verdict::Fail);
    assert_eq!(output.summary, "3 of 9 tests failed");
    assert!(output.tests.unwrap().complete);
}

#[test]
fn source_that_does_not_compile_fails_with_its_places() {
    let output = output(printed!(101, "cargo-broken"));
    assert_eq!(output.verdict, Verdict::Fail);
    assert!(!output.tests.unwrap().complete);
    let first = &output.findings[0];
    assert_eq!(
        (first.file.as_deref(), first.line),
        (Some("src/lib.rs"), Some(11))
    );
    assert_eq!(first.rule.as_deref(), Some("E0425"));
    assert_eq!(output.findings.len(), 2);
}

#[test]
fn a_dependency_that_is_not_there_cannot_be_judged() {
    let tests = judge(&printed!(101, "cargo-offline"));
    assert!(tests.incomplete.is_some() && !tests.broken);
    assert_eq!(
        tests.findings[0].message,
        "no matching package named `absent-crate` found"
    );
}

#[test]
fn an_aborted_binary_is_named() {
    let tests = judge(&printed!(101, "cargo-aborts"));
    assert!(tests.incomplete.is_some());
    assert!(
        tests
            .findings
            .iter()
            .any(|finding| finding.message.contains("SIGABRT"))
    );
}

#[test]
fn a_green_report_with_a_red_exit_is_an_error() {
    assert_eq!(output(printed!(1, "cargo-passes")).verdict, Verdict::Error);
}

#[test]
fn a_project_without_tests_fails() {
    let stdout = "running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
    let stderr = "     Running unittests src/lib.rs (target/debug/deps/a-0123456789abcdef)\n";
    let output = output(exited(0, stdout, stderr));
    assert_eq!(
        (output.verdict, output.summary.as_str()),
        (Verdict::Fail, "no test ran")
    );
}

#[test]
fn after_an_early_end_the_remaining_tests_are_still_named() {
    let host = Host::new()
        .file("Cargo.toml", "")
        .command(TEST, printed!(101, "cargo-exits"))
        .command(&format!("{TEST} -- --list"), printed!(0, "cargo-list"))
        .install();
    let output = testing::judge::<Plugin>(Vec::new()).unwrap();
    assert_eq!(output.verdict, Verdict::Error);
    let report = output.tests.unwrap();
    assert!(!report.complete);
    assert!(
        report
            .cases
            .iter()
            .any(|case| case.name == "lines::tests::keeps_last_line")
    );
    assert_eq!(host.ran().len(), 2);
}

#[test]
fn a_denied_command_is_the_callers_failure() {
    let _host = Host::new().file("Cargo.toml", "").install();
    assert!(testing::judge::<Plugin>(Vec::new()).is_err());
}
