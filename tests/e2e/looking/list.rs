//! `runs`: the list with its filters.

use super::Desk;
use serde_json::{Value, json};

fn ids(objects: &[Value]) -> Vec<&str> {
    objects
        .iter()
        .map(|object| object["run"].as_str().unwrap())
        .collect()
}

#[test]
fn runs_are_found_by_status_blueprint_and_repository() {
    let desk = Desk::new();
    let nothing = desk.world.minion(&["runs"]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (0, ""));
    nothing.expect(0, &["there is no journal at", "state/journal"]);
    let delivered = desk.ran(&[("before-1", json!({ "then": "claim" }))]);
    let failed = desk.ran(&[("before-1", json!({ "then": "nowhere" }))]);
    let all = desk.objects(&["runs", "--json"]);
    assert_eq!(ids(&all), [&failed, &delivered], "the newest first");
    let top = desk.repository.canonicalize().unwrap();
    for (filter, fits) in [
        (["--status", "delivered"], vec![delivered.as_str()]),
        (["--status", "failed"], vec![failed.as_str()]),
        (["--status", "stopped"], vec![]),
        (["--blueprint", "test/lying"], vec![&failed, &delivered]),
        (["--blueprint", "test/other"], vec![]),
        (["--repo", "project"], vec![&failed, &delivered]),
        (["--repo", "elsewhere"], vec![]),
        (["--limit", "1"], vec![&failed]),
    ] {
        let found = desk.objects(&["runs", "--json", filter[0], filter[1]]);
        assert_eq!(ids(&found), fits, "{filter:?}");
    }
    assert_eq!(all[1]["status"], "delivered");
    assert_eq!(all[1]["repository"], top.to_str().unwrap());
    assert!(all[1]["tree"].is_string() && all[1]["head"].is_string());
}

#[test]
fn columns_line_up_and_a_long_list_says_that_it_is_cut() {
    let desk = Desk::new();
    for _ in 0..2 {
        desk.ran(&[("before-1", json!({ "then": "claim" }))]);
    }
    let listed = desk.world.minion(&["runs"]);
    listed.expect(0, &["run     started", "where it stands", "be looked at"]);
    let lines: Vec<_> = listed.stdout.lines().collect();
    let at = |line: &str| line.find("test/lying");
    assert_eq!(lines.len(), 3);
    assert!(
        at(lines[1]).is_some() && at(lines[1]) == at(lines[2]),
        "{}",
        listed.stdout
    );
    let cut = desk.world.minion(&["runs", "--limit", "1"]);
    cut.expect(0, &["these are the newest 1; --limit shows others"]);
    assert_eq!(cut.stdout.lines().count(), 2);
}

#[test]
fn a_run_says_who_holds_it() {
    let desk = Desk::new();
    let (mut child, run) = desk.sleeper("list-held");
    let running = desk.objects(&["runs", "--status", "running", "--json"]);
    assert_eq!(ids(&running), [&run]);
    assert_eq!(running[0]["holder"]["process"], child.id());
    assert_eq!(running[0]["holder"]["lives"], true);
    assert_eq!(running[0]["node"], "test", "its last visit");
    let process = format!("running     as process {} ", child.id());
    let show = |words: &[&str]| {
        desk.world
            .minion(&["runs", "show", &run])
            .expect(0, words)
            .code
    };
    show(&[&process, " is under way", "next       minion-rt runs watch"]);
    child.kill().unwrap();
    child.wait().unwrap();
    let left = desk.objects(&["runs", "--status", "interrupted", "--json"]);
    assert_eq!(ids(&left), [&run]);
    assert_eq!(left[0]["holder"], Value::Null);
    show(&[
        "interrupted its process died; ",
        " was under way",
        "next       minion-rt resume",
    ]);
}

#[test]
fn words_that_make_no_sense_are_named() {
    let desk = Desk::new();
    desk.ran(&[("before-1", json!({ "then": "claim" }))]);
    for (words, named) in [
        (
            vec!["--status", "done"],
            "possible values: running, waiting, decided, stopped, interrupted",
        ),
        (vec!["--limit", "0"], "--limit"),
        (
            vec!["--limit", "2", "show", "ABCD"],
            "`--limit` belongs to the list of runs",
        ),
        (vec!["shown"], "unrecognized subcommand"),
    ] {
        let ran = desk.world.minion(&[vec!["runs"], words].concat());
        ran.expect(2, &[named]);
    }
}

#[test]
fn a_journal_that_is_damaged_or_no_journal_is_refused_by_every_verb() {
    let desk = Desk::new();
    let run = desk.ran(&[("before-1", json!({ "then": "claim" }))]);
    let file = desk.world.path("state/journal/journal.sqlite");
    for beside in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{beside}", file.display()));
    }
    std::fs::write(
        &file,
        "no database at all, whatever its name says".repeat(100),
    )
    .unwrap();
    for verb in [
        &["runs"][..],
        &["runs", "show", &run],
        &["runs", "diff", &run],
        &["replay", &run],
        &["resume", &run],
        &["approve", &run],
        &["cancel", &run],
    ] {
        desk.world.minion(verb).expect(3, &["corrupt"]);
    }
}
