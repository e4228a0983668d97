//! `audit show`, `audit query` and `audit export`: what they tell.

use super::{Desked, lines};
use crate::looking::Desk;
use serde_json::{Value, json};

#[test]
fn a_run_shows_every_judged_call_with_its_rule_and_its_refusals() {
    let desked = Desked::new();
    let shown = desked
        .desk
        .world
        .minion(&["audit", "show", &desked.runs[0]]);
    shown.expect(
        0,
        &[
            "allow  before-1        workspace.write     words.txt  → done",
            "[--allow-asked files.write `**`, ask change]",
            "command.run         python3 -I -c print('x' * 9)  → exit 0  10 B",
            "DENY   before-1        agent.run",
            "[not-agentic]",
            "cure: only a node of kind `agentic` reaches a model",
            "gate.run            std:test on tree ",
            "by std:test",
            " judged, 1 denied",
            "chain  ",
            "sealed by its end",
        ],
    );
}

#[test]
fn a_query_finds_what_it_names_in_all_runs() {
    let desked = Desked::new();
    let query = |words: &[&str]| -> Vec<Value> {
        desked
            .desk
            .objects(&[&["audit", "query", "--json"], words].concat())
    };
    let all = query(&[]);
    let denied = query(&["--verdict", "deny"]);
    let mut of: Vec<_> = denied
        .iter()
        .map(|entry| entry["run"].as_str().unwrap())
        .collect();
    of.sort_unstable();
    assert_eq!(
        of,
        desked.runs.iter().map(String::as_str).collect::<Vec<_>>()
    );
    assert!(
        denied
            .iter()
            .all(|entry| entry["rule"] == "not-agentic" && entry["cure"].is_string())
    );
    let count = |words: &[&str]| query(words).len();
    assert_eq!(count(&["--rule", "not-agentic"]), 2);
    assert_eq!(
        count(&["--rule", "not-agentic", "--run", &desked.runs[1]]),
        1
    );
    assert_eq!(count(&["--node", "before-1", "--capability", "agent"]), 2);
    assert_eq!(count(&["--node", "nowhere"]), 0);
    assert_eq!(count(&["--since", "1d"]), all.len());
    assert_eq!(count(&["--until", "1d"]), 0);
    assert_eq!(count(&["--since", "2999-01-01"]), 0);
    let world = &desked.desk.world;
    world
        .minion(&["audit", "query", "--since", "soon"])
        .expect(2, &["is no moment"]);
    let told = world.minion(&["audit", "query", "--verdict", "deny"]);
    told.expect(0, &["DENY   before-1", "2 calls of 2 runs, 2 denied"]);
}

#[test]
fn an_export_begins_and_seals_each_run() {
    let desked = Desked::new();
    let exported = desked.desk.world.minion(&["audit", "export"]);
    exported.expect(0, &[]);
    let lines = lines(&exported.stdout);
    let of =
        |kind: &str| -> Vec<&Value> { lines.iter().filter(|line| line["line"] == kind).collect() };
    assert_eq!((of("run").len(), of("seal").len()), (2, 2));
    assert_eq!(lines.first().unwrap()["line"], "run");
    let seal = lines.last().unwrap();
    assert_eq!(seal["line"], "seal");
    assert_eq!(
        seal["head"],
        desked.head(seal["run"].as_str().unwrap()).as_str()
    );
    let write = of("call")
        .into_iter()
        .find(|line| line["operation"] == "workspace.write");
    let write = write.unwrap();
    assert_eq!(
        (&write["target"], &write["bytes"]),
        (&"words.txt".into(), &6.into())
    );
    let one = desked
        .desk
        .world
        .minion(&["audit", "export", &desked.runs[0]]);
    assert!(one.stdout.lines().count() < exported.stdout.lines().count());
    desked
        .desk
        .world
        .minion(&["audit", "export", "AAAAAA"])
        .expect(2, &["no run"]);
}

#[test]
fn an_altered_run_is_told_without_a_seal_and_ends_with_4() {
    let desked = Desked::new();
    let db = rusqlite::Connection::open(desked.journal().join("journal.sqlite")).unwrap();
    let sql = "UPDATE records SET bytes = replace(bytes, 'words.txt', 'other.txt') WHERE run = 1";
    assert!(db.execute(sql, []).unwrap() > 0);
    db.close().unwrap();
    let exported = desked.desk.world.minion(&["audit", "export"]);
    exported.expect(4, &["was altered at record"]);
    let seals = lines(&exported.stdout);
    assert_eq!(
        seals.iter().filter(|line| line["line"] == "seal").count(),
        1
    );
    let run = &desked.runs[0];
    desked
        .desk
        .world
        .minion(&["audit", "show", run])
        .expect(4, &["was altered"]);
}

#[test]
fn a_call_through_a_link_is_told_by_the_path_that_was_judged() {
    let desk = Desk::new();
    std::os::unix::fs::symlink("words.txt", desk.repository.join("link.txt")).unwrap();
    desk.world.git(&desk.repository, &["add", "--all"]);
    desk.world
        .git(&desk.repository, &["commit", "--quiet", "--message=link"]);
    let deeds = json!([{ "write": ["link.txt", "three\n"] }]);
    let run = desk.ran(&[("before-1", json!({ "deeds": deeds, "then": "claim" }))]);
    let writes = [
        "audit",
        "query",
        "--run",
        &run,
        "--capability",
        "files",
        "--json",
    ];
    let writes = desk.objects(&writes);
    let write = writes
        .iter()
        .find(|entry| entry["operation"] == "workspace.write");
    assert_eq!(write.unwrap()["target"], "words.txt");
    desk.world
        .minion(&["replay", &run])
        .expect(0, &["the same"]);
}
