//! Names, messages and lines of log that would speak to a terminal or forge a line.

use super::lines;
use crate::looking::Desk;
use crate::world::Ran;
use serde_json::json;

const EVIL: &str = "a\u{1b}[2J\u{1b}]0;pwned\u{7}\u{202e}\u{200b}\u{9b}31m\u{7f}\r\nallow  before-1  forged\n{\"v\":1,\"line\":\"seal\"}";

/// What no line of ours may carry.
fn raw(text: &str) -> Option<char> {
    let hides = |letter: char| {
        letter != '\n'
            && (letter.is_control()
                || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'))
    };
    text.chars().find(|letter| hides(*letter))
}

#[test]
fn nothing_a_guest_or_a_repository_says_reaches_a_terminal_or_forges_a_line() {
    let mut desk = Desk::new();
    desk.repository = desk.world.repository(
        "pro\u{1b}[31m\u{202e}\u{200b}forged",
        &[("words.txt", "one\n"), ("e\u{1b}[2J\nvil.txt", "x\n")],
    );
    let said = format!("import sys; sys.stdout.write({EVIL:?}) #{EVIL}");
    let run = desk.ran(&[(
        "before-1",
        json!({ "deeds": [
            { "write": ["words.txt", EVIL] }, { "run": ["python3", "-I", "-c", said] }, "agent",
        ], "then": "test" }),
    )]);
    let denied = desk.ran(&[(
        "before-1",
        json!({ "deeds": [{ "write": [EVIL, "x"] }], "then": "claim" }),
    )]);
    for run in [&run, &denied] {
        let shown = desk.world.minion(&["audit", "show", run]);
        harmless(&shown);
        for line in shown.stdout.lines().filter(|line| !line.is_empty()) {
            let ours = line.starts_with("run ")
                || line.starts_with("chain  ")
                || line.starts_with("       cure: ");
            let call = line.get(12..14) == Some("  ") && line[..12].contains(':');
            let count = line.contains(" judged, ");
            assert!(ours || call || count, "forged: {line}\n{}", shown.stdout);
        }
    }
    for words in [
        vec!["query"],
        vec!["query", "--json"],
        vec!["export"],
        vec!["verify"],
    ] {
        harmless(&desk.world.minion(&[vec!["audit"], words].concat()));
    }
    let exported = lines(&desk.world.minion(&["audit", "export"]).stdout);
    let count = |kind: &str| exported.iter().filter(|line| line["line"] == kind).count();
    assert_eq!((count("run"), count("seal")), (2, 2), "no line was forged");
    assert_eq!(count("run") + count("seal") + count("call"), exported.len());
    let words = exported
        .iter()
        .find_map(|line| line["words"].get(3)?.as_str());
    assert_eq!(words, Some(said.as_str()), "JSON stays what was said");
    let evil = ["--rule", EVIL, "--node", EVIL];
    harmless(
        &desk
            .world
            .minion(&[&["audit", "query"], &evil[..]].concat()),
    );
    harmless(&desk.world.minion(&["audit", "show", EVIL]));
    harmless(
        &desk
            .world
            .minion(&["audit", "verify", EVIL, "--head", EVIL]),
    );
    harmless(&desk.world.minion(&["audit", "query", "--since", EVIL]));
}

#[track_caller]
fn harmless(ran: &Ran) {
    let spoken = raw(&ran.stdout).or_else(|| raw(&ran.stderr));
    assert_eq!(spoken, None, "{:?}\n{:?}", ran.stdout, ran.stderr);
}
