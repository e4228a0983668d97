//! Patches, read by git itself.

use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;

use minion_workspace::{Lines, Patch, PatchOptions, Shown, TreeId, discard};
use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::project::{Project, Run, write};
use crate::tree::{files, lay_out};

/// What git makes of tree `a` with a patch.
fn applied(project: &Project, run: &Run, a: TreeId, patch: &[u8]) -> String {
    let store = run.store.path();
    let index = project.run_folder().join("index");
    let git = |arguments: &[&str]| {
        let mut command = project.git_command(store);
        command.env("GIT_INDEX_FILE", &index).args(arguments);
        command
    };
    assert!(
        git(&["read-tree", &a.to_string()])
            .status()
            .unwrap()
            .success()
    );
    if !patch.is_empty() {
        let mut child = git(&["apply", "--cached", "--whitespace=nowarn", "-"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(patch).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}\n{}",
            String::from_utf8_lossy(&output.stderr),
            String::from_utf8_lossy(patch)
        );
    }
    let output = git(&["write-tree"]).output().unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}

fn patch(run: &Run, a: TreeId, b: TreeId) -> Patch {
    run.store.patch(a, b, PatchOptions::default()).unwrap()
}

/// A project of many kinds of changes, and its two trees.
fn changed() -> (Project, Run, TreeId, TreeId) {
    let project = Project::new();
    let many: Vec<String> = (0..60).map(|n| format!("line {n}\n")).collect();
    let many = many.concat();
    project
        .write("many", &many)
        .write("no end", "one\ntwo")
        .write("tool", "#!\n")
        .write("gone/file", "gone\n")
        .write("becomes/folder", "x\n")
        .write("latin", b"caf\xe9\n")
        .write("quo\"te\\ \n\x01", "x\n")
        .write("é ü", "x\n");
    symlink("many", project.path().join("link")).unwrap();
    symlink("many", project.path().join("was-link")).unwrap();
    project.commit();
    let run = Run::on(&project);
    let mut checkout = run.checkout();
    let root = checkout.root().to_owned();
    let edited = many
        .replace("line 3\n", "line three\n")
        .replace("line 9\n", "")
        .replace("line 30\n", "line 30\nmore\n")
        .replace("line 59\n", "line 59");
    write(&root, "many", edited);
    write(&root, "no end", "one\ntwo\n");
    write(&root, "empty", "");
    write(&root, "latin", b"caf\xe8\n");
    write(&root, "quo\"te\\ \n\x01", "y\n");
    write(&root, "é ü", "y\n");
    write(&root, "--- a", "--- a\n+++ b\n@@ -1 +1 @@\n");
    discard(&root.join("gone")).unwrap();
    discard(&root.join("becomes")).unwrap();
    write(&root, "becomes", "a file\n");
    std::fs::set_permissions(root.join("tool"), PermissionsExt::from_mode(0o755)).unwrap();
    for (link, target) in [("link", "no end"), ("new-link", "/etc")] {
        let _ = std::fs::remove_file(root.join(link));
        symlink(target, root.join(link)).unwrap();
    }
    std::fs::remove_file(root.join("was-link")).unwrap();
    write(&root, "was-link", "a file\n");
    let tree = checkout.snapshot().unwrap().tree;
    let base = run.base.tree;
    (project, run, base, tree)
}

#[test]
fn a_patch_is_the_diff_of_git_and_applies_both_ways() {
    let (project, run, a, b) = changed();
    for (a, b) in [(a, b), (b, a)] {
        let patch = patch(&run, a, b);
        assert!(patch.is_whole());
        assert_eq!(applied(&project, &run, a, &patch.text), b.to_string());
        let (from, to) = (a.to_string(), b.to_string());
        let output = project
            .git_command(run.store.path())
            .args([
                "-c",
                "core.quotePath=false",
                "diff",
                "--no-color",
                "--no-renames",
            ])
            .args(["--full-index", "--diff-algorithm=histogram", &from, &to])
            .output()
            .unwrap();
        // Behind a hunk's numbers git repeats some line from above it.
        let expected: Vec<u8> = output
            .stdout
            .split_inclusive(|byte| *byte == b'\n')
            .flat_map(|line| match line.strip_prefix(b"@@ ") {
                Some(rest) => {
                    let end = rest.windows(3).position(|found| found == b" @@").unwrap();
                    [b"@@ ", &rest[..end], b" @@\n"].concat()
                }
                None => line.to_vec(),
            })
            .collect();
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string().replace("\\n", "\n");
        assert_eq!(text(&patch.text), text(&expected));
    }
}

