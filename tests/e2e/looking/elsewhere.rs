//! `runs export` and `runs import`: a run goes elsewhere as one file.

use super::Desk;
use serde_json::json;

#[test]
fn an_exported_run_replays_in_another_state_folder() {
    let desk = Desk::new();
    let deeds = json!([{ "write": ["words.txt", "three\n"] }]);
    let run = desk.ran(&[("before-1", json!({ "deeds": deeds, "then": "claim" }))]);
    let told = desk.objects(&["runs", "export", &run, "--output", "run.minion", "--json"]);
    assert_eq!(told[0]["run"], run.as_str());
    let away = |words: &[&str]| desk.world.minion(&[words, &["--state", "away"]].concat());
    away(&["runs", "import", "run.minion"])
        .expect(0, &["imported  ", "next       minion-rt replay"]);
    away(&["runs", "import", "run.minion"]).expect(0, &["it was there already, the same"]);
    std::fs::remove_dir_all(&desk.repository).unwrap();
    away(&["replay", &run]).expect(0, &["the same  1 visit"]);
    let shown = away(&["runs", "show", &run]);
    shown.expect(
        0,
        &[
            "workspace.write   words.txt",
            told[0]["head"].as_str().unwrap(),
        ],
    );
    away(&["runs", "watch", &run]).expect(0, &["workspace.write   words.txt", "escalated"]);
    // How it ended is the file's word, and is told so; nothing is begun from it.
    shown.expect(0, &["imported from a file"]);
    away(&["runs"]).expect(0, &["escalated, imported"]);
    let listed = away(&["runs", "--json"]);
    listed.expect(0, &["\"imported\":true"]);
    let forked = away(&["exec", "--fork", &format!("{run}@before-1")]);
    forked.expect(2, &["was imported", "the word of whoever made the file"]);
    assert!(forked.stderr.starts_with("error"), "{}", forked.stderr);
}

#[test]
fn a_run_that_has_not_ended_is_imported_to_be_read_and_never_resumed() {
    let desk = Desk::new();
    let (mut child, run) = desk.sleeper("export-open");
    desk.objects(&["cancel", &run, "--json"]);
    child.wait().unwrap();
    desk.world
        .minion(&["runs", "export", &run, "-o", "run.minion"])
        .expect(0, &[]);
    let away = |words: &[&str]| desk.world.minion(&[words, &["--state", "away"]].concat());
    away(&["runs", "import", "run.minion"]).expect(0, &[]);
    away(&["runs", "--status", "imported"]).expect(0, &["imported"]);
    away(&["cancel", &run]).expect(2, &["was imported"]);
    away(&["resume", &run]).expect(2, &["was imported"]);
}

#[test]
fn what_is_damaged_foreign_or_in_the_way_is_refused() {
    let desk = Desk::new();
    let run = desk.ran(&[("before-1", json!({ "then": "claim" }))]);
    let export = |file: &str| {
        desk.world
            .minion(&["runs", "export", &run, "--output", file])
    };
    export("run.minion").expect(0, &[]);
    export("run.minion").expect(2, &["`run.minion` is there already"]);
    export("no/such/folder").expect(2, &["cannot be written"]);
    let whole = std::fs::read_to_string(desk.world.path("run.minion")).unwrap();
    desk.world.file("cut", &whole[..whole.len() - 9]);
    desk.world
        .file("edited", whole.replace("be looked at", "be looked up"));
    desk.world.file("foreign", "{}\n");
    let take = |file: &str| {
        desk.world
            .minion(&["runs", "import", file, "--state", "away"])
    };
    desk.world.file("empty", "");
    for cut in ["cut", "empty"] {
        let words = format!("`{cut}` was not taken: it is incomplete");
        take(cut).expect(3, &[&words]);
    }
    take("edited").expect(3, &["was altered: its bytes do not give its hash"]);
    take("foreign").expect(3, &["no run that `minion-rt runs export` wrote"]);
    take("missing").expect(2, &["`missing` cannot be read"]);
    take(".").expect(2, &["cannot be read"]);
    let none = desk.world.minion(&["runs", "--state", "away"]);
    assert_eq!((none.code, none.stdout.as_str()), (0, ""));
}

#[test]
fn another_export_of_a_run_that_is_here_names_what_makes_room_for_it() {
    let desk = Desk::new();
    let (mut child, open) = desk.sleeper("export-older");
    desk.objects(&["cancel", &open, "--json"]);
    child.wait().unwrap();
    let export = |file: &str| desk.world.minion(&["runs", "export", &open, "-o", file]);
    export("older").expect(0, &[]);
    desk.world.minion(&["resume", &open]).expect(0, &[]);
    export("newer").expect(0, &[]);
    let take = |file: &str| {
        desk.world
            .minion(&["runs", "import", file, "--state", "both"])
    };
    take("newer").expect(0, &[]);
    let cure = format!("`minion-rt runs gc {} --yes`", &open[20..]);
    take("older").expect(3, &["an earlier or a later export", &cure]);
    let gone = ["runs", "gc", &open[20..], "--yes", "--state", "both"];
    desk.world.minion(&gone).expect(0, &["freed"]);
    take("older").expect(0, &[]);
}
