//! Deliveries that were killed, done again, and looked up.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use minion_workspace::{
    CommitId, DeliverError, Delivered, Repository, RunStore, Signature, TreeId, discard,
};

use crate::project::{Project, Run, author, write};

const MESSAGE: &str = "A change\n\nMinion-Run: 01J\n";

/// A run with a tree of some files to deliver.
fn ready(project: &Project, files: usize) -> (Run, TreeId) {
    project.write("a", "one").commit();
    let run = Run::on(project);
    let mut checkout = run.checkout();
    for number in 0..files {
        let path = format!("d/{}/{number}", number % 7);
        write(checkout.root(), &path, format!("{number}\n"));
    }
    let tree = checkout.snapshot().unwrap().tree;
    run.store.sync().unwrap();
    (run, tree)
}

fn deliver(run: &Run, tree: TreeId, author: &Signature) -> Result<CommitId, DeliverError> {
    let (repository, parent) = (&run.repository, run.base.commit);
    run.store
        .deliver(repository, tree, parent, "minion/run", MESSAGE, author)
}

#[test]
#[ignore = "no test by itself: `a_killed_delivery_is_done_again` starts it as a process and kills it"]
fn step_delivers() {
    let Some(project) = std::env::var_os("DELIVER_TO").map(PathBuf::from) else {
        return;
    };
    let variable = |name| std::env::var(name).unwrap();
    let repository = Repository::open(project).unwrap();
    let store = RunStore::open(Path::new(&variable("DELIVER_FROM"))).unwrap();
    let parent = repository.base(None).unwrap().commit;
    let tree: TreeId = variable("DELIVER_TREE").parse().unwrap();
    store
        .deliver(&repository, tree, parent, "minion/run", MESSAGE, &author())
        .unwrap();
}

/// Delivers in another process, killed after `patience`.
fn killed(project: &Project, run: &Run, tree: TreeId, patience: Duration) -> Duration {
    let started = Instant::now();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "interrupted::step_delivers"])
        .env("DELIVER_TO", project.path())
        .env("DELIVER_FROM", run.store.path())
        .env("DELIVER_TREE", tree.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while started.elapsed() < patience && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_micros(200));
    }
    let _ = child.kill();
    child.wait().unwrap();
    started.elapsed()
}

#[test]
fn a_killed_delivery_is_done_again() {
    let project = Project::new();
    let (run, tree) = ready(&project, 150);
    let whole = killed(&project, &run, tree, Duration::from_mins(1));
    let commit = run.repository.branch("minion/run").unwrap().unwrap();
    let tip = || run.store.delivered(&run.repository, "minion/run").unwrap();
    for part in 1..=16 {
        // From the start again: no branch, none of its objects.
        project.git(&["branch", "-q", "-D", "minion/run"]);
        project.git(&["prune", "--expire=now"]);
        killed(&project, &run, tree, whole * part / 16);
        match tip() {
            Some(found) => assert_eq!(found.commit, commit, "after {part}/16"),
            None => assert_eq!(deliver(&run, tree, &author()).unwrap(), commit),
        }
        assert_eq!(tip().unwrap().tree, tree);
        project.git(&["rev-list", "--objects", "minion/run"]);
    }
    project.git(&["fsck", "--strict", "--full"]);
}

#[test]
fn the_lock_of_a_killed_delivery_is_its_own() {
    let project = Project::new();
    let (run, tree) = ready(&project, 3);
    let commit = deliver(&run, tree, &author()).unwrap();
    let lock = project.path().join(".git/refs/heads/minion/run.lock");
    let undo = |content: &str| {
        project.git(&["branch", "-q", "-D", "minion/run"]);
        write(&project.path(), ".git/refs/heads/minion/run.lock", content);
    };
    // The very same delivery goes on.
    undo(&format!("{commit}\n"));
    assert_eq!(deliver(&run, tree, &author()).unwrap(), commit);
    assert!(!lock.exists());
    // Anybody else's lock stays, and is named.
    for content in ["", "1234", &format!("{}\n", run.base.commit.unwrap())] {
        undo(content);
        let error = deliver(&run, tree, &author()).unwrap_err();
        assert!(
            matches!(&error, DeliverError::Locked(path) if *path == lock),
            "{error}"
        );
        assert!(error.to_string().contains("remove that file"), "{error}");
        assert!(!error.to_string().contains('\n'));
        assert_eq!(std::fs::read_to_string(&lock).unwrap(), content);
        assert_eq!(run.repository.branch("minion/run").unwrap(), None);
        std::fs::remove_file(&lock).unwrap();
        assert_eq!(deliver(&run, tree, &author()).unwrap(), commit);
    }
}

