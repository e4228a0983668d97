//! Mistakes in what binds, denies and bounds: each names line, key and cure.

use std::fs;

use super::{Ceiling, GrantsFile};

const KEY: &str = "ed25519:7c2e7c2e7c2e7c2e7c2e7c2e7c2e7c2e7c2e7c2e7c2e7c2e7c2e7c2e7c2e7c2e";

fn told(name: &str, text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    let answer = match name {
        "ceiling.toml" => Ceiling::load(&path, &[]).map(|_| ()),
        _ => GrantsFile::load(&path, &[]).map(|_| ()),
    };
    let here = format!("{}/", folder.path().display());
    answer.map_or_else(
        |error| error.to_string().replace(&here, ""),
        |()| "read".to_owned(),
    )
}

fn published(rest: &str) -> String {
    let text = format!("[[grant]]\nblueprint = \"a/b\"\npublisher = \"{KEY}\"\n{rest}");
    told("grants.toml", &text)
}

fn bound(rest: &str) -> String {
    let digest = crate::Digest::of(b"x");
    let text = format!("[[grant]]\nblueprint = \"a/b\"\ndigest = \"{digest}\"\n{rest}");
    told("grants.toml", &text)
}

#[test]
fn a_publisher_wants_versions_and_a_whole_key() {
    assert_eq!(published("versions = \"^1.2\"\n"), "read");
    assert!(published("").starts_with("grants.toml:3: `publisher` wants `versions`"));
    assert!(published("versions = \"newest\"\n").starts_with("grants.toml:4: `versions`:"));
    let digest = crate::Digest::of(b"x");
    let both = published(&format!("versions = \"*\"\ndigest = \"{digest}\"\n"));
    assert!(both.contains("not to both"), "{both}");
    let short = told(
        "grants.toml",
        "[[grant]]\nblueprint = \"a/b\"\npublisher = \"ed25519:7c\"\nversions = \"1\"\n",
    );
    assert!(
        short.starts_with("grants.toml:3: `publisher`: a publisher is"),
        "{short}"
    );
    assert!(bound("versions = \"1\"\n").contains("`versions` goes with `publisher`"));
    assert!(bound("[grant.not-wider-than]\n").contains("goes with `publisher`"));
}

#[test]
fn what_is_approved_says_what_may_be_asked_and_no_more() {
    let approved = |rest: &str| {
        published(&format!(
            "versions = \"^1\"\n[grant.not-wider-than]\n{rest}"
        ))
    };
    assert_eq!(
        approved("files = { read = [\"**\"] }\ndelivery = { to = \"branch\" }\n"),
        "read"
    );
    assert!(approved("credential = []\n").contains("`credential` is not known"));
    assert!(
        approved("command = { run = [\"a\"], unsandboxed = true }\n").contains("yours to grant")
    );
    assert!(approved("prompts = \"sha1:0\"\n").contains("`not-wider-than.prompts`"));
}

#[test]
fn what_nothing_enforces_is_a_mistake() {
    assert_eq!(
        bound("[grant.limits]\nturns = 4\nrun-seconds = 60\n"),
        "read"
    );
    for (rest, word) in [
        (
            "[grant.limits]\nmoney = \"2.50\"\n",
            "grants.toml:5: `limits.money` is enforced by nothing",
        ),
        (
            "[grant.limits]\nworkspace-bytes = 5\n",
            "`limits.workspace-bytes` is enforced by nothing",
        ),
        (
            "[grant.limits]\nturns = 0\n",
            "`limits.turns` is at least 1",
        ),
        ("[grant.limits]\nturn = 1\n", "did you mean `turns`"),
        ("max-runs = 0\n", "grants.toml:4: `max-runs` is at least 1"),
        (
            "[grant.deny.agent]\nmax-turns = 4\n",
            "`max-turns` is not known",
        ),
        (
            "[grant.deny.command]\nunsandboxed = true\n",
            "`unsandboxed` is not known",
        ),
        (
            "[grant.deny]\nfiles = { write = [\"/etc\"] }\n",
            "grants.toml:5: `files.write`",
        ),
    ] {
        let told = bound(rest);
        assert!(told.contains(word), "{rest}{told}");
    }
    let everybody = told(
        "grants.toml",
        "[[deny]]\nreason = \"never\"\nhttp = { send = [\"* https://a.example.com/**\"] }\n",
    );
    assert_eq!(everybody, "read");
}

#[test]
fn a_ceiling_has_the_tables_of_a_grant_at_its_top() {
    assert_eq!(told("ceiling.toml", ""), "read");
    let text = "[files]\nread = [\"**\"]\n[agent]\nmodels = [\"default\"]\n[delivery]\nto = \"branch\"\n\
                require = [\"std:test\"]\n[deny]\ncommand = { run = [\"git **\"] }\n[limits]\nvisits = 3\n";
    assert_eq!(told("ceiling.toml", text), "read");
    for (text, word) in [
        ("[[grant]]\n", "ceiling.toml:1: `grant` is not known"),
        (
            "[delivery]\nto = \"branch\"\ngates = \"none\"\n",
            "ceiling.toml:3: `delivery.gates`",
        ),
        ("[limits]\nmoney = 1\n", "ceiling.toml:2: `limits.money`"),
    ] {
        let told = told("ceiling.toml", text);
        assert!(told.contains(word), "{told}");
    }
}
