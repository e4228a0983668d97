//! Confined access: what it does when it is allowed to.

use std::cell::RefCell;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use minion_workspace::{EntryKind, FileError, FileLimits, FileOp, Files, LimitKind};

use crate::project::write;

#[expect(clippy::unnecessary_wraps, reason = "the shape of a judge")]
fn anything(_: FileOp, _: &str) -> Result<(), &'static str> {
    Ok(())
}

fn opened(files: &[(&str, &str)]) -> (tempfile::TempDir, Files) {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        write(folder.path(), path, content);
    }
    let files = Files::open(folder.path()).unwrap();
    (folder, files)
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn files_are_read_written_edited_and_removed() {
    let (folder, files) = opened(&[("src/a", "one\ntwo\n")]);
    let read = files.read("src/./a", &anything).unwrap();
    assert_eq!(
        (read.path.as_str(), read.value.as_slice()),
        ("src/a", b"one\ntwo\n".as_slice())
    );

    let new = files.write("new/deep/b", b"made", &anything).unwrap();
    assert_eq!((new.path.as_str(), new.value), ("new/deep/b", true));
    let again = files.write("new/deep/b", b"", &anything).unwrap();
    assert!(!again.value);
    assert_eq!(
        std::fs::read(folder.path().join("new/deep/b")).unwrap(),
        b""
    );

    files.edit("src/a", "two", "2", &anything).unwrap();
    assert_eq!(
        std::fs::read_to_string(folder.path().join("src/a")).unwrap(),
        "one\n2\n"
    );
    files.remove("new/deep/b", &anything).unwrap();
    assert_eq!(names(&folder.path().join("new/deep")), Vec::<String>::new());
    assert_eq!(names(&folder.path().join("src")), ["a"]);
}

#[test]
fn the_judge_sees_the_operation_and_the_resolved_path() {
    let (folder, files) = opened(&[("real/file", "x")]);
    symlink("real", folder.path().join("link")).unwrap();
    let seen = RefCell::new(Vec::new());
    let judge = |op: FileOp, path: &str| {
        seen.borrow_mut().push((op, path.to_owned()));
        Ok::<_, ()>("rule")
    };
    assert_eq!(
        files.read("link/../link/file", &judge).unwrap().path,
        "real/file"
    );
    assert_eq!(files.read("link/file", &judge).unwrap().rule, "rule");
    files.write("link/new/b", b"", &judge).unwrap();
    files.write("link/file", b"", &judge).unwrap();
    files.remove("link", &judge).unwrap();
    let owned = |op, path: &str| (op, path.to_owned());
    let expected = vec![
        owned(FileOp::Stat, "link"),
        owned(FileOp::Stat, "link"),
        owned(FileOp::Read, "real/file"),
        owned(FileOp::Stat, "link"),
        owned(FileOp::Read, "real/file"),
        owned(FileOp::Stat, "link"),
        owned(FileOp::Create, "real/new/b"),
        owned(FileOp::Stat, "link"),
        owned(FileOp::Write, "real/file"),
        owned(FileOp::Delete, "link"),
    ];
    assert_eq!(*seen.borrow(), expected);
    assert_eq!(names(folder.path()), ["real"]);
}

#[test]
fn a_link_in_the_middle_of_a_path_is_resolved_before_the_judge() {
    let (folder, files) = opened(&[("closed/sub/file", "SECRET"), ("open/x", "")]);
    symlink("../closed", folder.path().join("open/link")).unwrap();
    symlink("closed", folder.path().join("link")).unwrap();
    let judge = |_: FileOp, path: &str| {
        if path.starts_with("closed") {
            Err("closed")
        } else {
            Ok(())
        }
    };
    for path in ["link/sub/file", "open/link/sub/file", "open/link/sub/new"] {
        let denied = Err(FileError::Denied("closed"));
        assert_eq!(files.read(path, &judge).map(drop), denied, "{path}");
        assert_eq!(files.write(path, b"", &judge).map(drop), denied, "{path}");
        assert_eq!(files.remove(path, &judge).map(drop), denied, "{path}");
    }
    let denied = Err(FileError::Denied("closed"));
    assert_eq!(files.list("link/sub", &judge).map(drop), denied);
    assert_eq!(files.search("S", "open/link/sub", &judge).map(drop), denied);
}

