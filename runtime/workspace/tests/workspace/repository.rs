//! Which folders can be the base of a run, and that nothing in them is executed.

use minion_workspace::{Kind, Repository, RepositoryError, RunStore, RunStoreError};

use crate::project::{Project, Run, author, collect, write};

fn refusal(path: impl AsRef<std::path::Path>) -> RepositoryError {
    let repository = match Repository::open(path) {
        Ok(repository) => repository,
        Err(error) => return error,
    };
    repository.base(None).unwrap_err()
}

#[test]
fn unfit_repositories_are_refused_with_a_cure() {
    let project = Project::new();
    let folder = project.run_folder();
    let error = refusal(project.path());
    assert!(matches!(error, RepositoryError::Empty(_)), "{error}");
    assert!(error.to_string().contains("git commit"), "{error}");

    project.write("a", "").commit();
    project.git_in(
        &folder,
        &[
            "clone",
            "-q",
            "--bare",
            project.path().to_str().unwrap(),
            "bare.git",
        ],
    );
    let error = refusal(folder.join("bare.git"));
    assert!(matches!(error, RepositoryError::Bare(_)), "{error}");
    let error = refusal(project.path().join(".git"));
    assert!(matches!(error, RepositoryError::Bare(_)), "{error}");

    let error = refusal(folder.join("no/such"));
    assert!(matches!(error, RepositoryError::NoFolder { .. }), "{error}");
    let error = refusal(project.path().join("a"));
    assert!(matches!(error, RepositoryError::NoFolder { .. }), "{error}");
}

#[test]
fn formats_that_are_not_read_are_named() {
    let project = Project::new();
    let folder = project.run_folder();
    for (name, argument) in [
        ("sha256", "--object-format=sha256"),
        ("reftable", "--ref-format=reftable"),
    ] {
        project.git_in(&folder, &["init", "-q", argument, name]);
        let error = refusal(folder.join(name));
        assert!(error.to_string().contains(name), "{name}: {error}");
    }
}

#[test]
fn a_broken_repository_is_no_folder_without_git() {
    let project = Project::new();
    let folder = project.run_folder();
    std::fs::create_dir_all(folder.join("empty/.git")).unwrap();
    write(&folder, "pointer/.git", "gitdir: ../no/such\n");
    write(&folder, "garbled/.git", "what is this");
    for name in ["empty", "pointer", "garbled"] {
        let error = refusal(folder.join(name));
        assert!(
            matches!(error, RepositoryError::Broken { .. }),
            "{name}: {error}"
        );
    }
    project.write("a", "").commit();
    project.write(".git/config", "[core\nbroken");
    let error = refusal(project.path());
    assert!(matches!(error, RepositoryError::Broken { .. }), "{error}");
}

#[test]
fn the_top_is_found_from_within() {
    let project = Project::new();
    project.write("deep/er/file", "").commit();
    let top = project.path().canonicalize().unwrap();
    let repository = Repository::open(project.path().join("deep/er")).unwrap();
    assert_eq!(
        (repository.top(), repository.kind()),
        (top.as_path(), Kind::Git)
    );
    let base = repository.base(None).unwrap();
    assert_eq!(base.branch.as_deref(), Some("main"));
}

#[test]
fn revisions_name_commits() {
    let project = Project::new();
    project.write("a", "one").commit();
    project.git(&["tag", "-a", "-m", "tag", "v1"]);
    project.write("a", "two").commit();
    let repository = Repository::open(project.path()).unwrap();
    for rev in [
        "HEAD~1",
        "v1",
        "main^",
        &project.git(&["rev-parse", "--short", "v1^{commit}"]),
    ] {
        let base = repository.base(Some(rev)).unwrap();
        assert_eq!(
            base.commit.unwrap().to_string(),
            project.git(&["rev-parse", "HEAD~1"]),
            "{rev}"
        );
        assert_eq!(base.branch, None);
    }
    for rev in ["no-such", "HEAD:a", "", "--help", "HEAD~9"] {
        let error = repository.base(Some(rev)).unwrap_err();
        assert!(
            matches!(error, RepositoryError::Revision { .. }),
            "{rev}: {error}"
        );
    }
    project.git(&["checkout", "-q", "--detach"]);
    assert_eq!(
        Repository::open(project.path())
            .unwrap()
            .base(None)
            .unwrap()
            .branch,
        None
    );
}

