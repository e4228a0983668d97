//! A grants file is narrowed to what was used, and to nothing less than admits the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{RunUse, Tightened, Uses, tighten};
use crate::Ask;

const FILE: &str = r#"# The parser team's.
[[grant]]
blueprint = "acme/fix-bug"
digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000" # 1.4.0
approved-by = "dana"

[grant.files]
read = ["**"]   # all of it
write = ["src/**", "docs/**", "**"]

[grant.command]
run = [
    # lint
    "cargo clippy *",
    "cargo fmt *",
    # test
    "cargo test *",
    "ruff check *",
]
unsandboxed = true

[grant.agent]
models = ["default"]
tools = ["read", "list", "edit"]

[[grant]]
plugin = "acme/judge"
digest = "sha256:1111111111111111111111111111111111111111111111111111111111111111"

[grant.files]
read = ["src/**"]
"#;

fn ask(json: &str) -> Ask {
    serde_json::from_str(json).unwrap()
}

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn run(uses: Uses) -> RunUse {
    let asks = vec![
        ask(r#"{"id":"source","reason":"r","files":{"read":["**"],"write":["**"]}}"#),
        ask(r#"{"id":"tools","reason":"r","command":{"run":["cargo clippy *","cargo test *"]}}"#),
        ask(r#"{"id":"fmt","reason":"r","command":{"run":["cargo fmt *"]}}"#),
    ];
    RunUse {
        blueprint: "acme/fix-bug".to_owned(),
        digest: format!("sha256:{}", "0".repeat(64)),
        plugins: Vec::new(),
        asks: BTreeMap::from([("acme/fix-bug".to_owned(), asks)]),
        uses: BTreeMap::from([("acme/fix-bug".to_owned(), uses)]),
        unsandboxed: false,
    }
}

fn used() -> Uses {
    Uses {
        read: set(&["src/lib.rs", "Cargo.toml"]),
        written: set(&["src/lib.rs"]),
        commands: BTreeSet::from([["cargo", "test", "--offline"].map(str::to_owned).to_vec()]),
        tools: set(&["read", "edit"]),
        ..Uses::default()
    }
}

fn tightened(runs: &[RunUse]) -> Tightened {
    tighten(Path::new("/g/grants.toml"), FILE, runs).unwrap()
}

#[test]
fn what_was_not_used_is_gone_and_comments_stay() {
    let tight = tightened(&[run(used())]);
    for line in [
        "# The parser team's.",
        "# 1.4.0",
        "read = [\"Cargo.toml\", \"src/**\"]   # all of it",
        "write = [\"src/**\"]",
        "    # lint\n    \"cargo fmt *\",\n    # test\n    \"cargo test *\",\n]",
        "tools = [\"read\", \"edit\"]",
    ] {
        assert!(tight.text.contains(line), "{line}\n{}", tight.text);
    }
    assert!(!tight.text.contains("unsandboxed"), "{}", tight.text);
    assert_eq!(tight.unused, ["acme/judge"]);
    let keys: Vec<_> = tight.changes.iter().map(|change| change.key).collect();
    assert_eq!(
        keys,
        [
            "files.read",
            "files.write",
            "command.run",
            "agent.tools",
            "command.unsandboxed"
        ]
    );
    let again = tighten(Path::new("/g/grants.toml"), &tight.text, &[run(used())]).unwrap();
    assert_eq!(
        (again.text, again.changes),
        (tight.text, Vec::new()),
        "once is enough"
    );
}

#[test]
fn of_every_ask_something_stays() {
    let tight = tightened(&[run(Uses::default())]);
    for kept in [
        "read = [\"**\"]",
        "\"cargo clippy *\"",
        "\"cargo fmt *\"",
        "tools = [\"read\", \"list\", \"edit\"]",
    ] {
        assert!(tight.text.contains(kept), "{kept}\n{}", tight.text);
    }
    assert!(!tight.text.contains("cargo test"), "{}", tight.text);
}

#[test]
fn what_was_looked_at_as_a_whole_stays_whole() {
    let mut all = used();
    all.looked = set(&[""]);
    all.programs = set(&["ruff"]);
    let tight = tightened(&[run(all)]);
    assert!(tight.text.contains("read = [\"**\"]"), "{}", tight.text);
    assert!(
        tight.text.contains("\"ruff check *\""),
        "it was found to be there"
    );
}

#[test]
fn files_that_are_closed_to_broad_patterns_narrow_nothing() {
    let mut secret = used();
    secret.read.insert(".env".to_owned());
    assert!(tightened(&[run(secret)]).text.contains("read = [\"**\"]"));
}

#[test]
fn another_digest_or_no_run_changes_nothing() {
    let mut other = run(used());
    other.digest = format!("sha256:{}", "2".repeat(64));
    for runs in [vec![other], Vec::new()] {
        let tight = tightened(&runs);
        assert_eq!((tight.text.as_str(), tight.unused.len()), (FILE, 2));
    }
}

#[test]
fn a_plugins_grant_is_held_against_what_the_plugin_did() {
    let mut with = run(used());
    let judge = (
        "acme/judge".to_owned(),
        format!("sha256:{}", "1".repeat(64)),
    );
    with.plugins.push(judge);
    let asks = vec![ask(r#"{"id":"x","reason":"r","files":{"read":["**"]}}"#)];
    with.asks.insert("acme/judge".to_owned(), asks);
    let tight = tightened(&[with]);
    assert!(tight.unused.is_empty());
    assert!(
        tight.text.ends_with("read = [\"src/**\"]\n"),
        "its ask keeps it: {}",
        tight.text
    );
}

#[test]
fn what_is_no_grants_file_is_refused() {
    let refused = tighten(Path::new("/g/grants.toml"), "grant = 1", &[]);
    assert!(refused.is_err());
}
