//! Folders brought back to a tree, whatever was done to them.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use minion_workspace::{Checkout, CheckoutOptions, TreeId, discard};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::project::{Project, Run, write};

fn of_base(run: &Run) -> CheckoutOptions<'static> {
    CheckoutOptions {
        base: Some(run.base.tree),
        ..CheckoutOptions::default()
    }
}

/// Restores, and holds the first snapshot against the tree.
fn restored(run: &Run, tree: TreeId, dest: &Path, options: CheckoutOptions<'_>) -> Checkout {
    let mut checkout = run.store.restore(tree, dest, options).unwrap();
    let taken = checkout.snapshot().unwrap();
    assert_eq!(taken.tree, tree);
    assert_eq!(taken.refused, []);
    checkout
}

fn fifo(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from(0o644), 0).unwrap();
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn what_is_as_it_should_be_is_not_written_again() {
    let project = Project::new();
    project
        .write("a", "one")
        .write("d/b", "two")
        .write("d/c", "three")
        .commit();
    symlink("a", project.path().join("link")).unwrap();
    project.commit();
    let run = Run::on(&project);
    let root = run.checkout().root().to_owned();
    let inode = |path: &str| root.join(path).symlink_metadata().unwrap().ino();
    let before = ["a", "d/c", "link", "d"].map(inode);
    std::fs::write(root.join("d/b"), "twö").unwrap();
    restored(&run, run.base.tree, &root, of_base(&run));
    assert_eq!(["a", "d/c", "link", "d"].map(inode), before);
    assert_eq!(read(&root.join("d/b")), "two");
}

#[test]
fn a_missing_folder_is_made() {
    let project = Project::new();
    project.write("a/b", "one").commit();
    let run = Run::on(&project);
    let dest = run.fresh_folder();
    restored(&run, run.base.tree, &dest, of_base(&run));
    assert_eq!(read(&dest.join("a/b")), "one");
}

#[test]
fn a_link_in_place_of_the_folder_is_not_followed() {
    let project = Project::new();
    project.write("a", "one").commit();
    let run = Run::on(&project);
    let outside = project.run_folder().join("outside");
    write(&outside, "kept", "x");
    let dest = run.fresh_folder();
    symlink(&outside, &dest).unwrap();
    let error = run
        .store
        .restore(run.base.tree, &dest, of_base(&run))
        .unwrap_err();
    assert!(
        error.to_string().contains(&dest.display().to_string()),
        "{error}"
    );
    assert_eq!(read(&outside.join("kept")), "x");
    assert!(!outside.join("a").exists());
}

