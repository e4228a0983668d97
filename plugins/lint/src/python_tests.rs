//! Against real output of ruff 0.17 and real runs of the compiler check.

use super::{CHECK, judge_compiler, judge_ruff};
use crate::Plugin;
use minion_sdk::testing::{self, Host, exited};
use minion_sdk::{Completed, Verdict};
use std::process::Command;

const RUFF: &str =
    "bad.py:1: [invalid-syntax] Expected a parameter or the end of the parameter list
tests/test_a.py:1: [F401] `os` imported but unused
warn.py:1: [F632] Use `==` to compare constant literals
";

fn compiled(name: &str, files: &[(&str, &[u8])]) -> Completed {
    let root = std::env::temp_dir().join(format!("minion-lint-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&root).unwrap();
    for (file, content) in files {
        std::fs::write(root.join(file), content).unwrap();
    }
    let output = Command::new("python3")
        .args(["-I", "-c", CHECK])
        .current_dir(&root)
        .output();
    std::fs::remove_dir_all(&root).unwrap();
    let output = output.expect("these tests need python3");
    exited(output.status.code().unwrap(), output.stdout, output.stderr)
}

#[test]
fn ruffs_lines_become_findings() {
    let looked = judge_ruff(&exited(1, RUFF, ""));
    assert_eq!(looked.findings.len(), 3);
    let second = &looked.findings[1];
    assert_eq!(
        (second.file.as_deref(), second.line),
        (Some("tests/test_a.py"), Some(1))
    );
    assert_eq!(second.rule.as_deref(), Some("F401"));
}

#[test]
fn a_ruff_that_stopped_could_not_look() {
    let looked = judge_ruff(&exited(2, "", "error: unexpected argument\n"));
    assert_eq!(looked.blind.as_deref(), Some("error: unexpected argument"));
}

#[test]
fn ruff_is_asked_where_it_is() {
    let host = Host::new()
        .file("a.py", "")
        .command("ruff *", exited(0, "", ""))
        .install();
    assert_eq!(
        testing::judge::<Plugin>(Vec::new()).unwrap().verdict,
        Verdict::Pass
    );
    assert!(host.ran()[0].starts_with("ruff check --isolated "));
}

#[test]
fn syntax_errors_and_warnings_have_their_places() {
    let files: [(&str, &[u8]); 3] = [
        ("bad.py", b"x = 1\ndef f(:\n"),
        ("warn.py", b"x = 1 is 1\n"),
        ("good.py", b"x = 1\n"),
    ];
    let looked = judge_compiler(&compiled("found", &files));
    let places: Vec<_> = looked
        .findings
        .iter()
        .map(|f| (f.file.as_deref().unwrap(), f.line))
        .collect();
    assert_eq!(places, [("bad.py", Some(2)), ("warn.py", Some(1))]);
    assert_eq!(looked.findings[1].rule.as_deref(), Some("SyntaxWarning"));
}

#[test]
fn bytes_that_are_no_source_are_a_finding() {
    let looked = judge_compiler(&compiled("bytes", &[("a.py", b"x = '\0'\n")]));
    assert_eq!(looked.findings.len(), 1, "{looked:?}");
}

#[test]
fn the_check_runs_no_code_of_the_project() {
    let files: [(&str, &[u8]); 3] = [
        ("json.py", b"raise SystemExit(0)\n"),
        ("sitecustomize.py", b"raise SystemExit(0)\n"),
        ("a.py", b"import os\nos._exit(0)\n"),
    ];
    let looked = judge_compiler(&compiled("none", &files));
    assert_eq!((looked.blind, looked.findings.len()), (None, 0));
}

#[test]
fn a_project_whose_files_are_gone_cannot_be_judged() {
    assert!(judge_compiler(&compiled("gone", &[])).blind.is_some());
}
