//! `runs watch`: from another process, as it happens.

use super::{Desk, until};
use crate::world::Ran;
use std::fs::File;
use std::process::{Child, Command, Stdio};

fn watching(desk: &Desk, run: &str, more: &[&str]) -> (Child, impl Fn() -> String) {
    let out = desk.world.path(&format!("watched{}", more.len()));
    let file = File::create(&out).unwrap();
    let mut command = desk.world.command();
    command.args(["runs", "watch", run]).args(more);
    let child = command.stdout(file).stderr(Stdio::null()).spawn().unwrap();
    (child, move || std::fs::read_to_string(&out).unwrap())
}

#[test]
fn a_run_is_watched_over_its_stop_and_resume_to_its_end() {
    let desk = Desk::new();
    let (mut child, run) = desk.sleeper("watch-all");
    let (mut watcher, seen) = watching(&desk, &run, &[]);
    let (mut raw, records) = watching(&desk, &run, &["--json"]);
    until("its past is seen", || seen().contains("test-1"));
    until("the visit under way is seen", || {
        records().contains("\"visit-started\":{\"node\":\"after\"")
    });
    assert!(!seen().contains("stopped"), "{}", seen());
    desk.objects(&["cancel", &run, "--by", "dana", "--json"]);
    until("its stop is seen", || {
        seen().contains("stopped    cancelled by dana")
    });
    child.wait().unwrap();
    desk.world.minion(&["resume", &run]).expect(0, &[]);
    assert!(watcher.wait().unwrap().success() && raw.wait().unwrap().success());
    let all = seen();
    assert!(
        all.contains("  resumed    by minion-rt") && all.contains("\ndelivered"),
        "{all}"
    );
    let shown = desk.world.minion(&["runs", "show", &run, "--json"]);
    assert_eq!(records(), shown.stdout, "every record once");
}

#[test]
fn ctrl_c_ends_the_watching_and_not_the_run() {
    let desk = Desk::new();
    let (mut child, run) = desk.sleeper("watch-end");
    let (mut watcher, seen) = watching(&desk, &run, &[]);
    until("it watches", || seen().contains("test-1"));
    let sent = Command::new("kill")
        .args(["-INT", &watcher.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    assert_eq!(watcher.wait().unwrap().code(), Some(0));
    assert_eq!(desk.objects(&["runs", "--json"])[0]["status"], "running");
    desk.objects(&["cancel", &run, "--json"]);
    child.wait().unwrap();
}

#[test]
fn an_unknown_run_is_named() {
    let desk = Desk::new();
    let ran = Ran::of(
        desk.world
            .command()
            .args(["runs", "watch", "ABCD"])
            .output()
            .unwrap(),
    );
    ran.expect(2, &["there is no run `ABCD`"]);
}
