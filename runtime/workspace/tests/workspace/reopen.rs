//! A run that goes on after somebody moved, rebased or removed its repository.

use minion_workspace::{
    CheckoutOptions, CommitId, Repository, RepositoryError, RunStore, RunStoreError, TreeId,
    discard,
};

use crate::project::{Project, Run, author, write};

/// A run with a tree of its own, on a commit that is not the last.
fn begun(project: &Project) -> (Run, TreeId) {
    project.write("a", "one").write("d/b", "two").commit();
    let run = Run::on(project);
    let mut checkout = run.checkout();
    write(checkout.root(), "d/c", "three");
    let tree = checkout.snapshot().unwrap().tree;
    (run, tree)
}

fn alternates(run: &Run) -> String {
    std::fs::read_to_string(run.store.path().join("objects/info/alternates")).unwrap()
}

fn lost(run: &Run, repository: &Repository) -> String {
    let before = alternates(run);
    let error = RunStore::open_for(run.store.path(), repository).unwrap_err();
    assert!(
        matches!(&error, RunStoreError::Lender { commit, .. } if Some(*commit) == run.base.commit),
        "{error}"
    );
    let text = error.to_string();
    let top = repository.top().display().to_string();
    assert!(text.contains(&top) && text.contains("git fetch"), "{text}");
    assert_eq!(alternates(run), before);
    text
}

#[test]
fn a_repository_that_moved_is_borrowed_from_where_it_is() {
    let project = Project::new();
    let (run, tree) = begun(&project);
    let moved = project.run_folder().join("moved");
    std::fs::rename(project.path(), &moved).unwrap();
    let repository = Repository::open(&moved).unwrap();
    let base = run.base.clone();
    let commit = base.commit.unwrap();
    assert_eq!(
        repository
            .base_at(commit, base.tree, base.branch.clone())
            .unwrap(),
        base
    );
    write(run.store.path(), "objects/info/alternates.new", "half");
    for _ in 0..2 {
        let store = RunStore::open_for(run.store.path(), &repository).unwrap();
        assert_eq!(store.read_file(tree, "a").unwrap().unwrap(), b"one");
        assert_eq!(store.read_file(tree, "d/c").unwrap().unwrap(), b"three");
    }
    let expected = format!("{}\n", moved.join(".git/objects").display());
    assert_eq!(alternates(&run), expected);
    project.git_in(run.store.path(), &["fsck", "--full"]);
    assert_eq!(
        project.git_in(run.store.path(), &["rev-parse", "refs/minion/base"]),
        commit.to_string()
    );
}

#[test]
fn a_store_is_as_it_was_while_nothing_moved() {
    let project = Project::new();
    let (run, tree) = begun(&project);
    let file = run.store.path().join("objects/info/alternates");
    let before = file.metadata().unwrap().modified().unwrap();
    project.write("e", "later").commit();
    let store = RunStore::open_for(run.store.path(), &run.repository).unwrap();
    assert_eq!(file.metadata().unwrap().modified().unwrap(), before);
    let options = CheckoutOptions::default();
    store.checkout(tree, &run.fresh_folder(), options).unwrap();
}

#[test]
fn another_repository_and_none_at_all_are_told_apart_from_the_right_one() {
    let project = Project::new();
    let (run, _) = begun(&project);
    let other = Project::new();
    other.write("a", "other").commit();
    let other = Repository::open(other.path()).unwrap();
    let text = lost(&run, &other);
    assert!(text.contains("no such commit"), "{text}");
    discard(&project.path().join(".git")).unwrap();
    let bare = Repository::open(project.path()).unwrap();
    lost(&run, &bare);
}

#[test]
fn a_base_that_was_rebased_away_and_pruned_is_named() {
    let project = Project::new();
    let (run, _) = begun(&project);
    let commit = run.base.commit.unwrap();
    project.write("a", "amended");
    project.git(&["commit", "-q", "-a", "--amend", "-m", "another"]);
    // Still there, as long as the reflog names it.
    RunStore::open_for(run.store.path(), &run.repository).unwrap();
    project.git(&["reflog", "expire", "--expire=now", "--all"]);
    project.git(&["gc", "-q", "--prune=now"]);
    let repository = Repository::open(project.path()).unwrap();
    lost(&run, &repository);
    let error = repository.base_at(commit, run.base.tree, None).unwrap_err();
    assert!(matches!(error, RepositoryError::BaseGone { .. }), "{error}");
    assert!(error.to_string().contains("git fetch"), "{error}");
}

#[test]
fn one_file_of_the_base_that_is_missing_is_named() {
    let project = Project::new();
    let (run, _) = begun(&project);
    let blob = project.git(&["rev-parse", "HEAD:d/b"]);
    let file = format!(".git/objects/{}/{}", &blob[..2], &blob[2..]);
    std::fs::remove_file(project.path().join(file)).unwrap();
    let repository = Repository::open(project.path()).unwrap();
    let text = lost(&run, &repository);
    assert!(text.contains("d/b") && text.contains(&blob), "{text}");
}

#[test]
fn a_recorded_base_is_held_against_the_repository() {
    let project = Project::new();
    let (run, tree) = begun(&project);
    let commit = run.base.commit.unwrap();
    let error = run.repository.base_at(commit, tree, None).unwrap_err();
    assert!(
        matches!(error, RepositoryError::BaseDiffers { .. }),
        "{error}"
    );
    for id in [run.base.tree.to_string(), "0".repeat(40)] {
        let no_commit: CommitId = id.parse().unwrap();
        run.repository
            .base_at(no_commit, run.base.tree, None)
            .unwrap_err();
    }
}

#[test]
fn the_base_of_a_folder_without_git_stands_in_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().join("top");
    write(&top, "a", "one");
    let repository = Repository::open(&top).unwrap();
    let base = repository.base(None).unwrap();
    let path = folder.path().join("objects.git");
    RunStore::create(&path, &repository, &base).unwrap();
    write(&top, "a", "changed");
    let repository = Repository::open(&top).unwrap();
    let again = repository
        .base_at(base.commit.unwrap(), base.tree, None)
        .unwrap();
    assert_eq!(again, base);
    let store = RunStore::open_for(&path, &repository).unwrap();
    assert_eq!(store.read_file(base.tree, "a").unwrap().unwrap(), b"one");
    let tree = base.tree.to_string();
    std::fs::remove_file(path.join("objects").join(&tree[..2]).join(&tree[2..])).unwrap();
    let error = RunStore::open_for(&path, &repository).unwrap_err();
    assert!(matches!(error, RunStoreError::Lender { .. }), "{error}");
}

#[test]
fn a_run_on_a_moved_repository_delivers_there() {
    let project = Project::new();
    let (run, tree) = begun(&project);
    let moved = project.run_folder().join("moved");
    std::fs::rename(project.path(), &moved).unwrap();
    let repository = Repository::open(&moved).unwrap();
    let store = RunStore::open_for(run.store.path(), &repository).unwrap();
    let parent = run.base.commit;
    store
        .deliver(&repository, tree, parent, "minion/run", "x\n", &author())
        .unwrap();
    assert_eq!(project.git_in(&moved, &["show", "minion/run:d/c"]), "three");
}
