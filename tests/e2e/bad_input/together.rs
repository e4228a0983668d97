//! Several runs at once on one repository.

use super::{GRANTED, Stage, hostile};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::{Child, Stdio};

const RUNS: usize = 4;

fn started(stage: &Stage, task: &str) -> Child {
    let mut command = stage.world.command();
    command
        .arg("exec")
        .arg(hostile())
        .arg("--repo")
        .arg(&stage.repository)
        .args(["--json", "--task", task])
        .args(GRANTED)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// The branches of runs that were all started before any was waited for.
fn branches(stage: &Stage, task: &str, code: i32) -> BTreeSet<String> {
    let started: Vec<_> = (0..RUNS).map(|_| started(stage, task)).collect();
    let ended = started.into_iter().map(|run| {
        let output = run.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(!said.contains("panicked"), "{said}");
        let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
        outcome["branch"]["name"].as_str().unwrap().to_owned()
    });
    ended.collect()
}

#[test]
fn runs_at_once_on_one_repository_end_on_branches_of_their_own() {
    let stage = Stage::new();
    let mut made = branches(&stage, "write new.txt", 0);
    made.extend(branches(&stage, "escalate", 6));
    assert_eq!(made.len(), 2 * RUNS, "{made:?}");
    let top = &stage.repository;
    let format = "--format=%(refname:short)";
    let there = stage.world.git(top, &["branch", format]);
    for branch in &made {
        assert!(there.lines().any(|line| line == branch), "{there}");
        let since = format!("main..{branch}");
        let count = stage.world.git(top, &["rev-list", "--count", &since]);
        assert_eq!(count.trim(), "1", "{branch}");
    }
    stage.world.git(top, &["fsck", "--strict"]);
    let status = stage.world.git(top, &["status", "--porcelain"]);
    assert_eq!(status, "", "the working tree was touched");
    let runs = stage.world.minion(&["runs"]);
    let told = runs.stdout.matches("test/hostile").count();
    assert_eq!(told, 2 * RUNS, "{}", runs.all());
}
