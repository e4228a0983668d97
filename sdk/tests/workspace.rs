//! The workspace of the test double, which answers as the contract says.

use minion_sdk::testing::{Host, Visit};
use minion_sdk::{ChangeKind, Ecosystem, EntryKind, Failure};

#[test]
fn folders_are_listed_from_the_files_beneath_them() {
    let _host = Host::new()
        .file("b/c/d.txt", "")
        .file("a.txt", "")
        .install();
    let workspace = Visit::to("x").context().workspace();
    let entries: Vec<_> = workspace
        .list("")
        .unwrap()
        .into_iter()
        .map(|e| (e.name, e.kind))
        .collect();
    assert_eq!(
        entries,
        [
            ("a.txt".into(), EntryKind::File),
            ("b".into(), EntryKind::Directory)
        ]
    );
    assert!(matches!(
        workspace.list("nowhere"),
        Err(Failure::NotFound(_))
    ));
}

#[test]
fn an_edit_needs_exactly_one_place() {
    let host = Host::new().file("a.txt", "one two two").install();
    let workspace = Visit::to("x").context().workspace();
    workspace.edit("a.txt", "one", "1").unwrap();
    assert!(matches!(
        workspace.edit("a.txt", "two", "2"),
        Err(Failure::Invalid(_))
    ));
    assert!(matches!(
        workspace.edit("a.txt", "three", "3"),
        Err(Failure::Invalid(_))
    ));
    assert_eq!(host.file("a.txt").as_deref(), Some("1 two two"));
}

#[test]
fn changes_are_told_from_the_base() {
    let _host = Host::new()
        .file("a", "")
        .file("b", "")
        .file("c", "")
        .install();
    let workspace = Visit::to("x").context().workspace();
    workspace.remove("a").unwrap();
    workspace.write("b", "new").unwrap();
    workspace.write("d", "").unwrap();
    let changes: Vec<_> = workspace
        .changes()
        .unwrap()
        .into_iter()
        .map(|c| (c.file, c.kind))
        .collect();
    let expected = [
        ("a", ChangeKind::Deleted),
        ("b", ChangeKind::Modified),
        ("d", ChangeKind::Added),
    ];
    assert_eq!(
        changes,
        expected.map(|(file, kind)| (file.to_owned(), kind))
    );
}

#[test]
fn a_closed_path_is_denied_and_not_listed() {
    let _host = Host::new()
        .file("secret/key", "")
        .file("a", "")
        .closed("secret")
        .install();
    let workspace = Visit::to("x").context().workspace();
    assert!(matches!(
        workspace.read("secret/key"),
        Err(Failure::Denied(_))
    ));
    assert!(matches!(
        workspace.write("secret/new", ""),
        Err(Failure::Denied(_))
    ));
    assert_eq!(workspace.list("").unwrap().len(), 1);
    assert!(workspace.search(".*", "").unwrap().is_empty());
}

#[test]
fn search_names_file_line_and_text() {
    let _host = Host::new()
        .file("src/a.rs", "fn one() {}\nfn two() {}\n")
        .install();
    let hits = Visit::to("x")
        .context()
        .workspace()
        .search("t.o", "src")
        .unwrap();
    assert_eq!(
        (hits[0].file.as_str(), hits[0].line, hits[0].text.as_str()),
        ("src/a.rs", 2, "fn two() {}")
    );
}

#[test]
fn ecosystems_are_told_by_what_stands_at_the_top() {
    let ecosystems = |files: &[&str]| {
        let host = files
            .iter()
            .fold(Host::new(), |host, file| host.file(file, ""));
        let _host = host.install();
        Visit::to("x").context().workspace().ecosystems().unwrap()
    };
    assert_eq!(
        ecosystems(&["Cargo.toml", "src/lib.rs"]),
        [Ecosystem::Cargo]
    );
    assert_eq!(ecosystems(&["tests/test_a.py"]), [Ecosystem::Python]);
    assert_eq!(
        ecosystems(&["pyproject.toml", "Cargo.toml"]),
        [Ecosystem::Cargo, Ecosystem::Python]
    );
    assert_eq!(ecosystems(&["index.js", ".hooks/a.py"]), []);
}
