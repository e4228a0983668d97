//! What is in a snapshot, and what is not.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use minion_workspace::{CheckoutOptions, Limits, RunStore, SnapshotError, discard};

use crate::project::{Project, Run, write};

#[test]
fn edits_of_the_same_size_in_the_same_moment_are_seen() {
    let project = Project::new();
    project.write("file", "0000\n").write("other", "x").commit();
    let run = Run::on(&project);
    let mut checkout = run.checkout();
    let file = checkout.root().join("file");
    let times = || {
        let found = std::fs::metadata(&file).unwrap();
        std::fs::FileTimes::new().set_modified(found.modified().unwrap())
    };
    let first = times();
    let mut before = checkout.snapshot().unwrap().tree;
    for number in 1..=300 {
        let content = format!("{number:04}\n");
        std::fs::write(&file, &content).unwrap();
        // A tool that puts the time back must not hide its edit either.
        std::fs::File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_times(first)
            .unwrap();
        let tree = checkout.snapshot().unwrap().tree;
        assert_ne!(tree, before, "edit {number} was not seen");
        let stored = run.store.read_file(tree, "file").unwrap().unwrap();
        assert_eq!(stored, content.as_bytes());
        before = tree;
    }
}

#[test]
fn a_file_replaced_by_another_of_its_size_and_time_is_seen() {
    let project = Project::new();
    project.write("file", "aaaa").commit();
    let run = Run::on(&project);
    let mut checkout = run.checkout();
    let file = checkout.root().join("file");
    std::thread::sleep(std::time::Duration::from_millis(60));
    assert_eq!(checkout.snapshot().unwrap().tree, run.base.tree);
    assert_eq!(checkout.snapshot().unwrap().tree, run.base.tree);
    let modified = std::fs::metadata(&file).unwrap().modified().unwrap();
    let other = checkout.root().join("other");
    std::fs::write(&other, "bbbb").unwrap();
    let times = std::fs::FileTimes::new().set_modified(modified);
    std::fs::File::options()
        .write(true)
        .open(&other)
        .unwrap()
        .set_times(times)
        .unwrap();
    std::fs::rename(other, file).unwrap();
    let tree = checkout.snapshot().unwrap().tree;
    assert_eq!(run.store.read_file(tree, "file").unwrap().unwrap(), b"bbbb");
}

#[test]
fn going_back_to_a_tree_gives_its_id_again() {
    let project = Project::new();
    project.write("a/b", "one").commit();
    let run = Run::on(&project);
    let mut checkout = run.checkout();
    write(checkout.root(), "a/b", "two");
    write(checkout.root(), "new/deep/file", "x");
    assert_ne!(checkout.snapshot().unwrap().tree, run.base.tree);
    write(checkout.root(), "a/b", "one");
    std::fs::remove_file(checkout.root().join("new/deep/file")).unwrap();
    // Folders left empty are in no tree.
    assert_eq!(checkout.snapshot().unwrap().tree, run.base.tree);
}

#[test]
fn ignore_rules_are_those_of_the_base_alone() {
    let project = Project::new();
    project
        .write(".gitignore", "*.log\n/target/\n")
        .write("kept.log", "tracked although ignored")
        .write("target/tracked", "tracked in an ignored folder")
        .commit();
    project.write(".git/info/exclude", "*.mine\n");
    project.git(&["config", "core.excludesFile", "/dev/stdin"]);
    let run = Run::on(&project);
    let mut checkout = run.checkout();
    let root = checkout.root().to_owned();
    write(&root, "kept.log", "changed");
    write(&root, "new.log", "ignored");
    write(
        &root,
        "a.mine",
        "in: a private exclude is nobody else's rule",
    );
    write(&root, "target/tracked", "changed");
    write(&root, "target/made", "ignored");
    write(&root, "target/deep/made", "ignored");
    write(
        &root,
        "conftest.py",
        "a change to the rules must not hide it",
    );
    write(&root, ".gitignore", "conftest.py\n!*.log\n");
    write(&root, "sub/.gitignore", "*\n");
    write(&root, "sub/file", "in");

    let taken = checkout.snapshot().unwrap();
    assert_eq!(taken.ignored, ["new.log", "target/deep/", "target/made"]);
    let changes = run.store.changes(run.base.tree, taken.tree).unwrap();
    let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
    let expected = [
        ".gitignore",
        "a.mine",
        "conftest.py",
        "kept.log",
        "sub/.gitignore",
        "sub/file",
        "target/tracked",
    ];
    assert_eq!(paths, expected);
}

