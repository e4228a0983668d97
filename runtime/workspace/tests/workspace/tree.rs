//! The tree id, against git's own for the same files.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use minion_workspace::{ChangeKind, TreeId, discard};
use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::project::{Project, Run, write};

#[derive(Debug, Clone)]
pub(crate) enum Node {
    File(Vec<u8>, bool),
    Link(String),
}

/// Files by path, no path above another.
pub(crate) type Files = BTreeMap<String, Node>;

pub(crate) fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ab]",
        2 => prop::sample::select(vec!["a.b", "a-b", "a0", "A", "build", "x.log", "keep.log", "é ü"])
            .prop_map(str::to_owned),
        1 => prop::sample::select(vec![".hidden", "-dash", "a\\b", "a\nb", "git", "quo\"te"])
            .prop_map(str::to_owned),
    ]
}

fn node() -> impl Strategy<Value = Node> {
    prop_oneof![
        5 => (prop::sample::select(vec![b"".to_vec(), b"one\n".to_vec(), b"one\ntwo\n".to_vec(),
                b"one\r\ntwo\r\n".to_vec(), b"no end".to_vec(), b"nul\0\n".to_vec()]), any::<bool>())
            .prop_map(|(content, executable)| Node::File(content, executable)),
        1 => prop::sample::select(vec!["a", "../../..", "/etc/passwd", "no/such", "a/b"])
            .prop_map(|target| Node::Link(target.to_owned())),
    ]
}

pub(crate) fn files() -> impl Strategy<Value = Files> {
    let path = prop::collection::vec(name(), 1..5).prop_map(|parts| parts.join("/"));
    prop::collection::btree_map(path, node(), 0..12).prop_map(|mut files| {
        let paths: Vec<String> = files.keys().cloned().collect();
        files.retain(|path, _| {
            !paths
                .iter()
                .any(|other| other.starts_with(&format!("{path}/")))
        });
        files
    })
}

pub(crate) fn rules() -> impl Strategy<Value = String> {
    let rule = prop::sample::select(vec![
        "*.log",
        "!keep.log",
        "build/",
        "/a",
        "/a/b",
        "**/b",
        "a/*",
        "!a/b",
        "a?b",
        "b/**",
        "A",
        "# no rule",
        "",
        "a-*",
        "[ab]0",
        "*",
        "!*/",
        "\\!x",
    ]);
    prop::collection::vec(rule, 0..5).prop_map(|rules| rules.join("\n"))
}

/// Makes the folder hold exactly `files`, `.git` apart.
pub(crate) fn lay_out(root: &Path, files: &Files) {
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap() == ".git" {
            continue;
        }
        if path.symlink_metadata().unwrap().is_dir() {
            discard(&path).unwrap();
        } else {
            std::fs::remove_file(&path).unwrap();
        }
    }
    for (path, node) in files {
        match node {
            Node::File(content, executable) => {
                write(root, path, content);
                let mode = if *executable { 0o755 } else { 0o644 };
                std::fs::set_permissions(root.join(path), PermissionsExt::from_mode(mode)).unwrap();
            }
            Node::Link(target) => {
                std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
                symlink(target, root.join(path)).unwrap();
            }
        }
    }
}

fn git_tree(project: &Project, add: &[&str]) -> String {
    // Git keeps what it tracks beneath a link that has become one to itself: looking there
    // fails, and it takes that for no answer.
    for path in project.git(&["ls-files", "-z"]).split_terminator('\0') {
        let there = project.path().join(path).symlink_metadata();
        let is_loop = |code| code == rustix::io::Errno::LOOP.raw_os_error();
        if there.is_err_and(|error| error.raw_os_error().is_some_and(is_loop)) {
            project.git(&["update-index", "--force-remove", "--", path]);
        }
    }
    project.git(&[&["add", "-A"], add].concat());
    project.git(&["write-tree"])
}

