//! Delivery: one new branch, and nothing else.

use std::os::unix::fs::MetadataExt;

use minion_workspace::{DeliverError, Kind, Signature};

use crate::project::{Project, Run, author, write};

#[test]
fn an_edit_becomes_a_branch_that_git_accepts() {
    let project = Project::new();
    project
        .write("src/lib.rs", "one\n")
        .write("README.md", "hello\n")
        .commit();
    project
        .write("src/lib.rs", "not committed\n")
        .write("untracked", "x");
    project.write("README.md", "staged\n");
    project.git(&["add", "README.md"]);
    let status = project.git(&["status", "--porcelain=v2"]);

    let run = Run::on(&project);
    assert_eq!(run.repository.kind(), Kind::Git);
    assert_eq!(
        run.base.commit.unwrap().to_string(),
        project.git(&["rev-parse", "HEAD"])
    );
    let before = project.state();
    let mut checkout = run.checkout();
    write(checkout.root(), "src/lib.rs", "one\ntwo\n");
    write(checkout.root(), "new/deep.txt", "new\n");
    let taken = checkout.snapshot().unwrap();
    assert_eq!(project.state(), before, "a snapshot left a trace");

    let commit = run
        .store
        .deliver(
            &run.repository,
            taken.tree,
            run.base.commit,
            "minion/run",
            "A change\n\nMore.\n",
            &author(),
        )
        .unwrap();
    assert_eq!(project.state_without_branch("minion/run"), before);
    assert_eq!(run.repository.branch("minion/run").unwrap(), Some(commit));
    assert_eq!(
        project.git(&["rev-parse", "minion/run"]),
        commit.to_string()
    );
    assert_eq!(
        project.git(&["rev-parse", "minion/run^{tree}"]),
        taken.tree.to_string()
    );
    assert_eq!(
        project.git(&["rev-parse", "minion/run^"]),
        run.base.commit.unwrap().to_string()
    );
    assert_eq!(project.git(&["show", "minion/run:new/deep.txt"]), "new");
    let shown = project.git(&["log", "-1", "--format=%an|%ae|%ai|%cn|%B", "minion/run"]);
    assert_eq!(
        shown,
        "Ada|ada@example.org|2023-11-14 23:13:20 +0100|Ada|A change\n\nMore.\n"
    );
    assert_eq!(
        project.git(&["fsck", "--strict", "--full", "--no-dangling"]),
        ""
    );
    assert_eq!(project.git(&["status", "--porcelain=v2"]), status);

    // All of it stands in the user's own repository.
    minion_workspace::discard(run.store.path()).unwrap();
    project.git(&["rev-list", "--objects", "minion/run"]);
}

#[test]
fn a_branch_that_exists_is_never_moved() {
    let project = Project::new();
    project.write("a", "one").commit();
    let run = Run::on(&project);
    let deliver = |branch: &str| {
        run.store.deliver(
            &run.repository,
            run.base.tree,
            run.base.commit,
            branch,
            "x\n",
            &author(),
        )
    };
    let first = deliver("minion/run").unwrap();
    project.git(&["branch", "packed"]);
    project.git(&["pack-refs", "--all", "--prune"]);
    let before = project.state();
    for (branch, at) in [
        ("minion/run", first),
        ("packed", run.base.commit.unwrap()),
        ("main", run.base.commit.unwrap()),
    ] {
        let error = deliver(branch).unwrap_err();
        assert!(
            matches!(error, DeliverError::BranchExists { at: found, .. } if found == Some(at)),
            "{error}"
        );
    }
    for branch in ["minion", "minion/run/deeper", "main/x"] {
        let error = deliver(branch).unwrap_err();
        assert!(
            matches!(error, DeliverError::Branch { .. }),
            "{branch}: {error}"
        );
    }
    let mut after = project.state();
    after.retain(|path, _| before.contains_key(path) || !path.starts_with(".git/refs/heads/"));
    assert_eq!(after, before);
}

#[test]
fn names_that_are_no_branch_are_refused() {
    let project = Project::new();
    project.write("a", "one").commit();
    let run = Run::on(&project);
    let before = project.state();
    for branch in [
        "", "HEAD", "-x", "a..b", "../../x", "/x", "x/", "x.lock", "a b", "a\nb", "a\0b", "@{0}",
        "x~1",
    ] {
        let error = run
            .store
            .deliver(
                &run.repository,
                run.base.tree,
                run.base.commit,
                branch,
                "x\n",
                &author(),
            )
            .unwrap_err();
        assert!(
            matches!(error, DeliverError::Branch { .. }),
            "{branch:?}: {error}"
        );
    }
    let forged = Signature {
        name: "x> 0 +0000\nparent 1".into(),
        ..author()
    };
    let error = run
        .store
        .deliver(
            &run.repository,
            run.base.tree,
            run.base.commit,
            "x",
            "x\n",
            &forged,
        )
        .unwrap_err();
    assert!(matches!(error, DeliverError::Commit(_)), "{error}");
    assert_eq!(project.state(), before);
}

