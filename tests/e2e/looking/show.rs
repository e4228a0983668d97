//! `runs show`: the timeline of a run.

use super::Desk;
use serde_json::{Value, json};

#[test]
fn a_resumed_run_shows_its_visits_calls_stops_and_what_is_void() {
    let desk = Desk::new();
    let (mut child, run) = desk.sleeper("show-resumed");
    desk.objects(&["cancel", &run, "--by", "dana", "--json"]);
    child.wait().unwrap();
    let stands = [
        "stopped     cancelled by dana; after-1 was under way",
        "next       minion-rt resume",
    ];
    desk.world
        .minion(&["runs", "show", &run])
        .expect(0, &stands);
    let resumed = desk.world.minion(&["resume", &run]);
    resumed.expect(0, &["granted  as at its beginning, 7 asks", "on main@"]);
    assert_eq!(
        resumed.stderr.matches("granted").count(),
        1,
        "{}",
        resumed.stderr
    );
    let shown = desk.world.minion(&["runs", "show", &run]);
    shown.expect(
        0,
        &[
            "task       be looked at",
            "before-1              tree ",
            "    workspace.write   words.txt",
            "  → test              tree ",
            "    gate.run          std:test",
            "    evidence  std:test ",
            "  resumed    by minion-rt",
            "void, done again",
            "void  after-1               tree ",
            "  stopped    cancelled by dana",
            "→ exit 0",
            "  → claim  ",
            "delivered  tree ",
            "chain  ",
            " sound, head ",
        ],
    );
    let visits = shown.stdout.lines();
    let visits = visits.filter(|line| line.starts_with("after-1"));
    assert_eq!(visits.count(), 1, "{}", shown.stdout);
    let one = desk
        .world
        .minion(&["runs", "show", &run, "--visit", "test"]);
    one.expect(
        0,
        &["test-1  ", "gate.run          std:test  [graph]", "  → "],
    );
    assert!(
        !one.stdout.contains("before-1") && !one.stdout.contains("delivered"),
        "{}",
        one.stdout
    );
}

#[test]
fn calls_beyond_the_first_are_counted_until_they_are_asked_for() {
    let desk = Desk::new();
    let deeds: Vec<_> = (0..30)
        .map(|n| json!({ "write": [format!("f{n}"), "x"] }))
        .collect();
    let run = desk.ran(&[("before-1", json!({ "deeds": deeds, "then": "claim" }))]);
    let shown = desk.world.minion(&["runs", "show", &run]);
    shown.expect(0, &["and 48 lines more: --visit before-1, or --calls"]);
    assert!(!shown.stdout.contains(" f29"), "{}", shown.stdout);
    for more in [vec!["--calls"], vec!["--visit", "before-1"]] {
        let all = desk
            .world
            .minion(&[vec!["runs", "show", &run], more].concat());
        all.expect(
            0,
            &[
                "workspace.write   f29",
                "[--allow-asked files.write `**`, ask change]",
            ],
        );
    }
}

#[test]
fn the_texts_of_strangers_speak_to_no_terminal() {
    let desk = Desk::new();
    let name = "a\u{1b}]0;x\u{7}b\u{202e}.txt";
    let deeds = json!([{ "write": [name, "x"] }]);
    let run = desk.ran(&[("before-1", json!({ "deeds": deeds, "then": "claim" }))]);
    let shown = desk.world.minion(&["runs", "show", &run, "--calls"]);
    shown.expect(
        0,
        &[
            "DENIED     workspace.write a",
            "a\\u{1b}]0;x\\u{7}b\\u{202e}.txt",
        ],
    );
    let raw = desk.objects(&["runs", "show", &run, "--json"]);
    let first = &raw[0]["body"]["run-started"];
    assert_eq!(first["task"], "be looked at", "{first}");
    assert_eq!(raw.last().unwrap()["seq"], Value::from(raw.len()));
}

#[test]
fn a_visit_or_a_run_that_is_not_there_is_named() {
    let desk = Desk::new();
    desk.world
        .minion(&["runs", "show", "ABCDEF"])
        .expect(2, &["nothing has run yet"]);
    let run = desk.ran(&[("before-1", json!({ "then": "claim" }))]);
    let none = desk
        .world
        .minion(&["runs", "show", &run, "--visit", "x\u{1b}y"]);
    none.expect(2, &["no visit `x\\u{1b}y`; its last ones are before-1"]);
    let both = desk
        .world
        .minion(&["runs", "show", &run, "--visit", "before", "--json"]);
    both.expect(2, &["--json gives every record of the run"]);
}
