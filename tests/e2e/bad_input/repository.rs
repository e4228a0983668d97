//! Repositories that cannot be worked on, and some that try to be worked on too much.

use super::Stage;
use crate::world::World;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

#[track_caller]
fn refused(stage: &Stage, words: &[&str]) {
    let named = stage.repository.to_str().unwrap();
    let ran = stage.hostile("write new.txt", &[]);
    ran.expect(2, words).expect(2, &[named]);
    stage.untouched();
}

#[test]
fn a_missing_repository_is_named() {
    let mut stage = Stage::new();
    let there = std::mem::replace(&mut stage.repository, stage.world.path("nowhere"));
    let words = ["nowhere", "No such file"];
    stage.hostile("behave", &[]).expect(2, &words);
    stage.repository = there;
    stage.untouched();
}

#[test]
fn a_file_in_place_of_a_repository_is_named() {
    let mut stage = Stage::new();
    let file = stage.world.file("file", "x");
    stage.repository = file;
    stage.hostile("behave", &[]).expect(2, &["is not a folder"]);
}

#[test]
fn a_bare_repository_is_refused_with_the_way_to_clone_it() {
    let world = World::new();
    let top = world.path("bare.git");
    std::fs::create_dir(&top).unwrap();
    world.git(&top, &["init", "--quiet", "--bare"]);
    refused(&Stage::on(world, top), &["bare repository", "git clone"]);
}

#[test]
fn a_repository_without_a_commit_is_refused() {
    let world = World::new();
    let top = world.path("unborn");
    std::fs::create_dir(&top).unwrap();
    world.git(&top, &["init", "--quiet"]);
    let words = ["has no commit yet", "git commit"];
    refused(&Stage::on(world, top), &words);
}

#[test]
fn a_base_that_is_no_commit_is_named() {
    let stage = Stage::new();
    let ran = stage.hostile("behave", &["--base", "nowhere"]);
    ran.expect(2, &["`nowhere` names no commit"]);
    stage.untouched();
}

#[test]
fn a_dirty_repository_stays_dirty_and_its_dirt_is_in_no_branch() {
    let stage = Stage::new();
    let top = &stage.repository;
    stage.world.file("project/a.txt", "changed, not staged\n");
    stage.world.file("project/staged.txt", "staged\n");
    stage.world.git(top, &["add", "staged.txt"]);
    stage.world.file("project/untracked.txt", "untracked\n");
    let before = in_hand(&stage.world, top);
    let ran = stage.hostile("write new.txt", &[]);
    ran.expect(0, &["delivered  branch minion/"]);
    assert_eq!(before, in_hand(&stage.world, top));
    let delivered = ["diff", "--name-only", "main", &branch(&stage.world, top)];
    assert_eq!(stage.world.git(top, &delivered), "new.txt\n");
}

/// What the user has in hand: working tree, index, checked-out branch, configuration, hooks.
fn in_hand(world: &World, top: &Path) -> String {
    let of_git = ["index ", "HEAD ", "config ", "hooks/", "refs/heads/main "];
    let kept = |line: &&str| match line.strip_prefix(".git/") {
        Some(rest) => of_git.iter().any(|name| rest.starts_with(name)),
        None => true,
    };
    let print = world.fingerprint(top);
    print.lines().filter(kept).collect::<Vec<_>>().join("\n")
}

fn branch(world: &World, top: &Path) -> String {
    let format = "--format=%(refname:short)";
    let found = world.git(top, &["branch", format, "--list", "minion/*"]);
    found.trim().to_owned()
}

/// Configuration that runs a program wherever git runs one. The program leaves a canary.
fn trapped(world: &World, top: &Path) -> PathBuf {
    let canary = world.path("canary");
    let script = format!("#!/bin/sh\ntouch {}\ncat\n", canary.display());
    let evil = world.file("evil.sh", script);
    executable(&evil);
    let evil = evil.to_str().unwrap();
    let hooks = "pre-commit post-commit post-checkout post-index-change reference-transaction \
                 commit-msg pre-receive update post-update pre-auto-gc post-rewrite fsmonitor-watchman";
    for hook in hooks.split_whitespace() {
        let hook = top.join(".git/hooks").join(hook);
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::copy(evil, &hook).unwrap();
    }
    let included = format!(
        "[core]\n\tfsmonitor = {evil}\n\tsshCommand = {evil}\n\teditor = {evil}\n\tpager = {evil}\n\
         \taskPass = {evil}\n\tgitProxy = {evil}\n\talternateRefsCommand = {evil}\n\
         [filter \"evil\"]\n\tclean = {evil}\n\tsmudge = {evil}\n\tprocess = {evil}\n\
         [diff]\n\texternal = {evil}\n[diff \"evil\"]\n\ttextconv = {evil}\n\tcommand = {evil}\n\
         [merge \"evil\"]\n\tdriver = {evil}\n[credential]\n\thelper = {evil}\n\
         [gpg]\n\tprogram = {evil}\n[commit]\n\tgpgSign = true\n\
         [uploadpack]\n\tpackObjectsHook = {evil}\n[alias]\n\tstatus = !{evil}\n\trev-parse = !{evil}\n"
    );
    let path = world.file("evil.config", included);
    let include = format!("[include]\n\tpath = {}\n", path.display());
    let config = top.join(".git/config");
    let text = std::fs::read_to_string(&config).unwrap() + &include;
    std::fs::write(&config, text).unwrap();
    world.file(".gitconfig", include);
    canary
}

fn executable(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn hostile_configuration_is_set_to_go_off() {
    let stage = Stage::new();
    let canary = trapped(&stage.world, &stage.repository);
    stage.world.file("project/a.txt", "changed\n");
    stage.world.git(&stage.repository, &["status"]);
    assert!(canary.exists(), "git itself runs none of it");
}

#[test]
fn nothing_of_a_hostile_configuration_runs() {
    let world = World::new();
    let attributes = "* diff=evil merge=evil\n";
    let files = [("a.txt", "a\n"), (".gitattributes", attributes)];
    let top = world.repository("project", &files);
    let canary = trapped(&world, &top);
    let stage = Stage::on(world, top);
    let before = in_hand(&stage.world, &stage.repository);
    for (task, code) in [("write new.txt", 0), ("escalate", 6), ("panic", 1)] {
        stage.hostile(task, &[]).expect(code, &["run "]);
        assert!(!canary.exists(), "a program of the configuration ran");
    }
    assert_eq!(before, in_hand(&stage.world, &stage.repository));
}

#[test]
fn a_file_that_needs_a_filter_is_refused_by_name_and_the_filter_does_not_run() {
    let world = World::new();
    let files = [
        ("model.bin", "x\n"),
        (".gitattributes", "*.bin filter=evil\n"),
    ];
    let top = world.repository("project", &files);
    let canary = trapped(&world, &top);
    let stage = Stage::on(world, top);
    let ran = stage.hostile("write new.txt", &[]);
    ran.expect(2, &["`model.bin`", "never run"]);
    assert!(!canary.exists(), "a program of the configuration ran");
    stage.untouched();
}
