//! Which room may know which: `cli → host → {agents, workspace, sandbox} → door → {grants,
//! journal}`, beside it `bundle → grants`, `egress → grants` and `shipped`, and the guests' side apart.
//!
//! In come the manifests and the `use` lines of every room; an arrow that is not in [`ROOMS`]
//! fails, and so do a room that is missing there and a file that has grown too long.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A folder, the crate in it, and the crates of ours that it may know.
const ROOMS: &[(&str, &str, &[&str])] = &[
    ("runtime/grants", "minion-grants", &[]),
    ("runtime/journal", "minion-journal", &[]),
    (
        "runtime/door",
        "minion-door",
        &["minion-grants", "minion-journal"],
    ),
    ("runtime/bundle", "minion-bundle", &["minion-grants"]),
    (
        "runtime/shipped",
        "minion-shipped",
        &["minion-bundle", "minion-grants"],
    ),
    ("runtime/egress", "minion-egress", &["minion-grants"]),
    ("runtime/agents", "minion-agents", BENEATH_HOST),
    ("runtime/workspace", "minion-workspace", BENEATH_HOST),
    ("runtime/sandbox", "minion-sandbox", BENEATH_HOST),
    ("runtime/host", "minion-host", BENEATH_CLI),
    (
        "runtime/cli",
        "minion-rt",
        &[
            "minion-agents",
            "minion-bundle",
            "minion-door",
            "minion-grants",
            "minion-host",
            "minion-journal",
            "minion-sandbox",
            "minion-shipped",
            "minion-workspace",
        ],
    ),
    ("sdk", "minion-sdk", &["minion-sdk-macros"]),
    ("sdk/macros", "minion-sdk-macros", &[]),
    ("plugins/autofix", "minion-autofix", &["minion-sdk"]),
    ("plugins/lint", "minion-lint", &["minion-sdk"]),
    ("plugins/test", "minion-test", &["minion-sdk"]),
    ("blueprints/fix-bug", "minion-fix-bug", &["minion-sdk"]),
];

/// What agents, workspace and sandbox may know: the door and what is beneath it, never each
/// other.
const BENEATH_HOST: &[&str] = &["minion-door", "minion-grants", "minion-journal"];

/// What the host may know: everything but the command.
const BENEATH_CLI: &[&str] = &[
    "minion-agents",
    "minion-bundle",
    "minion-door",
    "minion-egress",
    "minion-grants",
    "minion-journal",
    "minion-sandbox",
    "minion-shipped",
    "minion-workspace",
];

/// Lines of the longest file.
const MOST_LINES: usize = 500;

#[test]
fn every_crate_of_the_house_has_its_room() {
    let rooms: BTreeSet<&str> = ROOMS.iter().map(|room| room.0).collect();
    let workspace = manifest(&root());
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let members: BTreeSet<&str> = members.iter().map(|m| m.as_str().unwrap()).collect();
    let houses: BTreeSet<&str> = members
        .into_iter()
        .filter(|member| !member.starts_with("tests/"))
        .collect();
    assert_eq!(houses, rooms, "a room is missing here, or is gone");
    for (folder, name, _) in ROOMS {
        let found = manifest(&root().join(folder));
        assert_eq!(found["package"]["name"].as_str(), Some(*name), "{folder}");
    }
}

#[test]
fn manifests_name_only_what_the_room_may_know() {
    let mut backward = Vec::new();
    for (folder, _, may) in ROOMS {
        for dependency in dependencies(&manifest(&root().join(folder))) {
            if is_ours(&dependency) && !may.contains(&dependency.as_str()) {
                backward.push(format!("{folder}/Cargo.toml names {dependency}"));
            }
        }
    }
    assert!(backward.is_empty(), "{}", backward.join("\n"));
}