#[test]
fn a_denial_does_not_tell_whether_the_file_is_there() {
    let (folder, files) = opened(&[("secret/there", "x"), ("open", "")]);
    let judge = |_: FileOp, path: &str| {
        if path.starts_with("secret") {
            Err("closed")
        } else {
            Ok(())
        }
    };
    for path in [
        "secret/there",
        "secret/absent",
        "secret/absent/deeper",
        "secret/there/deeper",
        "secret",
    ] {
        let denied = Err(FileError::Denied("closed"));
        assert_eq!(files.read(path, &judge).map(drop), denied, "{path}");
        assert_eq!(files.write(path, b"", &judge).map(drop), denied, "{path}");
        assert_eq!(
            files.edit(path, "x", "y", &judge).map(drop),
            denied,
            "{path}"
        );
        assert_eq!(files.remove(path, &judge).map(drop), denied, "{path}");
        assert_eq!(files.list(path, &judge).map(drop), denied, "{path}");
    }
    assert_eq!(
        files.read("absent", &judge).map(drop),
        Err(FileError::NotFound("absent".into()))
    );
    assert_eq!(names(&folder.path().join("secret")), ["there"]);
}

#[test]
fn a_file_is_no_folder_to_write_in() {
    let (folder, files) = opened(&[("a", "x")]);
    let error = files.write("a/b/c", b"", &anything).unwrap_err();
    assert!(matches!(error, FileError::NotAFolder(_)), "{error}");
    let error = files.read("a/b", &anything).unwrap_err();
    assert!(matches!(error, FileError::NotFound(_)), "{error}");
    assert_eq!(names(folder.path()), ["a"]);
}

#[test]
fn lists_are_sorted_and_hide_what_may_not_be_read() {
    let (folder, files) = opened(&[
        ("b", ""),
        ("a/inner", ""),
        (".env", ""),
        (".git/config", ""),
    ]);
    symlink("/etc/passwd", folder.path().join("link")).unwrap();
    let judge = |_: FileOp, path: &str| if path == ".env" { Err(()) } else { Ok(()) };
    let listed = files.list("", &judge).unwrap();
    let entries: Vec<_> = listed
        .value
        .iter()
        .map(|entry| (entry.name.as_str(), entry.kind))
        .collect();
    let expected = [
        ("a", EntryKind::Directory),
        ("b", EntryKind::File),
        ("link", EntryKind::Symlink),
    ];
    assert_eq!(entries, expected);
    assert_eq!(files.list("a/", &judge).unwrap().path, "a");
    assert_eq!(
        files.list("b", &judge).map(drop),
        Err(FileError::NotAFolder("b".into()))
    );
}

#[test]
fn searches_find_lines_in_the_order_of_paths() {
    let (folder, files) = opened(&[
        ("a/x", "no\nfn main() {}\r\n"),
        ("a-b", "fn one()\n"),
        ("a.rs", "    fn two() {}\nfn three()"),
        ("binary", "fn\0"),
        (".git/config", "fn evil"),
        ("closed", "fn hidden"),
    ]);
    symlink("a", folder.path().join("loop")).unwrap();
    symlink("/etc", folder.path().join("out")).unwrap();
    let judge = |_: FileOp, path: &str| if path == "closed" { Err(()) } else { Ok(()) };
    let found = files.search(r"^\s*fn", "", &judge).unwrap().value;
    let hits: Vec<_> = found
        .hits
        .iter()
        .map(|hit| (hit.file.as_str(), hit.line, hit.text.as_str()))
        .collect();
    let expected = [
        ("a-b", 1, "fn one()"),
        ("a.rs", 1, "    fn two() {}"),
        ("a.rs", 2, "fn three()"),
        ("a/x", 2, "fn main() {}"),
    ];
    assert_eq!(hits, expected);
    assert!(!found.truncated);
    assert_eq!(files.search("$", "a", &judge).unwrap().value.hits.len(), 2);
    assert!(matches!(
        files.search("(", "", &judge),
        Err(FileError::Pattern(_))
    ));
    let large = "a{1000}{1000}{1000}";
    assert!(matches!(
        files.search(large, "", &judge),
        Err(FileError::Pattern(_))
    ));
}

