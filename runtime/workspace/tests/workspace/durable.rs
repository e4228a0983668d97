//! What a record may name is on the disk before it is written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use minion_workspace::{RunStore, RunStoreError};

use crate::project::{Project, Run, write};

/// Every loose object of a store.
fn objects(store: &Path) -> BTreeSet<PathBuf> {
    let folders = std::fs::read_dir(store.join("objects")).unwrap();
    let folders = folders.map(|entry| entry.unwrap().path());
    folders
        .filter(|folder| folder.file_name().unwrap().len() == 2)
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect()
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
/// What strace shows of the flushes of a step of this very program; none where
/// strace is missing or not allowed.
fn flushed(step: &str, folder: &Path) -> Option<BTreeSet<PathBuf>> {
    let log = folder.join("strace");
    let status = Command::new("strace")
        .args(["-f", "-y", "-e", "trace=fsync,fdatasync", "-o"])
        .arg(&log)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", step])
        .env("DURABLE_IN", folder)
        .status();
    if !status.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no strace here");
        return None;
    }
    let text = std::fs::read_to_string(log).unwrap();
    let paths = text.lines().filter(|line| line.contains("sync("));
    let paths = paths.filter_map(|line| line.split_once('<')?.1.split_once('>'));
    Some(paths.map(|(path, _)| PathBuf::from(path)).collect())
}

#[test]
#[ignore = "no test by itself: `all_that_a_tree_needs_is_flushed_with_its_folders` starts it as a process"]
fn step_takes_a_snapshot_and_syncs() {
    let Some(folder) = std::env::var_os("DURABLE_IN").map(PathBuf::from) else {
        return;
    };
    let project = Project::new();
    project.write("a/b", "one").write("c", "two").commit();
    let run = Run::on(&project);
    run.store.sync().unwrap();
    let mut checkout = run.checkout();
    for number in 0..20 {
        write(
            checkout.root(),
            &format!("n/{number}/x"),
            number.to_string(),
        );
    }
    checkout.snapshot().unwrap();
    run.store.sync().unwrap();
    let expected: Vec<String> = objects(run.store.path())
        .into_iter()
        .flat_map(|file| [file.parent().unwrap().to_owned(), file])
        .chain(
            ["objects", "HEAD", "objects/info/alternates", "."]
                .map(|name| run.store.path().join(name).canonicalize().unwrap()),
        )
        .map(|path| path.display().to_string())
        .collect();
    std::fs::write(folder.join("expected"), expected.join("\n")).unwrap();
}

#[test]
fn all_that_a_tree_needs_is_flushed_with_its_folders() {
    let folder = tempfile::tempdir().unwrap();
    let step = "durable::step_takes_a_snapshot_and_syncs";
    let Some(flushed) = flushed(step, folder.path()) else {
        return;
    };
    let expected = std::fs::read_to_string(folder.path().join("expected")).unwrap();
    assert!(expected.lines().count() > 60, "{expected}");
    for path in expected.lines() {
        assert!(flushed.contains(Path::new(path)), "{path} was not flushed");
    }
}

#[test]
fn a_flush_that_failed_once_fails_for_ever_and_says_so() {
    let project = Project::new();
    project.write("a", "one").commit();
    let run = Run::on(&project);
    run.store.sync().unwrap();
    let mut checkout = run.checkout();
    write(checkout.root(), "b", "new");
    checkout.snapshot().unwrap();
    let mut made = objects(run.store.path()).into_iter();
    let (lost, aside) = (made.next().unwrap(), project.run_folder().join("aside"));
    std::fs::rename(&lost, &aside).unwrap();
    let error = run.store.sync().unwrap_err();
    assert!(matches!(error, RunStoreError::Object(_)), "{error}");
    assert!(
        error.to_string().contains(&lost.display().to_string()),
        "{error}"
    );
    std::fs::rename(&aside, &lost).unwrap();
    let error = run.store.clone().sync().unwrap_err();
    assert!(
        error.to_string().contains("earlier flush failed"),
        "{error}"
    );
    RunStore::open(run.store.path()).unwrap().sync().unwrap();
}

#[test]
fn nothing_written_is_nothing_to_flush() {
    let project = Project::new();
    project.write("a", "one").commit();
    let run = Run::on(&project);
    run.store.sync().unwrap();
    let mut checkout = run.checkout();
    checkout.snapshot().unwrap();
    // Only a store that opens no file at all can do without its folder.
    std::fs::rename(run.store.path(), project.run_folder().join("away")).unwrap();
    run.store.sync().unwrap();
}

#[test]
fn an_object_torn_by_a_loss_of_power_is_written_again() {
    let project = Project::new();
    project.write("a", "one").commit();
    let run = Run::on(&project);
    let mut checkout = run.checkout();
    write(checkout.root(), "deep/b", "new");
    let tree = checkout.snapshot().unwrap().tree;
    for file in objects(run.store.path()) {
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, "").unwrap();
    }
    let again = RunStore::open(run.store.path()).unwrap();
    let dest = run.fresh_folder();
    let options = minion_workspace::CheckoutOptions::default();
    let mut checkout = again.checkout(run.base.tree, &dest, options).unwrap();
    write(checkout.root(), "deep/b", "new");
    assert_eq!(checkout.snapshot().unwrap().tree, tree);
    again.sync().unwrap();
    let content = again.read_file(tree, "deep/b").unwrap();
    assert_eq!(content.as_deref(), Some(b"new".as_slice()));
    project.git_in(run.store.path(), &["fsck", "--full"]);
}