#[test]
fn a_linked_worktree_works_like_any_other() {
    let project = Project::new();
    project.write("a", "one").commit();
    let tree = project.run_folder().join("linked");
    project.git(&[
        "worktree",
        "add",
        "-q",
        "-b",
        "side",
        tree.to_str().unwrap(),
    ]);
    write(&tree, "a", "side");
    project.git_in(&tree, &["commit", "-qam", "on the side"]);
    let repository = Repository::open(&tree).unwrap();
    let base = repository.base(None).unwrap();
    assert_eq!(base.branch.as_deref(), Some("side"));
    assert_eq!(
        base.commit.unwrap().to_string(),
        project.git(&["rev-parse", "side"])
    );
    assert!(!repository.is_dirty());
    let store = RunStore::create(
        &project.run_folder().join("objects.git"),
        &repository,
        &base,
    )
    .unwrap();
    let commit = store
        .deliver(
            &repository,
            base.tree,
            base.commit,
            "minion/x",
            "x\n",
            &author(),
        )
        .unwrap();
    assert_eq!(project.git(&["rev-parse", "minion/x"]), commit.to_string());
}

#[test]
fn dirt_is_noticed_and_never_part_of_the_base() {
    let project = Project::new();
    project.write("a", "one\n").write("b", "two\n").commit();
    let dirty = || Repository::open(project.path()).unwrap().is_dirty();
    assert!(!dirty());
    project.write("a", "one\n");
    assert!(!dirty(), "the same content is no change");
    project.write("a", "eno\n");
    assert!(dirty());
    let run = Run::on(&project);
    assert_eq!(
        std::fs::read_to_string(run.checkout().root().join("a")).unwrap(),
        "one\n"
    );
    project.git(&["add", "a"]);
    assert!(dirty(), "staged");
    project.git(&["reset", "-q", "--hard"]);
    assert!(!dirty());
    std::fs::remove_file(project.path().join("b")).unwrap();
    assert!(dirty(), "deleted");
    project.git(&["rm", "-q", "b"]);
    assert!(dirty(), "deletion staged");
}

#[test]
fn a_folder_without_git_is_one_commit() {
    let project = Project::new();
    let folder = project.run_folder().join("plain");
    write(&folder, "a", "one");
    write(&folder, ".gitignore", "*.log\n");
    write(&folder, "x.log", "ignored");
    write(&folder, "inner/.gitignore", "!*.log\n");
    write(&folder, "inner/y.log", "in");
    write(&folder, "clone/.git/config", "x");
    let mut before = std::collections::BTreeMap::new();
    collect(&folder, &folder, &mut before);

    let repository = Repository::open(&folder).unwrap();
    assert_eq!(repository.kind(), Kind::Folder);
    assert!(!repository.is_dirty());
    let base = repository.base(None).unwrap();
    assert_eq!(base, repository.base(None).unwrap());
    assert!(repository.base(Some("HEAD")).is_err());
    let path = project.run_folder().join("objects.git");
    let store = RunStore::create(&path, &repository, &base).unwrap();
    let files = project.git_in(
        &path,
        &["ls-tree", "-r", "--name-only", &base.tree.to_string()],
    );
    assert_eq!(files, ".gitignore\na\ninner/.gitignore\ninner/y.log");

    let dest = project.run_folder().join("checkout");
    let mut checkout = store
        .checkout(
            base.tree,
            &dest,
            minion_workspace::CheckoutOptions::default(),
        )
        .unwrap();
    write(&dest, "z.log", "ignored");
    write(&dest, "a", "two");
    let taken = checkout.snapshot().unwrap();
    assert_eq!(taken.ignored, ["z.log"]);
    let commit = store
        .deliver(
            &repository,
            taken.tree,
            base.commit,
            "minion/x",
            "x\n",
            &author(),
        )
        .unwrap();
    assert_eq!(
        project.git_in(&path, &["rev-parse", "minion/x"]),
        commit.to_string()
    );
    project.git_in(&path, &["fsck", "--strict"]);
    let mut after = std::collections::BTreeMap::new();
    collect(&folder, &folder, &mut after);
    assert_eq!(before, after, "the folder was touched");
}

#[test]
fn a_folder_that_changes_while_it_is_taken_is_refused() {
    let project = Project::new();
    let folder = project.run_folder().join("plain");
    write(&folder, "a", "one");
    let repository = Repository::open(&folder).unwrap();
    let base = repository.base(None).unwrap();
    write(&folder, "a", "two");
    let error =
        RunStore::create(&project.run_folder().join("o.git"), &repository, &base).unwrap_err();
    assert!(matches!(error, RunStoreError::Changed(_)), "{error}");
}