#[test]
fn a_checkout_of_a_later_tree_keeps_the_rules_of_the_base() {
    let project = Project::new();
    project.write(".gitignore", "*.log\n").commit();
    let run = Run::on(&project);
    let mut checkout = run.checkout();
    write(checkout.root(), ".gitignore", "");
    let tree = checkout.snapshot().unwrap().tree;
    let options = CheckoutOptions {
        base: Some(run.base.tree),
        ..CheckoutOptions::default()
    };
    let mut resumed = run.checkout_with(tree, options);
    assert_eq!(resumed.base(), run.base.tree);
    write(resumed.root(), "x.log", "still ignored");
    let taken = resumed.snapshot().unwrap();
    assert_eq!(
        (taken.tree, taken.ignored),
        (tree, vec!["x.log".to_owned()])
    );
}

#[test]
fn what_no_tree_can_hold_is_left_out_and_named() {
    let project = Project::new();
    project.write("a", "").commit();
    let run = Run::on(&project);
    let mut checkout = run.checkout();
    let root = checkout.root().to_owned();
    write(&root, "nested/.git/config", "[core]\n\tfsmonitor = evil\n");
    write(&root, "nested/code", "in");
    write(&root, "pointer/.GIT", "gitdir: /elsewhere\n");
    std::fs::write(root.join(std::ffi::OsStr::from_bytes(b"latin-\xe9")), "x").unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from(0o644),
        0,
    )
    .unwrap();
    let _socket = UnixListener::bind(root.join("socket")).unwrap();
    symlink("/dev/zero", root.join("zero")).unwrap();

    let taken = checkout.snapshot().unwrap();
    let refused: Vec<(&str, &str)> = taken
        .refused
        .iter()
        .map(|refused| (refused.path.as_str(), refused.why))
        .collect();
    let git = "a git folder of its own";
    let expected = [
        ("latin-\\xe9", "its name is not UTF-8"),
        ("nested/.git", git),
        ("pipe", "a fifo"),
        ("pointer/.GIT", git),
        ("socket", "a socket"),
    ];
    assert_eq!(refused, expected);
    let changes = run.store.changes(run.base.tree, taken.tree).unwrap();
    let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["nested/code", "zero"]);
    let target = run.store.changes(run.base.tree, taken.tree).unwrap()[1].after;
    assert_eq!(target, Some(minion_workspace::FileKind::Symlink));
}

#[test]
fn submodules_stay_what_they_are() {
    let project = Project::new();
    project.write("a", "").commit();
    let head = project.git(&["rev-parse", "HEAD"]);
    project.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{head},sub"),
    ]);
    project.git(&["commit", "-qm", "submodule"]);
    let run = Run::on(&project);
    let mut checkout = run.checkout();
    write(
        checkout.root(),
        "sub/inner.txt",
        "cannot be in this repository's tree",
    );
    let taken = checkout.snapshot().unwrap();
    assert_eq!(taken.tree, run.base.tree);
    assert_eq!(taken.refused[0].path, "sub");

    discard(&checkout.root().join("sub")).unwrap();
    let taken = checkout.snapshot().unwrap();
    let changes = run.store.changes(run.base.tree, taken.tree).unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].kind, minion_workspace::ChangeKind::Deleted);
}

#[test]
fn left_out_files_stay_in_the_tree_until_something_takes_their_place() {
    let project = Project::new();
    project
        .write(".env", "SECRET=1")
        .write("conf/.env", "SECRET=2")
        .write("conf/plain", "x")
        .write(".env.example", "SECRET=")
        .commit();
    let run = Run::on(&project);
    let options = CheckoutOptions {
        leave_out: &|path| path == ".env" || path.ends_with("/.env"),
        ..CheckoutOptions::default()
    };
    let mut checkout = run.checkout_with(run.base.tree, options);
    let root = checkout.root().to_owned();
    assert!(!root.join(".env").exists() && !root.join("conf/.env").exists());
    assert_eq!(
        checkout.left_out().collect::<Vec<_>>(),
        [".env", "conf/.env"]
    );
    assert_eq!(checkout.snapshot().unwrap().tree, run.base.tree);

    discard(&root.join("conf")).unwrap();
    let tree = checkout.snapshot().unwrap().tree;
    assert_eq!(
        run.store.read_file(tree, "conf/.env").unwrap().unwrap(),
        b"SECRET=2"
    );
    assert_eq!(run.store.read_file(tree, "conf/plain").unwrap(), None);

    write(&root, ".env", "SECRET=new");
    write(&root, "conf", "now a file");
    let tree = checkout.snapshot().unwrap().tree;
    assert_eq!(
        run.store.read_file(tree, ".env").unwrap().unwrap(),
        b"SECRET=new"
    );
    assert_eq!(
        run.store.read_file(tree, "conf").unwrap().unwrap(),
        b"now a file"
    );
    assert_eq!(run.store.read_file(tree, "conf/.env").unwrap(), None);
}