#[test]
fn hostile_leftovers_are_cleared_away() {
    let project = Project::new();
    project
        .write(".gitignore", "*.log\n/target/\n")
        .write("file", "file")
        .write("folder/inner", "inner")
        .write("linked/inner", "inner")
        .write("tool", "#!")
        .write("pipe", "no pipe")
        .write("twice", "twice");
    chmod(&project.path().join("tool"), 0o755);
    project.commit();
    let run = Run::on(&project);
    let root = run.checkout().root().to_owned();
    let outside = project.run_folder().join("outside");
    write(&outside, "inner", "outside");
    write(&outside, "kept", "x");

    std::fs::remove_file(root.join("file")).unwrap();
    write(&root, "file/made/x.log", "in the way");
    discard(&root.join("folder")).unwrap();
    fifo(&root.join("folder"));
    discard(&root.join("linked")).unwrap();
    symlink(&outside, root.join("linked")).unwrap();
    chmod(&root.join("tool"), 0o644);
    std::fs::remove_file(root.join("pipe")).unwrap();
    fifo(&root.join("pipe"));
    std::fs::remove_file(root.join("twice")).unwrap();
    write(&project.run_folder(), "other-name", "twice");
    std::fs::hard_link(project.run_folder().join("other-name"), root.join("twice")).unwrap();
    write(&root, ".git/hooks/pre-commit", "evil");
    write(&root, "new/.GIT/config", "evil");
    write(&root, "new/deep/x", "later");
    fifo(&root.join("new/fifo"));
    symlink("/etc/passwd", root.join("new/escape")).unwrap();
    symlink(&outside, root.join("new/out")).unwrap();
    std::fs::write(root.join(std::ffi::OsStr::from_bytes(b"\xff\xfe")), "x").unwrap();
    std::fs::create_dir(root.join(std::ffi::OsStr::from_bytes(b"dir\xff"))).unwrap();
    write(&root, "target/debug/cache", "kept");
    write(&root, "kept/here.log", "kept");
    write(&root, "kept/gone", "gone");
    std::fs::create_dir_all(root.join("empty/in/empty")).unwrap();
    fifo(&root.join("ignored.log"));

    restored(&run, run.base.tree, &root, of_base(&run));
    let mut names: Vec<String> = std::fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names.join(" "),
        ".gitignore file folder ignored.log kept linked pipe target tool twice"
    );
    assert_eq!(read(&root.join("linked/inner")), "inner");
    assert_eq!(read(&root.join("target/debug/cache")), "kept");
    assert_eq!(read(&root.join("kept/here.log")), "kept");
    assert!(!root.join("kept/gone").exists());
    assert_eq!(root.join("twice").metadata().unwrap().nlink(), 1);
    assert_eq!(read(&outside.join("inner")), "outside");
    assert_eq!(read(&outside.join("kept")), "x");
    assert_eq!(root.join("tool").metadata().unwrap().mode() & 0o100, 0o100);
}

#[test]
fn closed_folders_and_odd_modes_are_opened() {
    let project = Project::new();
    project
        .write("a/b/c", "c")
        .write("open", "x")
        .write("sealed", "x")
        .commit();
    let run = Run::on(&project);
    let root = run.checkout().root().to_owned();
    write(&root, "extra/deep/file", "x");
    for (path, mode) in [
        ("a/b/c", 0o000),
        ("open", 0o4755),
        ("sealed", 0o400),
        ("extra/deep/file", 0o000),
        ("extra/deep", 0o000),
        ("extra", 0o111),
        ("a/b", 0o000),
        ("a", 0o444),
        ("", 0o000),
    ] {
        chmod(&root.join(path), mode);
    }
    let mut checkout = restored(&run, run.base.tree, &root, of_base(&run));
    for (path, mode) in [
        ("a/b/c", 0o600),
        ("open", 0o600),
        ("sealed", 0o600),
        ("a", 0o700),
    ] {
        let found = root.join(path).metadata().unwrap().mode();
        assert_eq!(found & 0o7700, mode, "{path}");
    }
    assert!(!root.join("extra").exists());
    write(&root, "a/b/c", "d");
    assert_ne!(checkout.snapshot().unwrap().tree, run.base.tree);
}

#[test]
fn folders_deeper_than_any_path_are_cleared_away() {
    let project = Project::new();
    project.write("a", "one").commit();
    let run = Run::on(&project);
    let root = run.checkout().root().to_owned();
    let name = "d".repeat(200);
    let mut folder = rustix::fs::open(&root, rustix::fs::OFlags::RDONLY, Mode::empty()).unwrap();
    for _ in 0..600 {
        rustix::fs::mkdirat(&folder, &name, Mode::from(0o700)).unwrap();
        folder =
            rustix::fs::openat(&folder, &name, rustix::fs::OFlags::RDONLY, Mode::empty()).unwrap();
    }
    restored(&run, run.base.tree, &root, of_base(&run));
    assert_eq!(std::fs::read_dir(&root).unwrap().count(), 1);
}

