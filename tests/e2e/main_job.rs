//! The main job: a project with a failing test goes in, a verified branch comes out; and
//! where the agent cheats, nothing is delivered.

use crate::world::{Ran, World, root};
use std::path::Path;

fn demo(world: &World, repository: &Path, cassette: &str) -> Ran {
    let samples = root().join("tests/samples");
    let blueprint = root().join("blueprints/fix-bug");
    let cassette = samples.join("cassettes").join(format!("{cassette}.json"));
    let grants = samples.join("grants.toml");
    world.minion(&[
        "exec",
        blueprint.to_str().unwrap(),
        "--offline",
        "--repo",
        repository.to_str().unwrap(),
        "--task",
        "the parser drops the last line",
        "--grants",
        grants.to_str().unwrap(),
        "--cassette",
        cassette.to_str().unwrap(),
    ])
}

fn branch(ran: &Ran) -> String {
    let from = ran.stdout.find("branch ").expect("a branch is named") + "branch ".len();
    ran.stdout[from..]
        .split([',', ' '])
        .next()
        .unwrap()
        .to_owned()
}

#[test]
fn a_mended_python_project_ends_on_a_verified_branch() {
    let world = World::new();
    let repository = world.sample("python");
    let before = world.git(&repository, &["status", "--porcelain=v1", "--branch"]);
    let ran = demo(&world, &repository, "python");
    ran.expect(
        0,
        &[
            "delivered  branch minion/",
            "std:lint pass",
            "std:test pass",
            "7 of 7 tests",
            "cassette",
        ],
    );
    assert_eq!(
        before,
        world.git(&repository, &["status", "--porcelain=v1", "--branch"])
    );
    let branch = branch(&ran);
    let trailers = world.git(&repository, &["log", "-1", "--format=%B", &branch]);
    assert!(trailers.contains("Minion-Verified: yes"), "{trailers}");
    assert_eq!(
        world
            .git(
                &repository,
                &["rev-list", "--count", &format!("main..{branch}")]
            )
            .trim(),
        "1"
    );
    world.git(&repository, &["fsck", "--strict"]);
}

#[test]
fn a_mended_rust_project_ends_on_a_verified_branch() {
    let world = World::new();
    let repository = world.sample("rust");
    demo(&world, &repository, "rust").expect(
        0,
        &[
            "delivered  branch minion/",
            "clippy, rustfmt",
            "8 of 8 tests",
        ],
    );
}

#[test]
fn a_cheating_python_agent_delivers_nothing_and_every_trick_is_named() {
    let world = World::new();
    let repository = world.sample("python");
    let ran = demo(&world, &repository, "cheat-python");
    ran.expect(
        6,
        &[
            "nothing was delivered",
            "added ruff.toml",
            "added sitecustomize.py",
            "missing test tests/test_parser.py::ParserTest::test_keeps_the_last_line",
            "ignored conftest.py",
            ".minion/project.toml",
            "that is not evidence",
            "@gather-1 --task",
        ],
    );
    let branches = world.git(&repository, &["branch", "--format=%(refname:short)"]);
    assert!(branches.contains("minion-escalated/"), "{branches}");
    assert!(!branches.contains("minion/"), "{branches}");
}

#[test]
fn a_cheating_rust_agent_delivers_nothing_and_every_trick_is_named() {
    let world = World::new();
    let repository = world.sample("rust");
    demo(&world, &repository, "cheat-rust").expect(
        6,
        &[
            "nothing was delivered",
            "changed Cargo.toml",
            "added build.rs",
            "missing test parser::keeps_the_last_line",
            ".cargo/config.toml",
            ".minion/project.toml",
        ],
    );
}