#[test]
fn old_modes_stay_while_they_mean_the_same() {
    let project = Project::new();
    project.write("a", "x").commit();
    let blob = project.git(&["rev-parse", "HEAD:a"]);
    let mut tree = b"100664 a\0".to_vec();
    tree.extend((0..20).map(|at| u8::from_str_radix(&blob[2 * at..2 * at + 2], 16).unwrap()));
    project.write("t", tree);
    let tree = project.git(&["hash-object", "-w", "--literally", "-t", "tree", "t"]);
    let run = Run::on(&project);
    let mut checkout = run.checkout_with(tree.parse().unwrap(), CheckoutOptions::default());
    assert_eq!(checkout.snapshot().unwrap().tree.to_string(), tree);
    std::fs::set_permissions(checkout.root().join("a"), PermissionsExt::from_mode(0o755)).unwrap();
    let changed = checkout.snapshot().unwrap().tree;
    assert_ne!(changed.to_string(), tree);
}

#[test]
fn a_sparse_terabyte_and_too_many_files_end_the_snapshot() {
    let project = Project::new();
    project.write("a", "").commit();
    let run = Run::on(&project);
    let limits = Limits {
        files: 50,
        ..Limits::default()
    };
    let mut checkout = run.checkout_with(
        run.base.tree,
        CheckoutOptions {
            limits,
            ..CheckoutOptions::default()
        },
    );
    let root = checkout.root().to_owned();
    std::fs::File::create(root.join("sparse"))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    let error = checkout.snapshot().unwrap_err();
    assert!(
        matches!(&error, SnapshotError::TooLarge { path, .. } if path == "sparse"),
        "{error}"
    );
    std::fs::remove_file(root.join("sparse")).unwrap();
    assert_eq!(checkout.snapshot().unwrap().tree, run.base.tree);
    for number in 0..60 {
        write(&root, &format!("many/{number}"), "");
    }
    let error = checkout.snapshot().unwrap_err();
    assert!(matches!(error, SnapshotError::TooMany(50)), "{error}");
}

#[test]
fn folders_deeper_than_any_path_are_refused_and_discarded() {
    let project = Project::new();
    project.write("a", "").commit();
    let run = Run::on(&project);
    let mut checkout = run.checkout();
    let root = checkout.root().to_owned();
    let mut folder: std::os::fd::OwnedFd = std::fs::File::open(&root).unwrap().into();
    for _ in 0..700 {
        rustix::fs::mkdirat(&folder, "deep", rustix::fs::Mode::from(0o755)).unwrap();
        let flags = rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::CLOEXEC;
        folder = rustix::fs::openat(&folder, "deep", flags, rustix::fs::Mode::empty()).unwrap();
    }
    let taken = checkout.snapshot().unwrap();
    assert_eq!(taken.tree, run.base.tree);
    assert_eq!(taken.refused.len(), 1);
    assert_eq!(taken.refused[0].why, "the path is too long");
    discard(&root).unwrap();
    assert!(!root.exists());
}

#[test]
fn discarding_does_not_follow_links_and_opens_closed_folders() {
    let project = Project::new();
    project.write("a", "").commit();
    let run = Run::on(&project);
    let checkout = run.checkout();
    let root = checkout.root().to_owned();
    let outside = project.run_folder().join("outside");
    write(&outside, "kept", "x");
    symlink(&outside, root.join("link")).unwrap();
    write(&root, "closed/inner/file", "x");
    for path in ["closed/inner", "closed", ""] {
        std::fs::set_permissions(root.join(path), PermissionsExt::from_mode(0o000)).unwrap();
    }
    discard(&root).unwrap();
    assert!(!root.exists());
    assert_eq!(std::fs::read_to_string(outside.join("kept")).unwrap(), "x");
    discard(&root).unwrap();
}

#[test]
fn a_store_opened_again_holds_what_was_taken() {
    let project = Project::new();
    project.write("a", "").commit();
    let run = Run::on(&project);
    let mut checkout = run.checkout();
    write(checkout.root(), "b", "new");
    let tree = checkout.snapshot().unwrap().tree;
    let again = RunStore::open(run.store.path()).unwrap();
    assert_eq!(again.read_file(tree, "b").unwrap().unwrap(), b"new");
    assert_eq!(again.read_file(run.base.tree, "a").unwrap().unwrap(), b"");
    for path in ["", "/", "a/", "no/such", "..", "a/b"] {
        assert_eq!(again.read_file(tree, path).unwrap(), None, "{path}");
    }
    assert_eq!(
        project.git_in(run.store.path(), &["cat-file", "-p", &format!("{tree}:b")]),
        "new"
    );
}
