//! Runs that start where another one stood, and what stores take of the disk.

use std::process::Command;

use minion_workspace::{CheckoutOptions, Repository, RunStore, RunStoreError, TreeId, discard};

use crate::project::{Project, Run, author, write};

#[test]
fn a_fork_lives_on_without_its_origin() {
    let project = Project::new();
    let inner = Project::new();
    inner.write("x", "x").commit();
    project.write("a", "one").write("d/b", "two");
    let url = inner.path().display().to_string();
    project.git(&["submodule", "add", "-q", &url, "sub"]);
    project.commit();
    let run = Run::on(&project);
    let mut checkout = run.checkout();
    write(checkout.root(), "d/c", "three");
    write(checkout.root(), "d/e/f", "four");
    let tree = checkout.snapshot().unwrap().tree;
    write(checkout.root(), "d/later", "not of the fork");
    let later = checkout.snapshot().unwrap().tree;
    // In the repository, and soon not any more: no fork may count on it.
    run.store
        .deliver(
            &run.repository,
            tree,
            run.base.commit,
            "minion/run",
            "x\n",
            &author(),
        )
        .unwrap();

    let path = project.run_folder().join("fork.git");
    let fork = RunStore::fork(&path, &run.store, &run.repository, &run.base, tree).unwrap();
    fork.sync().unwrap();
    discard(run.store.path()).unwrap();
    project.git(&["branch", "-q", "-D", "minion/run"]);
    project.git(&["gc", "-q", "--prune=now"]);

    let again = RunStore::open_for(&path, &Repository::open(project.path()).unwrap()).unwrap();
    for store in [&fork, &again] {
        let options = CheckoutOptions {
            base: Some(run.base.tree),
            ..CheckoutOptions::default()
        };
        let mut checkout = store.checkout(tree, &run.fresh_folder(), options).unwrap();
        assert_eq!(checkout.snapshot().unwrap().tree, tree);
        assert_eq!(store.read_file(tree, "d/e/f").unwrap().unwrap(), b"four");
        assert!(store.read_file(later, "d/later").is_err());
    }
    project.git_in(&path, &["fsck", "--full"]);
    // Nothing of the base was copied.
    let count = project.git_in(&path, &["count-objects"]);
    assert!(count.starts_with("5 objects"), "{count}");
}

#[test]
fn a_fork_on_a_folder_without_git_takes_the_base_along() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().join("top");
    write(&top, "a", "one");
    write(&top, "d/b", "two");
    let repository = Repository::open(&top).unwrap();
    let base = repository.base(None).unwrap();
    let store = RunStore::create(&folder.path().join("one.git"), &repository, &base).unwrap();
    let options = CheckoutOptions::default();
    let dest = folder.path().join("checkout");
    let mut checkout = store.checkout(base.tree, &dest, options).unwrap();
    write(&dest, "a", "edited");
    let tree = checkout.snapshot().unwrap().tree;
    write(&top, "a", "changed since");
    let path = folder.path().join("two.git");
    let fork = RunStore::fork(&path, &store, &repository, &base, tree).unwrap();
    discard(store.path()).unwrap();
    assert_eq!(fork.read_file(tree, "a").unwrap().unwrap(), b"edited");
    assert_eq!(fork.read_file(base.tree, "a").unwrap().unwrap(), b"one");
    let again = RunStore::open_for(&path, &repository).unwrap();
    again
        .deliver(
            &repository,
            tree,
            base.commit,
            "minion/run",
            "x\n",
            &author(),
        )
        .unwrap();
}

#[test]
fn a_fork_that_fails_leaves_nothing() {
    let project = Project::new();
    project.write("a", "one").commit();
    let run = Run::on(&project);
    let path = project.run_folder().join("fork.git");
    let fork = |tree: TreeId| {
        RunStore::fork(&path, &run.store, &run.repository, &run.base, tree).unwrap_err()
    };
    let error = fork("1".repeat(40).parse().unwrap());
    assert!(
        matches!(error, RunStoreError::Tree(_) | RunStoreError::Object(_)),
        "{error}"
    );
    assert!(!path.exists());
    write(&path, "somebody's", "kept");
    let error = fork(run.base.tree);
    assert!(matches!(error, RunStoreError::System { .. }), "{error}");
    assert!(path.join("somebody's").exists());

    let other = Project::new();
    other.write("b", "x").commit();
    let other = Repository::open(other.path()).unwrap();
    let path = project.run_folder().join("other.git");
    let error = RunStore::fork(&path, &run.store, &other, &run.base, run.base.tree).unwrap_err();
    assert!(matches!(error, RunStoreError::Lender { .. }), "{error}");
    assert!(!path.exists());
}

#[test]
fn what_a_store_takes_is_what_du_says() {
    let project = Project::new();
    project.write("a", vec![b'a'; 1 << 20]).commit();
    let run = Run::on(&project);
    let du = || {
        let arguments = ["-s", "-B1"];
        let output = Command::new("du")
            .args(arguments)
            .arg(run.store.path())
            .output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        text.split_whitespace()
            .next()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let empty = run.store.usage().unwrap();
    assert_eq!(empty, du());
    let mut checkout = run.checkout();
    for number in 0..50 {
        write(checkout.root(), &format!("n/{number}"), number.to_string());
    }
    checkout.snapshot().unwrap();
    let full = run.store.usage().unwrap();
    assert_eq!(full, du());
    assert!(full >= empty + 50 * 512, "{full}");
    discard(run.store.path()).unwrap();
    assert_eq!(run.store.usage().unwrap(), 0);
}
