//! `runs diff`: what changed between two visits.

use super::Desk;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// Two visits that change files, and one between them that does not.
fn changed(desk: &Desk) -> String {
    let first =
        json!([{ "write": ["words.txt", "one\n2\n"] }, { "write": ["new.txt", "\u{1b}[2J\n"] }]);
    let second = json!([{ "write": ["words.txt", "1\n2\n"] }, { "remove": "new.txt" }]);
    desk.ran(&[
        ("before-1", json!({ "deeds": first, "then": "test" })),
        ("after-1", json!({ "deeds": second, "then": "claim" })),
    ])
}

/// Applies a patch to the base; the one file's text then.
fn applied(desk: &Desk, patch: &str) -> String {
    let mut git = Command::new("git");
    git.arg("-C")
        .arg(&desk.repository)
        .arg("apply")
        .stdin(Stdio::piped());
    let mut git = git.spawn().unwrap();
    git.stdin
        .take()
        .unwrap()
        .write_all(patch.as_bytes())
        .unwrap();
    assert!(git.wait().unwrap().success(), "{patch}");
    let words = std::fs::read_to_string(desk.repository.join("words.txt")).unwrap();
    desk.world
        .git(&desk.repository, &["checkout", "--quiet", "."]);
    desk.world
        .git(&desk.repository, &["clean", "--quiet", "--force"]);
    words
}

#[test]
fn what_it_says_applies_with_git_and_the_names_are_those_of_show() {
    let desk = Desk::new();
    let run = changed(&desk);
    let diff = |places: &str| {
        let ran = desk
            .world
            .minion(&["runs", "diff", &format!("{run}{places}")]);
        ran.expect(0, &[]);
        ran.stdout
    };
    assert_eq!(applied(&desk, &diff("")), "1\n2\n");
    assert_eq!(applied(&desk, &diff("@start..")), "1\n2\n");
    assert_eq!(applied(&desk, &diff("@before-1")), "one\n2\n");
    assert_eq!(applied(&desk, &diff("@start..test")), "one\n2\n");
    assert!(
        diff("@before-1").contains("\u{1b}[2J"),
        "piped, it is as it is"
    );
    assert_eq!(diff("@before-1..test-1"), "");
    let back = diff("@after..before");
    assert!(back.contains("-1\n") && back.contains("+one\n"), "{back}");
    let stat = desk
        .world
        .minion(&["runs", "diff", &format!("{run}@after"), "--stat"]);
    stat.expect(
        0,
        &[
            "before after-1 ",
            "  new.txt    +0 −1",
            "  words.txt  +1 −1",
            "2 files changed, +1 −2",
        ],
    );
    let told = desk.objects(&["runs", "diff", &format!("{run}@after"), "--json"]);
    assert_eq!(told[0]["files"][0]["change"], "deleted");
    assert_eq!(told[0]["to"]["visit"], "after-1");
}

#[test]
fn places_and_files_that_are_not_there_are_named() {
    let desk = Desk::new();
    let run = changed(&desk);
    let diff = |places: &str| {
        desk.world
            .minion(&["runs", "diff", &format!("{run}{places}")])
    };
    diff("@").expect(2, &["no visit is named after the `@`"]);
    diff("@nix-1..").expect(2, &["no visit `nix-1`; it has before-1, test-1, after-1"]);
    diff("@before..\u{1b}").expect(2, &["no visit `\\u{1b}`"]);
    let folder = desk.world.path(&format!("state/runs/{run}"));
    let away = desk.world.path("moved");
    std::fs::rename(&desk.repository, &away).unwrap();
    diff("").expect(2, &["is not a folder", "name it with `--repo`"]);
    let there = away.to_str().unwrap();
    let found = desk.world.minion(&["runs", "diff", &run, "--repo", there]);
    found.expect(0, &["+2"]);
    std::fs::rename(&away, &desk.repository).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    diff("").expect(2, &["are gone", "objects.git", "`minion-rt replay` remain"]);
    let _: Vec<Value> = desk.objects(&["runs", "show", &run, "--json"]);
}
