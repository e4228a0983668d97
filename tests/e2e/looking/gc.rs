//! `runs gc`: says first, frees then, and keeps what somebody needs.

use super::Desk;
use serde_json::{Value, json};
use std::process::Command;

fn left(desk: &Desk) -> Vec<String> {
    let listed = desk.objects(&["runs", "--json"]);
    let ids = listed
        .iter()
        .map(|run| run["run"].as_str().unwrap().to_owned());
    ids.collect()
}

#[test]
fn old_runs_go_only_with_a_yes_and_what_others_need_stays() {
    let desk = Desk::new();
    let first = desk.ran(&[("before-1", json!({ "then": "claim" }))]);
    let second = desk.ran(&[("before-1", json!({ "then": "claim" }))]);
    desk.world
        .minion(&["runs", "gc", "--yes"])
        .expect(0, &["nothing to free"]);
    let would = desk.world.minion(&["runs", "gc", "--keep", "1"]);
    would.expect(
        0,
        &[
            &first[20..],
            "delivered",
            "1 run, ",
            "0 blobs",
            "nothing was freed; --yes does it",
        ],
    );
    assert_eq!(left(&desk).len(), 2);
    assert!(desk.world.path(&format!("state/runs/{first}")).exists());
    desk.world
        .minion(&["runs", "gc", "--keep", "1", "--yes"])
        .expect(0, &["freed"]);
    assert_eq!(left(&desk), [second.as_str()]);
    assert!(!desk.world.path(&format!("state/runs/{first}")).exists());
    // The component is the same; its bytes were those of both.
    desk.world
        .minion(&["replay", &second])
        .expect(0, &["the same"]);
    let told = desk.objects(&["runs", "gc", "--older-than", "0s", "--json", "--yes"]);
    assert_eq!(
        (&told[0]["freed"], &told[0]["runs"]),
        (&json!(true), &json!([second]))
    );
    assert!(
        told[0]["blobs"].as_u64().unwrap() >= 1,
        "the component goes with its last run"
    );
    assert!(left(&desk).is_empty());
}

#[test]
fn a_run_that_could_go_on_stays_unless_it_is_named() {
    let desk = Desk::new();
    let (mut child, run) = desk.sleeper("gc-held");
    let gc = |words: &[&str]| {
        desk.world
            .minion(&[&["runs", "gc", "--yes"], words].concat())
    };
    gc(&["--older-than", "0s"]).expect(0, &["nothing to free"]);
    gc(&[&run]).expect(3, &["goes on in a process; minion-rt cancel"]);
    desk.objects(&["cancel", &run, "--json"]);
    child.wait().unwrap();
    gc(&["--older-than", "0s"]).expect(0, &["nothing to free"]);
    assert_eq!(left(&desk), [run.as_str()]);
    gc(&[&run]).expect(0, &["stopped", "freed"]);
    assert!(left(&desk).is_empty());
}

#[test]
fn folders_of_no_run_go_when_they_are_old_and_other_files_never() {
    let desk = Desk::new();
    desk.ran(&[("before-1", json!({ "then": "claim" }))]);
    let orphan = desk
        .world
        .file("state/runs/01J9ZZZZZZ0000000000QX4T7M/workspace/a", "x");
    desk.world.file("state/runs/notes.txt", "mine");
    desk.world
        .minion(&["runs", "gc"])
        .expect(0, &["nothing to free"]);
    let folder = desk.world.path("state/runs/01J9ZZZZZZ0000000000QX4T7M");
    let aged = Command::new("touch")
        .args(["-d", "3 days ago"])
        .arg(&folder)
        .status();
    assert!(aged.unwrap().success());
    let would = desk.world.minion(&["runs", "gc"]);
    would.expect(
        0,
        &[
            "01J9ZZZZZZ0000000000QX4T7M",
            "of no run that the journal knows",
        ],
    );
    assert!(orphan.exists());
    desk.world
        .minion(&["runs", "gc", "--yes"])
        .expect(0, &["freed"]);
    assert!(!folder.exists() && desk.world.path("state/runs/notes.txt").exists());
    assert_eq!(left(&desk).len(), 1);
}

#[test]
fn a_branch_that_is_nowhere_else_goes_only_with_a_run_that_is_named() {
    let mut desk = Desk::new();
    desk.world.file("plain/words.txt", "one\n");
    desk.repository = desk.world.path("plain");
    let write = json!({ "deeds": [{ "write": ["words.txt", "two\n"] }], "then": "claim" });
    let run = desk.ran(&[("before-1", write)]);
    let folder = desk.world.path(&format!("state/runs/{run}"));
    for words in [&["--older-than", "0s"], &["--keep", "0"]] {
        let gc = desk
            .world
            .minion(&[&["runs", "gc", "--yes"], &words[..]].concat());
        gc.expect(0, &["1 run kept", "nothing to free"]);
    }
    assert!(folder.exists());
    let branch = format!("the only copy of branch minion-escalated/{}", &run[20..]);
    let named = desk.world.minion(&["runs", "gc", &run]);
    named.expect(0, &[&branch, "git fetch", "nothing was freed"]);
    assert!(folder.exists());
    desk.world
        .minion(&["runs", "gc", &run, "--yes"])
        .expect(0, &["freed"]);
    assert!(!folder.exists());
}

#[test]
fn words_that_make_no_sense_free_nothing() {
    let desk = Desk::new();
    desk.world
        .minion(&["runs", "gc", "ABCD"])
        .expect(2, &["there is no run `ABCD`"]);
    let run = desk.ran(&[("before-1", json!({ "then": "claim" }))]);
    for (words, named) in [
        (vec!["--older-than", "soon"], "write `30d`"),
        (vec!["--keep=-1"], "--keep"),
        (vec![run.as_str(), "--keep", "1"], "cannot be used with"),
        (vec!["ABCDEF"], "no run begins or ends with"),
    ] {
        let ran = desk
            .world
            .minion(&[vec!["runs", "gc", "--yes"], words].concat());
        ran.expect(2, &[named]);
    }
    let _: Vec<Value> = desk.objects(&["runs", "show", &run, "--json"]);
}
