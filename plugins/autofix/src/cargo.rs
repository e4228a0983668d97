//! Cargo projects: what clippy can mend by itself, then rustfmt.

use crate::outcome::Fixed;
use minion_sdk::Completed;
use minion_sdk::prelude::*;
use std::collections::BTreeSet;

const CLIPPY: [&str; 8] = [
    "clippy",
    "--fix",
    "--allow-dirty",
    "--allow-no-vcs",
    "--offline",
    "--workspace",
    "--all-targets",
    "--color=never",
];

/// Runs both; each says what it changed.
pub(crate) fn run(input: &Input<NoParameters>) -> Result<Vec<Fixed>, Failure> {
    let cargo = || input.command("cargo");
    let clippy = Fixed::run("clippy", cargo().args(CLIPPY), mended)?;
    // What the check names is what the second call changes.
    let check = cargo().args(["fmt", "--all", "--check"]).run();
    let files = check.as_ref().map_or(0, unformatted);
    let format = Fixed::run("rustfmt", cargo().args(["fmt", "--all"]), |_| files)?;
    Ok(vec![clippy, format])
}

/// Cargo says `Fixed src/lib.rs (2 fixes)`, once for each target.
fn mended(clippy: &Completed) -> usize {
    let stderr = clippy.stderr_text();
    let lines = stderr
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("Fixed "));
    let files = lines.filter_map(|line| line.split_once(" ("));
    files.map(|(file, _)| file).collect::<BTreeSet<_>>().len()
}

/// Files of which rustfmt says `Diff in /root/src/lib.rs:12:`.
fn unformatted(check: &Completed) -> usize {
    let stdout = check.stdout_text();
    let places = stdout
        .lines()
        .filter_map(|line| line.strip_prefix("Diff in "));
    let files = places.filter_map(|place| place.trim_end_matches(':').rsplit_once(':'));
    files.map(|(file, _)| file).collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use crate::Plugin;
    use minion_sdk::testing::{self, Host, exited};
    use minion_sdk::{Completed, Output, Verdict};

    // Printed by cargo 1.95.
    const FIXED: &str = "    Checking lines v0.1.0 (/tmp/lines)
       Fixed src/lib.rs (2 fixes)
       Fixed src/lib.rs (1 fix)
    Finished `dev` profile [unoptimized + debuginfo] target(s) in 0.13s
";

    fn fix(host: Host, check: Completed) -> Output {
        let _host = host
            .file("Cargo.toml", "")
            .command("cargo fmt --all --check", check)
            .command("cargo fmt --all", exited(0, "", ""))
            .install();
        testing::judge::<Plugin>(Vec::new()).unwrap()
    }

    fn clippy(code: i32, stderr: &str) -> Host {
        Host::new().command("cargo clippy --fix *", exited(code, "", stderr))
    }

    #[test]
    fn each_changed_file_counts_once() {
        let check =
            "Diff in /w/src/lib.rs:3:\n-a\n+b\nDiff in /w/src/lib.rs:9:\nDiff in /w/src/a.rs:1:\n";
        let output = fix(clippy(0, FIXED), exited(1, check, ""));
        assert_eq!(output.verdict, Verdict::Pass);
        assert_eq!(
            output.summary,
            "clippy: 1 file changed; rustfmt: 2 files changed"
        );
    }

    #[test]
    fn nothing_to_do_is_a_pass() {
        let output = fix(clippy(0, ""), exited(0, "", ""));
        assert_eq!(
            (output.verdict, output.summary.as_str()),
            (Verdict::Pass, "nothing to do")
        );
    }

    #[test]
    fn source_that_does_not_compile_is_left_to_the_gates() {
        let output = fix(
            clippy(101, "error: could not compile `lines`\n"),
            exited(0, "", ""),
        );
        assert_eq!(output.verdict, Verdict::Pass);
        assert_eq!(
            output.summary,
            "clippy stopped: error: could not compile `lines`"
        );
    }

    #[test]
    fn a_missing_tool_is_an_error() {
        let output = fix(
            clippy(101, "error: no such command: `clippy`\n"),
            exited(0, "", ""),
        );
        assert_eq!(output.verdict, Verdict::Error);
    }

    #[test]
    fn a_fixer_that_is_not_granted_is_left_out() {
        let output = fix(Host::new().denied("cargo clippy *"), exited(0, "", ""));
        assert_eq!(
            (output.verdict, output.summary.as_str()),
            (Verdict::Pass, "clippy: not granted")
        );
    }
}
