//! What commands leave in the workspace, for the host or for a person's own git to trip over.

use super::python;
use crate::evidence::{RIGHT, Trial, does, writes};
use serde_json::Value;

/// The folders of the one run.
#[track_caller]
fn folders(trial: &Trial) -> Vec<String> {
    let runs = std::fs::read_dir(trial.world.path("state/runs")).unwrap();
    let runs: Vec<_> = runs.map(|run| run.unwrap().path()).collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
    let kept = std::fs::read_dir(&runs[0]).unwrap();
    kept.map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn a_workspace_that_cannot_be_taken_ends_the_run_in_order() {
    let trial = Trial::python();
    let deeds = [
        writes("value.py", RIGHT),
        python("open('huge', 'wb').truncate(600 << 20)"),
    ];
    let ran = trial.lie(&[("before-1", does(&deeds, "test"))], &[]);
    ran.expect(5, &["the workspace cannot be taken", "huge"]);
    let ended = trial.records("ended");
    assert_eq!(ended.len(), 1, "{ended:#?}");
    assert_eq!(ended[0]["outcome"], "limited", "{ended:#?}");
    let listed = trial.world.minion(&["runs", "--json"]);
    let run: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(run["status"], "limited", "{run:#}");
    let reason = run["reason"].as_str().unwrap();
    assert!(reason.contains("the workspace cannot be taken"), "{reason}");
    assert_eq!(trial.branches(), ["main"]);
    assert_eq!(folders(&trial), ["objects.git"]);
}

/// A git folder in the workspace whose configuration runs a program at `git status`.
const PLANTS: &str = "import os\n\
    for name in ('', 'deep/'):\n    \
    os.makedirs(name + '.git')\n    \
    open(name + '.git/config', 'w').write('[core]\\n\\tfsmonitor = touch PWNED\\n')\n";

#[test]
fn a_git_folder_that_a_command_plants_is_named_and_not_left() {
    let trial = Trial::python();
    let deeds = [
        writes("note.txt", "the code is unchanged\n"),
        python(PLANTS),
    ];
    let ran = trial.lie(&[("before-1", does(&deeds, "test"))], &[]);
    let words = [
        "required gate `std:test` says `fail`",
        "left in the workspace, in no tree: .git:",
        "left in the workspace, in no tree: deep/.git:",
    ];
    trial.refused(&ran, &words);
    assert_eq!(folders(&trial), ["objects.git"]);
}

#[test]
fn a_git_folder_that_a_command_plants_is_in_nothing_that_is_delivered() {
    let trial = Trial::python();
    let deeds = [writes("value.py", RIGHT), python(PLANTS)];
    let ran = trial.lie(&[("before-1", does(&deeds, "test"))], &[]);
    trial.delivered(&ran, &["std:test pass", "1 file changed"]);
    assert_eq!(folders(&trial), ["objects.git"]);
    let branch = &trial.branches()[1];
    let files = trial
        .world
        .git(&trial.repository, &["ls-tree", "-r", "--name-only", branch]);
    assert_eq!(
        files.lines().collect::<Vec<_>>(),
        [".gitignore", "test_value.py", "value.py"]
    );
}