#[test]
fn two_runs_at_once_do_not_see_each_other() {
    let project = Project::new();
    for number in 0..50 {
        project.write(&format!("d/{number}"), format!("{number}\n"));
    }
    project.commit();
    let run = |name: &str| {
        let run = Run::named(&project, &format!("{name}.git"));
        let dest = project.run_folder().join(name);
        let options = minion_workspace::CheckoutOptions::default();
        let mut checkout = run.store.checkout(run.base.tree, &dest, options).unwrap();
        for number in 0..50 {
            write(&dest, &format!("d/{number}"), format!("{name} {number}\n"));
        }
        let tree = checkout.snapshot().unwrap().tree;
        let branch = format!("minion/{name}");
        run.store
            .deliver(
                &run.repository,
                tree,
                run.base.commit,
                &branch,
                "x\n",
                &author(),
            )
            .unwrap()
    };
    let commits = std::thread::scope(|scope| {
        let runs: Vec<_> = ["one", "two", "three", "four"]
            .into_iter()
            .map(|name| (name, scope.spawn(move || run(name))))
            .collect();
        runs.into_iter()
            .map(|(name, run)| (name, run.join().unwrap()))
            .collect::<Vec<_>>()
    });
    for (name, commit) in commits {
        assert_eq!(
            project.git(&["rev-parse", &format!("minion/{name}")]),
            commit.to_string()
        );
        assert_eq!(
            project.git(&["show", &format!("minion/{name}:d/7")]),
            format!("{name} 7")
        );
    }
    project.git(&["fsck", "--strict", "--full"]);
}

#[test]
fn only_one_of_many_deliveries_to_a_branch_succeeds() {
    let project = Project::new();
    project.write("a", "one").commit();
    let run = Run::on(&project);
    let deliver = |number: i64| {
        let author = Signature {
            seconds: number,
            ..author()
        };
        run.store.deliver(
            &run.repository,
            run.base.tree,
            run.base.commit,
            "minion/run",
            "x\n",
            &author,
        )
    };
    let won = std::thread::scope(|scope| {
        let tries: Vec<_> = (1..=8)
            .map(|number| scope.spawn(move || deliver(number)))
            .collect();
        let answers = tries.into_iter().map(|thread| thread.join().unwrap());
        answers.filter_map(Result::ok).collect::<Vec<_>>()
    });
    assert_eq!(won.len(), 1);
    assert_eq!(
        project.git(&["rev-parse", "minion/run"]),
        won[0].to_string()
    );
    assert!(
        !project
            .path()
            .join(".git/refs/heads/minion/run.lock")
            .exists()
    );
}

#[test]
fn what_root_delivers_belongs_to_the_owner_of_the_repository() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root may give files away");
        return;
    }
    let project = Project::new();
    project.write("a", "one").commit();
    give(&project.path());
    let run = Run::on(&project);
    let mut checkout = run.checkout();
    write(checkout.root(), "b", "two");
    let tree = checkout.snapshot().unwrap().tree;
    run.store
        .deliver(
            &run.repository,
            tree,
            run.base.commit,
            "minion/deep/run",
            "x\n",
            &author(),
        )
        .unwrap();
    let mut todo = vec![project.path()];
    while let Some(path) = todo.pop() {
        let found = path.symlink_metadata().unwrap();
        assert_eq!(found.uid(), 4321, "{}", path.display());
        if found.is_dir() {
            todo.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
    }
}

#[test]
fn symlinks_in_the_repository_do_not_lead_a_delivery_out() {
    let project = Project::new();
    project.write("a", "one").commit();
    let outside = project.run_folder().join("outside");
    std::fs::create_dir(&outside).unwrap();
    let run = Run::on(&project);
    let mut checkout = run.checkout();
    write(checkout.root(), "b", "two");
    let tree = checkout.snapshot().unwrap().tree;
    let deliver = || {
        let (repository, parent) = (&run.repository, run.base.commit);
        run.store
            .deliver(repository, tree, parent, "minion/run", "x\n", &author())
    };
    let link = project.path().join(".git/refs/heads/minion");
    std::os::unix::fs::symlink(&outside, &link).unwrap();
    let error = deliver().unwrap_err();
    assert!(error.to_string().contains("is a symlink"), "{error}");
    std::fs::remove_file(link).unwrap();

    for number in 0..=255 {
        let folder = project.path().join(format!(".git/objects/{number:02x}"));
        let moved = outside.join(format!("{number:02x}"));
        if folder.exists() {
            std::fs::rename(&folder, &moved).unwrap();
        } else {
            std::fs::create_dir(&moved).unwrap();
        }
        std::os::unix::fs::symlink(moved, folder).unwrap();
    }
    let error = deliver().unwrap_err();
    assert!(error.to_string().contains("is a symlink"), "{error}");
    assert!(!project.path().join(".git/refs/heads/minion").exists());
}

fn give(path: &std::path::Path) {
    std::os::unix::fs::lchown(path, Some(4321), Some(4321)).unwrap();
    if path.symlink_metadata().unwrap().is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path());
        }
    }
}