#[test]
fn counts_and_kinds_stand_beside_the_text() {
    let (_project, run, a, b) = changed();
    let patch = patch(&run, a, b);
    let changes = run.store.changes(a, b).unwrap();
    let files: Vec<_> = patch.files.iter().map(|file| file.change.clone()).collect();
    assert_eq!(files, changes);
    let many = patch
        .files
        .iter()
        .find(|file| file.change.path == "many")
        .unwrap();
    assert_eq!(
        many.change.lines,
        Some(Lines {
            added: 3,
            removed: 3
        })
    );
    assert_eq!(
        run.store.patch(a, a, PatchOptions::default()).unwrap().text,
        b""
    );
}

#[test]
fn binary_and_large_files_and_submodules_are_named() {
    let project = Project::new();
    let inner = Project::new();
    inner.write("x", "x").commit();
    project.write("image", b"\0one").write("large", "x\n");
    let url = inner.path().display().to_string();
    project.git(&["submodule", "add", "-q", &url, "sub"]);
    project.commit();
    let run = Run::on(&project);
    let mut checkout = run.checkout();
    write(checkout.root(), "image", b"\0two");
    write(checkout.root(), "large", vec![b'x'; 5 << 20]);
    std::fs::remove_dir(checkout.root().join("sub")).unwrap();
    let tree = checkout.snapshot().unwrap().tree;
    let patch = patch(&run, run.base.tree, tree);
    let text = String::from_utf8(patch.text.clone()).unwrap();
    for line in [
        "Binary files a/image and b/image differ\n",
        "Binary files a/large and b/large differ\n",
        "deleted file mode 160000\n",
        "-Subproject commit ",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let shown: Vec<Shown> = patch.files.iter().map(|file| file.shown).collect();
    assert_eq!(shown, [Shown::Binary, Shown::Binary, Shown::Text]);
    assert!(!patch.is_whole());
}

#[test]
fn what_does_not_fit_is_named_and_the_rest_still_applies() {
    let (project, run, a, b) = changed();
    let whole = patch(&run, a, b);
    for max_bytes in [0, 1, 300, 900, whole.text.len() - 1, whole.text.len()] {
        let options = PatchOptions {
            max_bytes,
            ..PatchOptions::default()
        };
        let patch = run.store.patch(a, b, options).unwrap();
        assert!(patch.text.len() <= max_bytes);
        assert_eq!(patch.files.len(), whole.files.len());
        assert_eq!(patch.is_whole(), max_bytes == whole.text.len());
        applied(&project, &run, a, &patch.text);
    }
}

proptest! {
    #![proptest_config(Config { cases: 40, failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_patch_makes_the_second_tree_from_the_first(
        before in files(),
        after in files(),
        context in 1_u32..5,
    ) {
        let project = Project::new();
        lay_out(&project.path(), &before);
        project.commit();
        let run = Run::on(&project);
        let mut checkout = run.checkout();
        lay_out(checkout.root(), &after);
        let tree = checkout.snapshot().unwrap().tree;
        let options = PatchOptions { context, ..PatchOptions::default() };
        let patch = run.store.patch(run.base.tree, tree, options).unwrap();
        // Of binary files git takes the content from the store, by its whole id.
        prop_assert_eq!(applied(&project, &run, run.base.tree, &patch.text), tree.to_string());
    }
}
