//! Steps that want more than there is: the host goes on, the run ends, the bound is named.

use super::Stage;
use serde_json::Value;

#[track_caller]
fn ends(task: &str, code: i32, words: &[&str]) {
    let stage = Stage::new();
    stage.hostile(task, &[]).expect(code, words);
    stage.untouched();
    // What ended so is recorded to its end.
    let word = if code == 5 { "limited" } else { "failed" };
    stage.world.minion(&["runs"]).expect(0, &[word]);
}

#[test]
fn an_endless_loop_is_stopped() {
    ends("spin", 5, &["node `act`", "computed for more than 30 s"]);
}

#[test]
fn endless_memory_is_stopped() {
    ends("allocate", 5, &["node `act`", "more than 256 MiB"]);
}

#[test]
fn endless_recursion_is_stopped() {
    ends("recurse", 5, &["node `act`", "nest deeper"]);
}

#[test]
fn a_line_of_100_mib_ends_the_step() {
    ends("shout", 5, &["node `act`", "more than 64 MiB in one call"]);
}

#[test]
fn arguments_of_64_gib_end_the_step() {
    ends("repeat", 5, &["node `act`", "more than 64 MiB in one call"]);
}

#[test]
fn a_state_of_100_mib_ends_the_step() {
    ends(
        "bloat 100",
        5,
        &["node `act`", "more than 64 MiB in one call"],
    );
}

#[test]
fn a_million_lines_are_cut_and_counted() {
    let stage = Stage::new();
    let ran = stage.hostile("chatter", &["--json"]);
    ran.expect(0, &[]);
    let outcome: Value = serde_json::from_str(&ran.stdout).unwrap();
    let run = outcome["run"].as_str().unwrap();
    let shown = stage.world.minion(&["runs", "show", run, "--calls"]);
    shown.expect(0, &["line 999", "999000 more lines were dropped"]);
    assert!(!shown.all().contains("line 1000\n"));
    stage.untouched();
}

#[test]
fn warnings_of_a_step_are_on_the_screen_bounded_and_escaped() {
    let stage = Stage::new();
    let ran = stage.hostile("warn \u{1b}[2Jthe disk is nearly full\u{202e}", &[]);
    ran.expect(0, &["warned", "act: ", "the disk is nearly full"]);
    assert!(!ran.all().contains(['\u{1b}', '\u{202e}']), "{}", ran.all());

    let many = stage.hostile("warn-often", &[]);
    many.expect(
        0,
        &[
            "act: warning 1\n",
            "act: error 1 (error)\n",
            "and 190 more, in the journal",
        ],
    );
    let told = stage.hostile("warn-often", &["--json"]);
    let outcome: Value = serde_json::from_str(&told.stdout).unwrap();
    let warnings = &outcome["warnings"];
    assert_eq!(warnings["lines"][0]["node"], "act", "{outcome}");
    assert_eq!(warnings["lines"][1]["level"], "error", "{outcome}");
    let lines = warnings["lines"].as_array().unwrap().len();
    assert_eq!(lines as u64 + warnings["more"].as_u64().unwrap(), 200);
    assert!(lines < 200, "{outcome}");

    // What is not worth a warning stays in the journal.
    let quiet = stage.hostile("behave", &[]);
    assert!(!quiet.all().contains("warned"), "{}", quiet.all());
    stage.untouched();
}
