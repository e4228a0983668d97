//! Against what clippy and rustfmt of Rust 1.95 really printed.

use crate::Plugin;
use minion_sdk::testing::{self, Host, exited};
use minion_sdk::{Completed, Output, Verdict};

const CLIPPY: &str = "cargo clippy --offline --workspace --all-targets --message-format=json --color=never -- -D warnings";
const FORMAT: &str = "cargo fmt --all --check";
const CLEAN: &str = include_str!("fixtures/clippy-clean.stdout");

fn lint(clippy: Completed, format: Completed) -> Output {
    let _host = Host::new()
        .file("Cargo.toml", "")
        .command(CLIPPY, clippy)
        .command(FORMAT, format)
        .command(
            "cargo locate-project *",
            exited(0, "/tmp/rsc/Cargo.toml\n", ""),
        )
        .install();
    testing::judge::<Plugin>(Vec::new()).unwrap()
}

#[test]
fn a_clean_crate_passes() {
    let output = lint(exited(0, CLEAN, ""), exited(0, "", ""));
    assert_eq!(output.verdict, Verdict::Pass);
    assert_eq!(output.summary, "clippy, rustfmt: nothing found");
}

#[test]
fn findings_of_both_fail_it() {
    let clippy = exited(101, include_str!("fixtures/clippy-found.stdout"), "");
    let output = lint(clippy, exited(1, include_str!("fixtures/fmt.stdout"), ""));
    assert_eq!(output.verdict, Verdict::Fail);
    assert_eq!(output.summary, "clippy, rustfmt: 3 findings");
    let last = output.findings.last().unwrap();
    assert_eq!(
        (last.file.as_deref(), last.line),
        (Some("src/lib.rs"), Some(3))
    );
    assert_eq!(last.rule.as_deref(), Some("rustfmt"));
}

#[test]
fn source_that_does_not_parse_fails_though_it_cannot_be_formatted() {
    let clippy = exited(101, include_str!("fixtures/clippy-broken.stdout"), "");
    let output = lint(
        clippy,
        exited(1, "", "error: this file contains an unclosed delimiter\n"),
    );
    assert_eq!(output.verdict, Verdict::Fail);
    assert_eq!(output.findings[0].file.as_deref(), Some("src/lib.rs"));
}

#[test]
fn an_exit_of_zero_without_clippys_own_end_is_no_pass() {
    assert_eq!(
        lint(exited(0, "", ""), exited(0, "", "")).verdict,
        Verdict::Error
    );
}

#[test]
fn a_missing_linter_is_an_error_with_its_words() {
    let words = "error: no such command: `clippy`\n";
    let output = lint(exited(101, "", words), exited(0, "", ""));
    assert_eq!(output.verdict, Verdict::Error);
    assert_eq!(
        output.summary,
        "clippy could not judge: error: no such command: `clippy`"
    );
}