#[test]
fn use_lines_name_only_what_the_room_may_know() {
    let mut backward = Vec::new();
    for (folder, own, may) in ROOMS {
        for (file, text) in sources(&root().join(folder)) {
            for used in text.lines().filter_map(used) {
                let allowed = used == *own || may.contains(&used.as_str());
                if is_ours(&used) && !allowed {
                    backward.push(format!("{} uses {used}", file.display()));
                }
            }
        }
    }
    assert!(backward.is_empty(), "{}", backward.join("\n"));
}

#[test]
fn only_the_host_knows_wasmtime() {
    for (folder, name, _) in ROOMS {
        let named = dependencies(&manifest(&root().join(folder)));
        let known = named.iter().find(|name| name.starts_with("wasmtime"));
        assert_eq!(
            known.is_some(),
            *name == "minion-host",
            "{folder}/Cargo.toml"
        );
    }
}

#[test]
fn judge_and_journal_know_no_event_loop() {
    for folder in ["runtime/grants", "runtime/journal"] {
        let named = dependencies(&manifest(&root().join(folder)));
        assert!(!named.contains("tokio"), "{folder}/Cargo.toml");
    }
}

#[test]
fn no_source_file_is_a_giant() {
    let mut giants = Vec::new();
    for top in ["runtime", "sdk", "plugins", "blueprints", "tests", "wit"] {
        for (file, text) in sources(&root().join(top)) {
            let lines = text.lines().count();
            if lines > MOST_LINES {
                giants.push(format!("{} has {lines} lines; split it", file.display()));
            }
        }
    }
    assert!(giants.is_empty(), "{}", giants.join("\n"));
}

#[test]
fn a_use_line_is_read_in_every_form() {
    for line in [
        "use minion_host::run;",
        "    pub(crate) use ::minion_host::{self, run};",
        "pub use minion_host as host;",
    ] {
        assert_eq!(used(line).as_deref(), Some("minion-host"), "{line}");
    }
    assert_eq!(used("// use minion_host::run;"), None);
    assert_eq!(used("use std::fmt;"), None);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn manifest(folder: &Path) -> toml::Table {
    let path = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.parse()
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Names of everything that a manifest depends on: for building, for tests, and on some
/// target alone too; a crate that is given another name counts under its own.
fn dependencies(manifest: &toml::Table) -> BTreeSet<String> {
    const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let mut tables = vec![manifest];
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    tables.extend(
        targets
            .into_iter()
            .flat_map(|targets| targets.values().filter_map(toml::Value::as_table)),
    );
    let mut names = BTreeSet::new();
    for table in tables {
        for (key, value) in TABLES
            .iter()
            .filter_map(|name| table.get(*name)?.as_table())
            .flatten()
        {
            let package = value.get("package").and_then(toml::Value::as_str);
            names.insert(package.unwrap_or(key).to_owned());
        }
    }
    names
}

fn is_ours(name: &str) -> bool {
    ROOMS.iter().any(|room| room.1 == name)
}

/// The crate of ours that a `use` line begins with, as manifests write its name.
fn used(line: &str) -> Option<String> {
    let mut line = line.trim_start();
    if let Some(rest) = line.strip_prefix("pub") {
        line = rest.trim_start();
        if line.starts_with('(') {
            line = line.split_once(')')?.1.trim_start();
        }
    }
    let path = line.strip_prefix("use ")?.trim_start();
    let path = path.strip_prefix("::").unwrap_or(path);
    let end = path
        .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .unwrap_or(path.len());
    let name = &path[..end];
    name.starts_with("minion_").then(|| name.replace('_', "-"))
}

/// The text of every source file beneath a folder, but for what was built there. A room
/// within another one counts for both: it may know no more than what it stands in.
fn sources(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for entry in entries.map(Result::unwrap) {
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if kind.is_file() && is_source(&path) {
                let text = std::fs::read_to_string(&path)
                    .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                found.insert(path, text);
            }
        }
    }
    found
}

fn is_source(path: &Path) -> bool {
    let ending = path.extension().and_then(std::ffi::OsStr::to_str);
    matches!(ending, Some("rs" | "py" | "wit"))
}
