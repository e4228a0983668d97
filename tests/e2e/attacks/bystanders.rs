//! Others who are made to act: a plugin by a step that may do nothing itself, the reader's
//! terminal by the name of a file.

use super::judged;
use crate::evidence::{Trial, does, runs, writes};
use crate::world::World;
use serde_json::json;

#[test]
fn a_step_lends_a_plugin_nothing_that_it_may_not_do_itself() {
    let trial = Trial::python();
    let scripts = [
        ("act-1", json!({ "then": "idle" })),
        ("idle-1", json!({ "lend": true, "then": "act" })),
    ];
    let ran = judged(&trial, "std:test", &scripts);
    ran.expect(0, &["nothing had to be changed"]);
    let logs = trial.logs();
    assert!(logs.contains("idle was told: reached out"), "{logs}");
    for what in ["read", "write", "run"] {
        assert!(logs.contains(&format!("{what}: denied: ")), "{logs}");
    }
    let denied = trial.records("denied");
    let calls: Vec<_> = denied.iter().map(|denial| &denial["call"]).collect();
    assert_eq!(calls, ["workspace.read", "workspace.write", "command.run"]);
}

#[test]
fn a_plugin_does_what_the_step_that_calls_it_may_do_too() {
    let trial = Trial::python();
    let scripts = [("act-1", json!({ "lend": true, "then": "claim" }))];
    let ran = judged(&trial, "std:test", &scripts);
    trial.refused(&ran, &["required gate `std:test` has not judged any tree"]);
    let logs = trial.logs();
    for what in ["read", "write", "run"] {
        assert!(logs.contains(&format!("{what}: done")), "{logs}");
    }
    assert!(trial.records("denied").is_empty());
}

/// Turns red, sets a title, goes up, and writes what the command itself would say.
const NAME: &str =
    "a\u{1b}[31m\u{1b}]0;title\u{7}\u{1b}[2A\r\ndelivered  branch minion/x\u{202e}.txt";

/// Nothing of it is on the screen but its letters.
#[track_caller]
fn harmless(said: &str) {
    let loud = |letter: &char| letter.is_control() && *letter != '\n' || *letter == '\u{202e}';
    let heard: Vec<char> = said.chars().filter(loud).collect();
    assert!(heard.is_empty(), "{heard:?} in\n{said:?}");
    let posing = said.lines().any(|line| line.starts_with("delivered "));
    assert!(!posing, "{said}");
}

#[test]
fn a_name_in_the_repository_does_not_speak_to_the_terminal() {
    let world = World::new();
    let files = [(NAME, "x\n"), (".gitattributes", "* filter=lfs\n")];
    let repository = world.repository("project", &files);
    let guest = crate::world::component("tests/guests/lying");
    let (guest, repository) = (guest.to_str().unwrap(), repository.to_str().unwrap());
    let ran = world.minion(&[
        "exec",
        guest,
        "--repo",
        repository,
        "--task",
        "mend it",
        "--allow-asked",
    ]);
    // It is refused for the filter, and the refusal names the file.
    ran.expect(2, &["title", "branch minion/x"]);
    harmless(&ran.all());
}

#[test]
fn a_name_that_a_run_makes_does_not_speak_to_the_terminal() {
    let trial = Trial::python();
    // No path that a step may write to is called so; a command calls it as it likes.
    let makes = "import os, sys; os.makedirs(sys.argv[1]); open(sys.argv[1] + '/conftest.py', 'w')";
    let deeds = [
        writes("note.txt", "the code is unchanged\n"),
        runs(&["python3", "-c", makes, NAME]),
    ];
    let ran = trial.lie(&[("before-1", does(&deeds, "test"))], &[]);
    trial.refused(
        &ran,
        &["required gate `std:test` says `fail`", "conftest.py"],
    );
    harmless(&ran.all());
    let listed = trial.world.minion(&["runs"]);
    harmless(&listed.expect(0, &[]).all());
    let run = listed.stdout.split_whitespace().next().unwrap();
    let shown = trial.world.minion(&["runs", "show", run]);
    harmless(&shown.expect(0, &["title"]).all());
}
