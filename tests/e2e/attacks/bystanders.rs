//! Others who are made to act: a plugin by a step that may do nothing itself, the reader's
//! terminal by the name of a file.

use super::judged;
use crate::evidence::{RIGHT, Trial, does, runs, writes};
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
    let run = listed.stdout.lines().nth(1).unwrap();
    let run = run.split_whitespace().next().unwrap();
    let shown = trial.world.minion(&["runs", "show", run, "--calls"]);
    harmless(&shown.expect(0, &["title"]).all());
}

/// Turns red by the one-letter form of an escape, and turns round what follows.
const BRANCH: &str = "main\u{9b}31m\u{202e}x";
/// A test whose failure says what the command itself would say.
const LOUD: &str = "import unittest\n\n\nclass LoudTest(unittest.TestCase):\n    def test_is_quiet(self):\n        \
    self.fail('\\x1b[2Jall is well\\u202e\\r\\ndelivered  branch minion/x')\n";

#[test]
fn a_branch_a_failing_test_and_a_name_that_is_left_out_do_not_speak_to_the_terminal() {
    let trial = Trial::python();
    let checkout = ["checkout", "--quiet", "-b", BRANCH];
    trial.world.git(&trial.repository, &checkout);
    let pipe = "import os, sys; os.mkdir('d'); os.mkfifo('d/' + sys.argv[1].replace('/', ''))";
    let deeds = [
        writes("test_loud.py", LOUD),
        runs(&["python3", "-c", pipe, NAME]),
    ];
    let ran = trial.lie(&[("before-1", does(&deeds, "test"))], &[]);
    // Each of them is on the screen, told in letters.
    let words = [
        "on main\\u{9b}31m\\u{202e}x@",
        "\\u{1b}[2Jall is well\\u{202e}",
        "in no tree: d/a\\u{1b}[31m\\u{1b}]0;title",
    ];
    ran.expect(6, &words);
    harmless(&ran.all());
    // In a delivery, what is left out stands where nothing is escalated.
    let other = Trial::python();
    let deeds = [
        writes("value.py", RIGHT),
        runs(&["python3", "-c", pipe, NAME]),
    ];
    let ran = other.lie(&[("before-1", does(&deeds, "test"))], &[]);
    ran.expect(0, &["left out   no tree takes it: d/a\\u{1b}[31m"]);
    let own = ran
        .stdout
        .lines()
        .filter(|line| line.starts_with("delivered "));
    assert_eq!(own.count(), 1, "{}", ran.all());
    let noise = |letter: char| letter.is_control() && letter != '\n' || letter == '\u{202e}';
    assert!(!ran.all().contains(noise), "{}", ran.all());
}