/// `git diff-tree` as paths with letters and line counts.
fn git_changes(project: &Project, a: TreeId, b: TreeId) -> BTreeMap<String, (char, String)> {
    let (a, b) = (a.to_string(), b.to_string());
    let diff = |format: &str| {
        let arguments = [
            "diff-tree",
            "-r",
            "-z",
            "--no-renames",
            "--no-textconv",
            format,
            &a,
            &b,
        ];
        project.git(&arguments)
    };
    let status = diff("--name-status");
    let mut status = status.split_terminator('\0');
    let mut found = BTreeMap::new();
    while let (Some(letter), Some(path)) = (status.next(), status.next()) {
        found.insert(
            path.to_owned(),
            (letter.chars().next().unwrap(), String::new()),
        );
    }
    for line in diff("--numstat").split_terminator('\0') {
        let (path, counts) = (
            line.splitn(3, '\t').nth(2).unwrap(),
            line.rsplitn(2, '\t').last(),
        );
        found
            .entry(path.to_owned())
            .and_modify(|found| found.1.push_str(counts.unwrap()));
    }
    found
}

fn our_changes(run: &Run, a: TreeId, b: TreeId) -> BTreeMap<String, (char, String)> {
    let changes = run.store.changes(a, b).unwrap();
    let shown = changes.into_iter().map(|change| {
        let letter = match (change.kind, change.before, change.after) {
            (ChangeKind::Added, ..) => 'A',
            (ChangeKind::Deleted, ..) => 'D',
            (ChangeKind::Modified, before, after) => {
                use minion_workspace::FileKind::Symlink;
                let retyped = (before == Some(Symlink)) != (after == Some(Symlink));
                if retyped { 'T' } else { 'M' }
            }
        };
        let lines = change.lines.map_or("-\t-".to_owned(), |lines| {
            format!("{}\t{}", lines.added, lines.removed)
        });
        (change.path, (letter, lines))
    });
    shown.collect()
}

#[test]
fn a_folder_that_became_a_link_to_itself_is_gone() {
    let (file, link) = (Node::File(Vec::new(), false), Node::Link("a/b".to_owned()));
    let project = Project::new();
    lay_out(&project.path(), &Files::from([("a/a/a".to_owned(), file)]));
    project.commit();
    let run = Run::on(&project);
    let mut checkout = run.checkout();
    let after = Files::from([("a/a".to_owned(), link)]);
    lay_out(checkout.root(), &after);
    let taken = checkout.snapshot().unwrap();
    lay_out(&project.path(), &after);
    assert_eq!(taken.tree.to_string(), git_tree(&project, &["-f"]));
}

proptest! {
    #![proptest_config(Config { cases: 32, failure_persistence: None, ..Config::default() })]

    #[test]
    fn trees_and_changes_are_those_of_git(before in files(), after in files()) {
        let project = Project::new();
        lay_out(&project.path(), &before);
        project.commit();
        let run = Run::on(&project);
        let mut checkout = run.checkout();
        prop_assert_eq!(checkout.snapshot().unwrap().tree, run.base.tree);

        lay_out(checkout.root(), &after);
        let taken = checkout.snapshot().unwrap();
        lay_out(&project.path(), &after);
        prop_assert_eq!(taken.tree.to_string(), git_tree(&project, &["-f"]));
        prop_assert!(taken.ignored.is_empty() && taken.refused.is_empty());
        prop_assert_eq!(
            our_changes(&run, run.base.tree, taken.tree),
            git_changes(&project, run.base.tree, taken.tree)
        );

        let mut again = run.checkout_with(taken.tree, minion_workspace::CheckoutOptions::default());
        prop_assert_eq!(again.snapshot().unwrap().tree, taken.tree);
    }

    #[test]
    fn ignored_files_are_those_of_git(
        top in rules(), inner in rules(), before in files(), after in files()
    ) {
        let project = Project::new();
        let with_rules = |files: &Files| {
            let mut files = files.clone();
            files.retain(|path, _| path != "a" && path != "a/.gitignore");
            files.insert(".gitignore".to_owned(), Node::File(top.clone().into_bytes(), false));
            files.insert("a/.gitignore".to_owned(), Node::File(inner.clone().into_bytes(), false));
            files
        };
        lay_out(&project.path(), &with_rules(&before));
        project.commit();
        let run = Run::on(&project);
        let mut checkout = run.checkout();
        lay_out(checkout.root(), &with_rules(&after));
        let taken = checkout.snapshot().unwrap();
        lay_out(&project.path(), &with_rules(&after));
        prop_assert_eq!(taken.tree.to_string(), git_tree(&project, &[]));
    }
}