/// A repository that tries to start a program in every way git knows.
fn booby_trapped() -> (Project, std::path::PathBuf) {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::new();
    project.write("a.txt", "one\n").commit();
    let canary = project.run_folder().join("canary");
    let script = project.run_folder().join("evil.sh");
    std::fs::write(
        &script,
        format!("#!/bin/sh\ntouch '{}'\ncat\n", canary.display()),
    )
    .unwrap();
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    let evil = script.to_str().unwrap();
    for key in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "core.askPass",
        "core.gitProxy",
        "core.alternateRefsCommand",
        "diff.external",
        "gpg.program",
        "credential.helper",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.textconv",
        "diff.evil.command",
        "merge.evil.driver",
        "alias.status",
        "uploadpack.packObjectsHook",
        "sequence.editor",
        "interactive.diffFilter",
    ] {
        project.git(&["config", key, evil]);
    }
    project.git(&["config", "commit.gpgSign", "true"]);
    project.git(&["config", "filter.evil.required", "true"]);
    project.git(&["config", "core.hooksPath", "hooks"]);
    project.git(&["config", "include.path", "/dev/zero"]);
    project.write(
        ".git/info/attributes",
        "* filter=evil diff=evil merge=evil\n",
    );
    for hook in [
        "pre-commit",
        "post-commit",
        "reference-transaction",
        "post-checkout",
        "pre-auto-gc",
        "post-index-change",
        "fsmonitor-watchman",
        "update",
        "prepare-commit-msg",
        "commit-msg",
    ] {
        for folder in ["hooks", ".git/hooks"] {
            project.write(&format!("{folder}/{hook}"), std::fs::read(&script).unwrap());
            let file = project.path().join(folder).join(hook);
            std::fs::set_permissions(file, PermissionsExt::from_mode(0o755)).unwrap();
        }
    }
    (project, canary)
}

#[test]
fn hostile_configuration_starts_nothing() {
    let (project, canary) = booby_trapped();
    let head = std::fs::read_to_string(project.path().join(".git/refs/heads/main")).unwrap();
    let before = project.state();
    let repository = Repository::open(project.path()).unwrap();
    let base = repository.base(None).unwrap();
    assert_eq!(base.commit.unwrap().to_string(), head.trim());
    repository.is_dirty();
    let path = project.run_folder().join("objects.git");
    let store = RunStore::create(&path, &repository, &base).unwrap();
    let dest = project.run_folder().join("checkout");
    let mut checkout = store
        .checkout(
            base.tree,
            &dest,
            minion_workspace::CheckoutOptions::default(),
        )
        .unwrap();
    assert_eq!(
        std::fs::read_to_string(dest.join("a.txt")).unwrap(),
        "one\n"
    );
    write(&dest, "a.txt", "two\n");
    let tree = checkout.snapshot().unwrap().tree;
    assert_eq!(store.changes(base.tree, tree).unwrap().len(), 1);
    store
        .deliver(&repository, tree, base.commit, "minion/x", "x\n", &author())
        .unwrap();
    assert!(repository.branch("minion/x").unwrap().is_some());
    assert!(!canary.exists(), "something of the repository was executed");
    assert_eq!(project.state_without_branch("minion/x"), before);

    // The trap itself works: git falls into it.
    std::fs::write(
        project.path().join(".git/config"),
        std::fs::read_to_string(project.path().join(".git/config"))
            .unwrap()
            .replace("/dev/zero", "/dev/null"),
    )
    .unwrap();
    let _ = project
        .git_command(&project.path())
        .args(["status"])
        .output();
    assert!(canary.exists(), "the trap proves nothing");
}

#[test]
fn replacement_refs_do_not_change_the_base() {
    let project = Project::new();
    project.write("a", "true").commit();
    let real = project.git(&["rev-parse", "HEAD"]);
    let blob = project.git(&["rev-parse", "HEAD:a"]);
    let tree = project.git(&["rev-parse", "HEAD^{tree}"]);
    project.write("a", "false").commit();
    let (other, false_blob) = (
        project.git(&["rev-parse", "HEAD"]),
        project.git(&["rev-parse", "HEAD:a"]),
    );
    project.git(&["reset", "-q", "--hard", &real]);
    project.git(&["replace", &real, &other]);
    project.git(&["replace", &blob, &false_blob]);
    let run = Run::on(&project);
    assert_eq!(run.base.tree.to_string(), tree);
    let above = run.repository.base(Some("HEAD~1"));
    assert!(above.is_err(), "the first commit has no parent: {above:?}");
    assert_eq!(
        std::fs::read_to_string(run.checkout().root().join("a")).unwrap(),
        "true"
    );
}

#[test]
fn a_configured_working_tree_elsewhere_is_not_looked_at() {
    let project = Project::new();
    project.write("a", "one").commit();
    let elsewhere = project.run_folder().join("elsewhere");
    write(&elsewhere, "secret", "x");
    let config = project.path().join(".git/config");
    let own = std::fs::read_to_string(&config).unwrap();
    let text = format!("{own}[core]\n\tworktree = {}\n", elsewhere.display());
    std::fs::write(config, text).unwrap();
    let repository = Repository::open(project.path()).unwrap();
    assert_eq!(repository.top(), project.path().canonicalize().unwrap());
    assert!(!repository.is_dirty());
}

#[test]
fn everything_may_move_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<Repository>();
    check::<RunStore>();
    check::<minion_workspace::Checkout>();
    check::<minion_workspace::Files>();
}
