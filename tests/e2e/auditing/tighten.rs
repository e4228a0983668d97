//! `audit tighten`: what was granted and never used, as a patch.

use crate::world::{Ran, World, root};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// The main job, under grants in the test's own home.
fn demo(world: &World, repository: &Path, grants: &Path) -> Ran {
    let samples = root().join("tests/samples");
    let mut command = world.command();
    command.arg("exec").arg(root().join("blueprints/fix-bug"));
    command.args([
        "--offline",
        "--json",
        "--task",
        "the parser drops the last line",
    ]);
    command
        .arg("--repo")
        .arg(repository)
        .arg("--grants")
        .arg(grants);
    command
        .arg("--cassette")
        .arg(samples.join("cassettes/python.json"));
    Ran::of(command.output().unwrap())
}

fn run(ran: &Ran) -> String {
    ran.expect(0, &[]);
    let outcome: Value = serde_json::from_str(ran.stdout.trim()).unwrap();
    assert_eq!(outcome["outcome"], "delivered", "{}", ran.stdout);
    outcome["run"].as_str().unwrap().to_owned()
}

fn applied(world: &World, program: &str, words: &[&str], patch: &str) {
    let mut command = Command::new(program);
    command
        .args(words)
        .current_dir(world.path("grants"))
        .stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(patch.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success(), "{program}: {patch}");
}

#[test]
fn the_patch_applies_and_admits_the_same_run_which_ends_the_same() {
    let world = World::new();
    let repository = world.sample("python");
    let samples = std::fs::read_to_string(root().join("tests/samples/grants.toml")).unwrap();
    let blueprint = root().join("blueprints/fix-bug");
    let samples = samples.replace("../../blueprints/fix-bug", blueprint.to_str().unwrap());
    let other = "\n[[grant]] # of another team\nplugin = \"acme/other\"\n\
        digest = \"sha256:0000000000000000000000000000000000000000000000000000000000000000\"\n\
        [grant.files]\nread = [\"**\"]\n";
    let grants = world.file("grants/grants.toml", format!("{samples}{other}"));
    let run = run(&demo(&world, &repository, &grants));
    let tighten = [
        "audit",
        "tighten",
        &run,
        "--grants",
        grants.to_str().unwrap(),
    ];
    let proposed = world.minion(&tighten);
    proposed.expect(
        0,
        &[
            "not exercised is not the same as not needed",
            "the grant for `acme/other` was for none of 1 run",
            "narrow   minion/fix-bug  files.write  ** → ledger/**",
            "-write = [\"**\"]",
            "+write = [\"ledger/**\"]",
            "-    \"cargo test --offline --workspace --no-fail-fast --color=never\",",
        ],
    );
    let before = std::fs::read_to_string(&grants).unwrap();
    assert!(
        before.contains("write = [\"**\"]"),
        "nothing is applied by itself"
    );
    applied(&world, "git", &["apply", "-"], &proposed.stdout);
    let narrow = std::fs::read_to_string(&grants).unwrap();
    std::fs::write(&grants, &before).unwrap();
    let has_patch = Command::new("patch")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if has_patch.is_ok_and(|status| status.success()) {
        applied(
            &world,
            "patch",
            &["--quiet", "grants.toml"],
            &proposed.stdout,
        );
        assert_eq!(std::fs::read_to_string(&grants).unwrap(), narrow);
    }
    std::fs::write(&grants, &narrow).unwrap();
    assert!(
        narrow.contains("# lint and test: programs of the plugins' own"),
        "{narrow}"
    );
    assert!(narrow.contains("# of another team"), "{narrow}");
    let again = self::run(&demo(&world, &repository, &grants));
    let denied = [
        "audit",
        "query",
        "--run",
        &again,
        "--verdict",
        "deny",
        "--json",
    ];
    assert_eq!(
        world.minion(&denied).stdout,
        "",
        "nothing that the run needs is missing"
    );
    let more = [
        "audit",
        "tighten",
        &again,
        "--grants",
        grants.to_str().unwrap(),
        "--json",
    ];
    let more: Value = serde_json::from_str(world.minion(&more).stdout.trim()).unwrap();
    assert_eq!(
        (&more["changes"], &more["patch"]),
        (&Value::Array(Vec::new()), &"".into())
    );
}

#[test]
fn words_that_make_no_sense_are_named() {
    let world = World::new();
    let tighten = |words: &[&str]| world.minion(&[&["audit", "tighten"], words].concat());
    tighten(&[]).expect(2, &["RUNS"]);
    tighten(&["ABCDEF"]).expect(2, &["grants.toml` cannot be read"]);
    world.file("wrong.toml", "[[grants]]\n");
    tighten(&["ABCDEF", "--grants", "wrong.toml"]).expect(2, &["no run here to learn from"]);
}