#[test]
fn left_out_files_and_submodules_come_back_as_a_checkout_has_them() {
    let project = Project::new();
    let inner = Project::new();
    inner.write("x", "x").commit();
    project
        .write("a", "one")
        .write(".gitignore", "*.log\n")
        .write(".env", "secret")
        .write("deep/.env", "secret")
        .commit();
    let url = inner.path().display().to_string();
    project.git(&["submodule", "add", "-q", &url, "sub"]);
    project.commit();
    let run = Run::on(&project);
    let secret = |path: &str| path.rsplit('/').next() == Some(".env");
    let options = CheckoutOptions {
        leave_out: &secret,
        ..of_base(&run)
    };
    let mut checkout = run.checkout_with(run.base.tree, options);
    let root = checkout.root().to_owned();
    write(&root, "b", "new");
    let tree = checkout.snapshot().unwrap().tree;
    write(&root, ".env", "planted");
    write(&root, "deep/.env/x", "planted");
    write(&root, "sub/planted", "planted");
    restored(&run, tree, &root, options);
    assert!(!root.join(".env").exists() && !root.join("deep/.env").exists());
    assert_eq!(std::fs::read_dir(root.join("sub")).unwrap().count(), 0);

    // A tree without the submodule comes back without its folder.
    std::fs::remove_dir(root.join("sub")).unwrap();
    let without = checkout.snapshot().unwrap().tree;
    restored(&run, tree, &root, options);
    write(&root, "sub/ignored.log", "planted");
    restored(&run, without, &root, options);
    assert!(!root.join("sub").exists());
}

#[test]
fn a_read_only_folder_comes_back_read_only() {
    let project = Project::new();
    project.write("a/b", "x").write("a/c", "y").commit();
    let run = Run::on(&project);
    let options = CheckoutOptions {
        make_writable: false,
        ..of_base(&run)
    };
    let root = run.checkout_with(run.base.tree, options).root().to_owned();
    chmod(&root.join("a"), 0o755);
    chmod(&root.join("a/b"), 0o644);
    std::fs::write(root.join("a/b"), "edited").unwrap();
    restored(&run, run.base.tree, &root, options);
    for path in ["a/b", "a/c", "a", ""] {
        let mode = root.join(path).metadata().unwrap().mode();
        assert_eq!(mode & 0o222, 0, "{path}");
    }
    assert_eq!(read(&root.join("a/b")), "x");
}

#[test]
fn everything_belongs_to_its_owner_again() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root may give files away");
        return;
    }
    let project = Project::new();
    project.write("a/b", "x").write("a/c", "y").commit();
    let run = Run::on(&project);
    let options = CheckoutOptions {
        owner: Some((4321, 1234)),
        ..of_base(&run)
    };
    let root = run.checkout_with(run.base.tree, options).root().to_owned();
    for path in ["a", "a/b", ""] {
        std::os::unix::fs::lchown(root.join(path), Some(99), Some(99)).unwrap();
    }
    std::fs::remove_file(root.join("a/c")).unwrap();
    restored(&run, run.base.tree, &root, options);
    for path in ["", "a", "a/b", "a/c"] {
        let found = root.join(path).symlink_metadata().unwrap();
        assert_eq!((found.uid(), found.gid()), (4321, 1234), "{path}");
    }
}

#[test]
fn limits_count_only_what_is_written() {
    let project = Project::new();
    project
        .write("large", vec![b'x'; 100_000])
        .write("small", "x")
        .commit();
    let run = Run::on(&project);
    let root = run.checkout().root().to_owned();
    let mut options = of_base(&run);
    options.limits.total_bytes = 100;
    std::fs::write(root.join("small"), "y").unwrap();
    let large = std::fs::File::create(root.join("sparse")).unwrap();
    large.set_len(1 << 40).unwrap();
    run.store.restore(run.base.tree, &root, options).unwrap();
    assert_eq!(read(&root.join("small")), "x");
    // A sparse file in the place of a small one is not read to its end.
    std::fs::File::create(root.join("small"))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    run.store.restore(run.base.tree, &root, options).unwrap();
    assert_eq!(read(&root.join("small")), "x");
}