#[test]
fn searches_are_bounded_and_say_so() {
    let (_folder, files) = opened(&[("a", &"x\n".repeat(500)), ("b", &"y".repeat(2_000))]);
    let found = files.search("x", "", &anything).unwrap().value;
    assert_eq!((found.hits.len(), found.truncated), (200, true));
    let line = &files.search("y", "", &anything).unwrap().value.hits[0];
    assert_eq!(line.text.len(), 500);
    let limits = FileLimits {
        searched: 1,
        ..FileLimits::default()
    };
    let found = files
        .with_limits(limits)
        .search("x", "", &anything)
        .unwrap()
        .value;
    assert_eq!((found.hits.len(), found.truncated), (0, true));
}

#[test]
fn edits_want_exactly_one_place() {
    let (folder, files) = opened(&[("a", "aaa b b")]);
    for old in ["aa", "b", "c", ""] {
        let error = files.edit("a", old, "x", &anything).unwrap_err();
        assert!(matches!(error, FileError::Invalid { .. }), "{old}: {error}");
    }
    assert_eq!(
        std::fs::read_to_string(folder.path().join("a")).unwrap(),
        "aaa b b"
    );
    files.edit("a", "aaa", "é", &anything).unwrap();
    assert_eq!(
        std::fs::read_to_string(folder.path().join("a")).unwrap(),
        "é b b"
    );
}

#[test]
fn limits_are_kept_before_anything_is_written() {
    let (folder, files) = opened(&[("a", &"x".repeat(20))]);
    let limits = FileLimits {
        file_bytes: 10,
        written_bytes: 15,
        created: 2,
        ..FileLimits::default()
    };
    let files = files.with_limits(limits);
    let limit = |kind, allowed| Err(FileError::Limit { kind, allowed });
    assert_eq!(
        files.read("a", &anything).map(drop),
        limit(LimitKind::FileBytes, 10)
    );
    assert_eq!(
        files.write("b", &[0; 11], &anything).map(drop),
        limit(LimitKind::FileBytes, 10)
    );
    files.write("b", &[0; 10], &anything).unwrap();
    assert_eq!(
        files.write("b", &[0; 10], &anything).map(drop),
        limit(LimitKind::WrittenBytes, 15)
    );
    assert_eq!(
        files.write("d/e/f", b"", &anything).map(drop),
        limit(LimitKind::Created, 2)
    );
    assert_eq!(names(folder.path()), ["a", "b"]);
}

#[test]
fn a_replaced_file_keeps_its_executable_bit_and_a_new_one_the_owner() {
    let (folder, files) = opened(&[("run.sh", "")]);
    let script = folder.path().join("run.sh");
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o4755)).unwrap();
    files.write("run.sh", b"#!/bin/sh\n", &anything).unwrap();
    assert_eq!(script.metadata().unwrap().mode() & 0o7777, 0o755);
    if !rustix::process::geteuid().is_root() {
        return;
    }
    std::os::unix::fs::chown(folder.path(), Some(4321), Some(1234)).unwrap();
    let files = Files::open(folder.path()).unwrap();
    files.write("d/file", b"", &anything).unwrap();
    for path in ["d", "d/file"] {
        let found = folder.path().join(path).metadata().unwrap();
        assert_eq!((found.uid(), found.gid()), (4321, 1234), "{path}");
    }
}
