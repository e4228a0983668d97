//! What an author does: a new project builds, runs and tests itself; the same source gives the
//! same bytes.

use crate::world::{Ran, World, component, root};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A new project of this repository's SDK.
fn new_project(world: &World, folder: &str) -> PathBuf {
    let sdk = root().join("sdk");
    let made = world.minion(&[
        "new",
        folder,
        "--name",
        "acme/hello",
        "--sdk",
        sdk.to_str().unwrap(),
    ]);
    made.expect(0, &["src/lib.rs", "minion.toml"]);
    world.path(folder)
}

/// Builds it with what all guests are compiled from compiled once.
fn build(world: &World, folder: &Path, output: &str) -> Ran {
    let mut command = world.command();
    command.env("CARGO_TARGET_DIR", root().join("target"));
    command
        .args(["build", "--offline", "--output", output])
        .arg(folder);
    Ran::of(command.output().unwrap())
}

#[test]
fn a_new_project_tests_itself_builds_runs_and_is_readable() {
    let world = World::new();
    let project = new_project(&world, "hello");
    let code = std::fs::read_to_string(project.join("src/lib.rs")).unwrap();
    let lines = code.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines <= 30, "{lines} lines:\n{code}");

    let tested = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--target-dir"])
        .arg(root().join("target/e2e/native"))
        .current_dir(&project)
        .output()
        .unwrap();
    let tested = Ran::of(tested);
    tested.expect(0, &["greeting_names_the_files ... ok"]);

    build(&world, &project, "hello.wasm").expect(0, &["sha256:", "hello.wasm"]);
    says_hello(&world);
    is_readable(&world);
}

fn says_hello(world: &World) {
    let repository = world.repository("project", &[("README.md", "# A project\n")]);
    let before = world.fingerprint(&repository);
    let repository = repository.to_str().unwrap();
    let arguments = [
        "exec",
        "hello.wasm",
        "--repo",
        repository,
        "--task",
        "world",
        "--allow-asked",
    ];
    let ran = world.minion(&arguments);
    ran.expect(
        0,
        &[
            "granted  acme/hello source: read **",
            "nothing had to be changed",
        ],
    );
    assert_eq!(before, world.fingerprint(Path::new(repository)));
    let run: Value = serde_json::from_str(&world.minion(&["runs", "--json"]).stdout).unwrap();
    assert_eq!(run["status"], "delivered");
    let shown = world.minion(&["runs", "show", run["run"].as_str().unwrap()]);
    shown.expect(0, &["hello, world (README.md)", "sound"]);
}

fn is_readable(world: &World) {
    let page = world.minion(&["inspect", "hello.wasm"]);
    let digest = minion_bundle::read(&std::fs::read(world.path("hello.wasm")).unwrap())
        .unwrap()
        .digest;
    page.expect(
        0,
        &[
            "acme/hello 0.1.0",
            &digest.to_string(),
            "contract 0.1.0",
            "(start) done → greet",
            "\"to see what is there\"",
            "cannot",
            "follows from the imports",
            "imports     ",
            "minion:host/workspace@0.1.0",
        ],
    );
    let line = |start: &str| {
        page.stdout
            .lines()
            .find(|line| line.starts_with(start))
            .unwrap()
            .to_owned()
    };
    for absent in ["wasi:", "minion:host/agent", "minion:host/command"] {
        assert!(!line("imports").contains(absent), "{}", page.all());
    }
    let facts = world.minion(&["inspect", "hello.wasm", "--json"]);
    let facts: Value = serde_json::from_str(&facts.stdout).unwrap();
    assert_eq!(facts["name"], "acme/hello");
    assert_eq!(facts["digest"], digest.to_string());
    assert_eq!(facts["manifest"]["asks"][0]["id"], "source");
    assert_eq!(facts["graph"]["start"], "look");
    assert!(!facts["facts"]["cannot"].as_array().unwrap().is_empty());
}

#[test]
fn the_same_source_in_another_folder_gives_the_same_bytes() {
    let world = World::new();
    let first = new_project(&world, "one/hello");
    build(&world, &first, "first.wasm").expect(0, &["first.wasm"]);
    let second = world.path("somewhere/else/entirely");
    std::fs::create_dir_all(second.parent().unwrap()).unwrap();
    std::fs::rename(&first, &second).unwrap();
    build(&world, &second, "second.wasm").expect(0, &["second.wasm"]);
    let (first, second) = (world.path("first.wasm"), world.path("second.wasm"));
    assert!(std::fs::read(&first).unwrap() == std::fs::read(&second).unwrap());
    let bytes = std::fs::read(first).unwrap();
    let home = world.path("").display().to_string();
    assert!(
        !bytes
            .windows(home.len())
            .any(|part| part == home.as_bytes())
    );
}

#[test]
fn other_source_gives_other_bytes() {
    let world = World::new();
    let project = new_project(&world, "hello");
    build(&world, &project, "first.wasm").expect(0, &[]);
    let file = project.join("src/lib.rs");
    let code = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, code.replace("hello, {}", "good day, {}")).unwrap();
    build(&world, &project, "second.wasm").expect(0, &[]);
    assert!(
        std::fs::read(world.path("first.wasm")).unwrap()
            != std::fs::read(world.path("second.wasm")).unwrap()
    );
}

#[test]
fn the_standard_blueprint_is_proved_to_go_through_its_gates() {
    let world = World::new();
    let fix_bug = component("blueprints/fix-bug");
    let fix_bug = fix_bug.to_str().unwrap();
    let page = world.minion(&["inspect", fix_bug]);
    page.expect(
        0,
        &["every way from implement to delivered goes through lint and through test"],
    );
    assert!(!page.stdout.contains("can be passed by"), "{}", page.all());
    // The lying one is told from it.
    let lying = component("tests/guests/lying");
    let page = world.minion(&["inspect", lying.to_str().unwrap()]);
    page.expect(0, &["no gate stands on every way to delivered"]);
}

#[test]
fn nothing_is_made_where_something_stands() {
    let world = World::new();
    world.file("hello/notes.txt", "mine");
    let sdk = root().join("sdk");
    let made = world.minion(&["new", "hello", "--sdk", sdk.to_str().unwrap()]);
    made.expect(2, &["`hello` is there already", "take another folder"]);
    assert_eq!(world.path("hello").read_dir().unwrap().count(), 1);
}

#[test]
fn without_an_sdk_named_the_one_that_this_program_was_built_beside_is_taken_and_said() {
    let world = World::new();
    let sdk = root().join("sdk");
    let made = world.minion(&["new", "hello"]);
    made.expect(0, &[&format!("sdk    {}  (--sdk", sdk.display())]);
    let manifest = std::fs::read_to_string(world.path("hello/Cargo.toml")).unwrap();
    assert!(manifest.contains(sdk.to_str().unwrap()), "{manifest}");
}

#[test]
fn a_folder_that_is_not_the_sdk_makes_no_project() {
    let world = World::new();
    let top = root();
    let made = world.minion(&["new", "hello", "--sdk", top.to_str().unwrap()]);
    made.expect(2, &["there is no minion-sdk at", "name the folder `sdk`"]);
    assert!(!world.path("hello").exists());
}
