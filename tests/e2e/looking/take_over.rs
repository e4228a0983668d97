//! `resume --take-over`: whoever had the run is gone before anybody else works in its folder.

use super::{Desk, asleep};
use std::fs::File;
use std::os::unix::process::ExitStatusExt;

#[test]
fn whoever_has_the_run_is_ended_with_its_commands_before_the_run_goes_on() {
    let desk = Desk::new();
    let (mut child, run) = desk.sleeper("taken-over");
    let held = desk.world.minion(&["resume", &run]);
    held.expect(5, &["is held by process", "--take-over"]);
    let mut taking = desk.world.command();
    taking.args(["resume", &run, "--take-over"]);
    let taking = crate::world::Ran::of(taking.output().unwrap());
    assert!(!asleep("taken-over"), "{}", taking.all());
    taking.expect(0, &["resumed  after test"]);
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    let shown = desk.world.minion(&["runs", "show", &run]);
    shown.expect(0, &["sound"]);
}

#[test]
fn a_holder_that_cannot_be_seen_keeps_the_run() {
    let desk = Desk::new();
    let (mut child, run) = desk.sleeper("unseen");
    child.kill().unwrap();
    child.wait().unwrap();
    // Somebody holds it: not the process that the journal names.
    let lock = desk.world.path(&format!("state/journal/held/{run}.1"));
    let lock = File::open(lock).unwrap();
    lock.lock().unwrap();
    let before = desk.objects(&["runs", "show", &run, "--json"]);
    let taking = desk.world.minion(&["resume", &run, "--take-over"]);
    taking.expect(5, &["cannot be seen from here", "cancel it where it runs"]);
    assert_eq!(desk.objects(&["runs", "show", &run, "--json"]), before);
    drop(lock);
    let resumed = desk.world.minion(&["resume", &run, "--take-over"]);
    resumed.expect(0, &["resumed  after test"]);
}
