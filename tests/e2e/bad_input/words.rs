//! Words of the command that mean nothing, or something else than they seem to; what a person
//! and a program are told of them.

use super::{Stage, hostile};
use crate::world::component;
use serde_json::Value;

#[test]
fn an_empty_task_is_a_mistake_and_so_is_none_for_an_agent() {
    let stage = Stage::new();
    for empty in ["", "  "] {
        stage
            .hostile(empty, &[])
            .expect(2, &["--task", "the parser"]);
    }
    let untold = stage.exec(&hostile(), &super::GRANTED);
    untold.expect(2, &["has an agent", "give --task"]);
    stage.untouched();
}

#[test]
fn an_input_that_the_blueprint_does_not_declare_is_refused() {
    let stage = Stage::new();
    let none = stage.hostile("behave", &["--input", "mode=fast"]);
    none.expect(2, &["`mode`", "declares none"]);
    let lying = component("tests/guests/lying");
    let words = ["--task", "x", "--allow-asked", "--input", "befor-1={}"];
    let known = stage.exec(&lying, &words);
    known.expect(2, &["`befor-1`", "it takes", "before-1  what visit 1"]);
    let page = stage.world.minion(&["inspect", lying.to_str().unwrap()]);
    page.expect(0, &["inputs      after-1: \"what visit 1"]);
    stage.untouched();
}

#[test]
fn what_is_asked_and_granted_is_printed_pattern_by_pattern() {
    let stage = Stage::new();
    let ran = stage.hostile("behave", &[]);
    ran.expect(0, &["nothing had to be changed"]);
    for granted in [
        "granted  test/hostile source: read **   \"to read",
        "granted  test/hostile change: write **",
        "granted  test/hostile program: run true * (runs workspace code)",
        "granted  test/hostile model: ask model default",
        "granted  test/hostile hand-over: deliver to a local branch, no gate required",
        "not granted  secret-looking and protected files",
    ] {
        assert!(ran.stderr.contains(granted), "{granted}\n{}", ran.all());
    }
}

#[test]
fn a_gate_that_the_graph_lacks_is_blamed_on_the_command_line_under_a_fitting_headline() {
    let stage = Stage::new();
    let ran = stage.hostile("behave", &["--allow", "require=std:audit"]);
    let words = [
        "cannot be run with these grants",
        "--allow requires gate `std:audit`",
    ];
    ran.expect(3, &words);
    assert!(!ran.all().contains("asks for more"), "{}", ran.all());
    stage.untouched();
}

#[test]
fn lines_that_went_into_a_file_are_not_spoken_of_as_if_they_stood_there() {
    let stage = Stage::new();
    let ran = stage.exec(&hostile(), &["--task", "behave"]);
    let words = ["config/minion-rt/grants.toml went to standard output"];
    ran.expect(3, &words);
    assert!(ran.stdout.starts_with("[[grant]]\n"), "{}", ran.stdout);
}

#[test]
fn a_mistake_is_an_object_where_json_is_wanted() {
    let stage = Stage::new();
    let nowhere = stage.world.path("nowhere.wasm");
    let unreadable = stage.exec(&nowhere, &["--json"]);
    let unknown = stage.exec(&nowhere, &["--json", "--everything"]);
    for (ran, word) in [(unreadable, "nowhere.wasm"), (unknown, "--everything")] {
        assert_eq!(ran.code, 2, "{}", ran.all());
        let told: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(told["exit-code"], 2);
        assert!(told["error"].as_str().unwrap().contains(word), "{told}");
        assert!(ran.stderr.contains(word), "{}", ran.all());
    }
    // Without it, stdout stays empty.
    assert_eq!(stage.exec(&nowhere, &[]).stdout, "");
}

#[test]
fn a_folder_inside_a_repository_is_said_to_stand_for_all_of_it() {
    let stage = Stage::new();
    let inside = stage.repository.join(".github/workflows");
    let top = stage.repository.canonicalize().unwrap();
    let guest = hostile();
    let exec = |repository: &str, more: &[&str]| {
        let mut words = vec!["exec", guest.to_str().unwrap(), "--repo", repository];
        words.extend(["--task", "behave"]);
        words.extend(super::GRANTED);
        words.extend(more);
        stage.world.minion(&words)
    };
    let ran = exec(inside.to_str().unwrap(), &[]);
    let of = format!(" of {}  sandbox ", top.display());
    let note = format!(
        "--repo is a folder inside {}: the run is on all of it",
        top.display()
    );
    ran.expect(0, &[&of, &note]);
    let ran = exec(inside.to_str().unwrap(), &["--json"]);
    let outcome: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(outcome["repository"], top.to_str().unwrap());
    let whole = exec(top.to_str().unwrap(), &[]);
    assert!(
        !whole.expect(0, &[]).all().contains("inside"),
        "{}",
        whole.all()
    );
}

#[test]
fn each_visit_stands_apart_without_a_break_in_its_line() {
    let stage = Stage::new();
    stage.hostile("behave", &[]).expect(0, &[]);
    let listed = stage.world.minion(&["runs"]);
    let run = listed.stdout.lines().nth(1).unwrap();
    let run = run.split_whitespace().next().unwrap();
    let shown = stage.world.minion(&["runs", "show", run]);
    let lines: Vec<_> = shown.stdout.lines().collect();
    for words in ["act-1  ", "delivered "] {
        let at = lines.iter().position(|line| line.starts_with(words));
        let at = at.unwrap_or_else(|| panic!("{words}\n{}", shown.all()));
        assert_eq!(lines[at - 1], "", "{}", shown.all());
    }
}

#[test]
fn a_run_that_never_was_is_not_shown_as_nothing() {
    let stage = Stage::new();
    let world = &stage.world;
    let listed = world.minion(&["runs"]);
    listed.expect(0, &["there is no journal at", "nothing has run"]);
    assert_eq!(listed.stdout, "");
    let show = ["runs", "show", "15D4VZ"];
    world
        .minion(&show)
        .expect(2, &["`15D4VZ`", "nothing has run yet"]);
    stage.hostile("behave", &[]).expect(0, &[]);
    world.minion(&show).expect(2, &["15D4VZ"]);
}
