//! `cancel`: within three seconds, with everything that the run started, and resumable.

use super::{Desk, asleep, until};
use serde_json::json;
use std::time::{Duration, Instant};

/// Stops the run and shows that it and its command are gone in time.
#[track_caller]
fn cancelled(desk: &Desk, run: &str, token: &str, how: &str) {
    let since = Instant::now();
    let said = desk.objects(&[
        "cancel",
        run,
        "--by",
        "dana",
        "--comment",
        "wrong\u{1b}[2Jtask",
        "--json",
    ]);
    assert!(
        since.elapsed() < Duration::from_secs(3),
        "{:?}",
        since.elapsed()
    );
    assert_eq!(said[0]["how"], how);
    // The walls fall with the process; the system may take a moment to say so.
    until("the command is gone", || !asleep(token));
    assert!(
        since.elapsed() < Duration::from_secs(3),
        "{:?}",
        since.elapsed()
    );
    let listed = desk.objects(&["runs", "--json"]);
    assert_eq!(listed[0]["status"], "stopped");
    let shown = desk.world.minion(&["runs", "show", run]);
    shown.expect(0, &["cancelled by dana: wrong\\u{1b}[2Jtask"]);
}

#[test]
fn a_run_that_sleeps_in_the_sandbox_is_stopped_by_name_and_goes_on_later() {
    let desk = Desk::new();
    let (mut child, run) = desk.sleeper("cancel-asked");
    cancelled(&desk, &run, "cancel-asked", "asked");
    assert_eq!(child.wait().unwrap().code(), Some(5));
    let again = desk.objects(&["cancel", &run, "--json"]);
    assert_eq!(again[0]["how"], "already");
    let reason = again[0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("cancelled by dana: "), "{reason}");
    let again = desk.world.minion(&["cancel", &run, "--by", "eve"]);
    again.expect(0, &["cancelled by dana: ", "it had been stopped before"]);
    assert!(!again.stdout.contains("eve"), "{}", again.stdout);
    let resumed = desk.world.minion(&["resume", &run]);
    resumed.expect(0, &["resumed  after test"]);
    let late = desk.world.minion(&["cancel", &run]);
    late.expect(2, &["has ended, delivered; there is nothing to stop"]);
}

#[test]
fn a_process_that_does_not_listen_is_killed_and_the_run_says_so() {
    let desk = Desk::new();
    let (mut child, run) = desk.sleeper("cancel-killed");
    let process = child.id().to_string();
    let held = std::process::Command::new("kill")
        .args(["-STOP", &process])
        .status();
    assert!(held.unwrap().success());
    cancelled(&desk, &run, "cancel-killed", "killed");
    assert_eq!(child.wait().unwrap().code(), None);
    let shown = desk.world.minion(&["runs", "show", &run]);
    shown.expect(0, &["its process did not stop and was killed"]);
    desk.world
        .minion(&["resume", &run])
        .expect(0, &["resumed  after test"]);
}

#[test]
fn a_run_that_nobody_holds_is_marked_and_goes_on_later() {
    let desk = Desk::new();
    let (mut child, run) = desk.sleeper("cancel-unheld");
    child.kill().unwrap();
    child.wait().unwrap();
    cancelled(&desk, &run, "cancel-unheld", "unheld");
    desk.world
        .minion(&["resume", &run])
        .expect(0, &["resumed  after test"]);
}

#[test]
fn runs_that_cannot_be_stopped_are_named() {
    let desk = Desk::new();
    let nothing = desk.world.minion(&["cancel", "ABCDEF"]);
    nothing.expect(2, &["there is no run `ABCDEF`"]);
    let run = desk.ran(&[("before-1", json!({ "then": "claim" }))]);
    let other = if run.ends_with("ZZZZ") {
        "YYYY"
    } else {
        "ZZZZ"
    };
    let unknown = desk.world.minion(&["cancel", other]);
    unknown.expect(2, &["no run begins or ends with"]);
    let ended = desk.world.minion(&["cancel", &run, "--json"]);
    ended.expect(2, &["there is nothing to stop", "\"exit-code\":2"]);
    desk.world
        .minion(&["cancel", "a\u{1b}b"])
        .expect(2, &["a\\u{1b}b"]);
}
