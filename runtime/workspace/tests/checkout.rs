//! Checkouts, snapshots and delivery, with git itself as the oracle.

mod common;

use common::Project;
use minion_workspace::{CheckoutOptions, Kind, Repository, RunStore, Signature};

fn author() -> Signature {
    Signature {
        name: "Ada".into(),
        email: "ada@example.org".into(),
        seconds: 1_700_000_000,
        offset_minutes: 60,
    }
}

#[test]
fn an_edit_becomes_a_branch_that_git_accepts() {
    let project = Project::new();
    project
        .write("src/lib.rs", "one\n")
        .write("README.md", "hello\n")
        .commit();
    let repository = Repository::open(project.path()).unwrap();
    assert_eq!(repository.kind(), Kind::Git);
    let base = repository.base(None).unwrap();
    assert_eq!(
        base.commit.unwrap().to_string(),
        project.git(&["rev-parse", "HEAD"])
    );
    assert_eq!(
        base.tree.to_string(),
        project.git(&["rev-parse", "HEAD^{tree}"])
    );

    let run = project.run_folder();
    let store = RunStore::create(&run.join("objects.git"), &repository, &base).unwrap();
    let mut checkout = store
        .checkout(
            base.tree,
            &run.join("workspace"),
            CheckoutOptions::default(),
        )
        .unwrap();
    assert_eq!(checkout.snapshot().unwrap().tree, base.tree);

    std::fs::write(run.join("workspace/src/lib.rs"), "one\ntwo\n").unwrap();
    std::fs::write(run.join("workspace/new.txt"), "new\n").unwrap();
    let taken = checkout.snapshot().unwrap();
    let before = project.state();
    let commit = store
        .deliver(
            &repository,
            taken.tree,
            base.commit,
            "minion/run",
            "A change\n",
            &author(),
        )
        .unwrap();
    assert_eq!(
        project.git(&["rev-parse", "minion/run"]),
        commit.to_string()
    );
    assert_eq!(
        project.git(&["rev-parse", "minion/run^{tree}"]),
        taken.tree.to_string()
    );
    assert_eq!(project.git(&["show", "minion/run:src/lib.rs"]), "one\ntwo");
    project.git(&["fsck", "--strict", "--full"]);
    assert_eq!(project.state_without_branch("minion/run"), before);
}