#[test]
fn objects_that_a_delivery_left_torn_are_written_again() {
    let project = Project::new();
    let (run, tree) = ready(&project, 20);
    let commit = deliver(&run, tree, &author()).unwrap();
    project.git(&["branch", "-q", "-D", "minion/run"]);
    let blob = project.git_in(run.store.path(), &["rev-parse", &format!("{tree}:d/0/7")]);
    let file = |id: &str| {
        project
            .path()
            .join(".git/objects")
            .join(&id[..2])
            .join(&id[2..])
    };
    for id in [&blob, &tree.to_string()] {
        std::fs::remove_file(file(id)).unwrap();
        std::fs::write(file(id), "").unwrap();
    }
    assert_eq!(deliver(&run, tree, &author()).unwrap(), commit);
    project.git(&["fsck", "--strict", "--full"]);
    assert_eq!(project.git(&["show", "minion/run:d/0/7"]), "7");
}

#[test]
fn an_empty_folder_of_a_branch_that_was_is_not_in_the_way() {
    let project = Project::new();
    let (run, tree) = ready(&project, 1);
    std::fs::create_dir_all(project.path().join(".git/refs/heads/minion/run")).unwrap();
    deliver(&run, tree, &author()).unwrap();
    assert_eq!(
        project.git(&["log", "--format=%an", "-1", "minion/run"]),
        "Ada"
    );
}

#[test]
fn what_a_branch_holds_is_told() {
    let project = Project::new();
    let (run, tree) = ready(&project, 2);
    let delivered = |branch: &str| run.store.delivered(&run.repository, branch);
    assert_eq!(delivered("minion/run").unwrap(), None);
    let commit = deliver(&run, tree, &author()).unwrap();
    let expected = Delivered {
        commit,
        tree,
        message: MESSAGE.to_owned(),
        parent: run.base.commit,
    };
    assert_eq!(delivered("minion/run").unwrap(), Some(expected.clone()));
    project.git(&["pack-refs", "--all"]);
    project.git(&["gc", "-q"]);
    assert_eq!(delivered("minion/run").unwrap(), Some(expected));
    let main = delivered("main").unwrap().unwrap();
    assert_eq!((main.commit, main.parent), (run.base.commit.unwrap(), None));
    assert_eq!(main.message, "a commit\n");

    let error = delivered("a..b").unwrap_err();
    assert!(matches!(error, DeliverError::Branch { .. }), "{error}");
    let ghost = "0123456789012345678901234567890123456789\n";
    write(&project.path(), ".git/refs/heads/ghost", ghost);
    delivered("ghost").unwrap_err();
}

#[test]
fn a_folder_without_git_is_asked_in_the_run_s_own_store() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "top/a", "one");
    let repository = Repository::open(folder.path().join("top")).unwrap();
    let base = repository.base(None).unwrap();
    let path = folder.path().join("objects.git");
    let store = RunStore::create(&path, &repository, &base).unwrap();
    let deliver = || {
        let (tree, parent) = (base.tree, base.commit);
        store.deliver(&repository, tree, parent, "minion/run", MESSAGE, &author())
    };
    assert_eq!(store.delivered(&repository, "minion/run").unwrap(), None);
    let commit = deliver().unwrap();
    discard(repository.top()).unwrap();
    let found = store.delivered(&repository, "minion/run").unwrap().unwrap();
    assert_eq!(
        (found.commit, found.tree, found.parent),
        (commit, base.tree, base.commit)
    );
    let error = deliver().unwrap_err();
    assert!(matches!(error, DeliverError::BranchExists { at: Some(at), .. } if at == commit));
}
