//! What a checkout writes, and what it refuses.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use minion_workspace::{CheckoutError, CheckoutOptions, Limits, TreeId, discard};

use crate::project::{Project, Run, write};

/// A tree of one entry that git's porcelain would refuse to make.
fn forged(project: &Project, mode: &str, name: &[u8]) -> TreeId {
    let kind = if mode == "40000" { "tree" } else { "blob" };
    let content = project.path().join("forged");
    std::fs::write(&content, if kind == "tree" { "" } else { "evil" }).unwrap();
    let hash = |kind: &str, file: &Path| {
        let file = file.to_str().unwrap();
        project.git(&["hash-object", "-w", "--literally", "-t", kind, file])
    };
    let id = hash(kind, &content);
    let mut tree = format!("{mode} ").into_bytes();
    tree.extend_from_slice(name);
    tree.push(0);
    tree.extend((0..20).map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap()));
    std::fs::write(&content, tree).unwrap();
    let tree = hash("tree", &content);
    std::fs::remove_file(content).unwrap();
    tree.parse().unwrap()
}

#[test]
fn bytes_are_raw_whatever_attributes_and_configuration_say() {
    let project = Project::new();
    let attributes = "*.crlf text eol=crlf\n*.lf text eol=lf\n*.id ident\n*.utf16 working-tree-encoding=UTF-16LE text\n";
    let files = [
        ("a.crlf", "one\ntwo\n"),
        ("b.lf", "one\r\ntwo\r\n"),
        ("c.id", "$Id: 0123 $ and $Id$\n"),
        ("d.utf16", "plain UTF-8\n"),
    ];
    for (path, content) in files {
        project.write(path, content);
    }
    project.commit();
    project.write(".gitattributes", attributes);
    project.git(&["add", ".gitattributes"]);
    project.git(&["commit", "-qm", "attributes"]);
    project.git(&["config", "core.autocrlf", "true"]);

    let run = Run::on(&project);
    let mut checkout = run.checkout();
    for (path, content) in files {
        let found = std::fs::read_to_string(checkout.root().join(path)).unwrap();
        assert_eq!(found, content, "{path}");
    }
    assert_eq!(checkout.snapshot().unwrap().tree, run.base.tree);

    write(checkout.root(), "e.lf", "new\r\n");
    write(checkout.root(), "f.id", "$Id: kept $\n");
    let tree = checkout.snapshot().unwrap().tree;
    let read = |path| run.store.read_file(tree, path).unwrap().unwrap();
    assert_eq!(read("e.lf"), b"new\r\n");
    assert_eq!(read("f.id"), b"$Id: kept $\n");
}

#[test]
fn files_that_need_a_filter_are_refused_by_name() {
    let project = Project::new();
    project
        .write(
            ".gitattributes",
            "[attr]large filter=lfs -text\n*.bin large\nfree/*.bin !filter\n*.off -filter\n",
        )
        .write("deep/one.bin", "pointer")
        .write("two.bin", "pointer")
        .write("free/three.bin", "data")
        .write("four.off", "data")
        .write("plain.txt", "data")
        .commit();
    let run = Run::on(&project);
    let dest = run.fresh_folder();
    let error = run
        .store
        .checkout(run.base.tree, &dest, CheckoutOptions::default())
        .unwrap_err();
    let CheckoutError::NeedsFilter { paths } = &error else {
        panic!("{error}")
    };
    assert_eq!(paths, &["deep/one.bin", "two.bin"]);
    for word in ["2 files need", "`deep/one.bin`", "`<path> -filter`"] {
        assert!(error.to_string().contains(word), "{error}");
    }
    assert!(!dest.exists(), "a refused checkout left a folder");
}

#[test]
fn modes_links_and_submodules_are_made_and_nothing_is_followed() {
    let project = Project::new();
    let outside = project.run_folder().join("outside");
    std::fs::create_dir(&outside).unwrap();
    project.write("run.sh", "#!/bin/sh\n").write("plain", "");
    std::fs::set_permissions(
        project.path().join("run.sh"),
        PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    std::os::unix::fs::symlink(&outside, project.path().join("link")).unwrap();
    project.commit();
    let head = project.git(&["rev-parse", "HEAD"]);
    project.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{head},sub/module"),
    ]);
    project.git(&["commit", "-qm", "submodule"]);

    let run = Run::on(&project);
    let mut checkout = run.checkout();
    let mode = |path: &str| {
        checkout
            .root()
            .join(path)
            .symlink_metadata()
            .unwrap()
            .mode()
    };
    assert_eq!(mode("run.sh") & 0o100, 0o100);
    assert_eq!(mode("plain") & 0o111, 0);
    assert_eq!(
        std::fs::read_link(checkout.root().join("link")).unwrap(),
        outside
    );
    assert_eq!(
        std::fs::read_dir(checkout.root().join("sub/module"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    assert_eq!(checkout.snapshot().unwrap().tree, run.base.tree);
}

#[test]
fn forged_names_are_refused() {
    let project = Project::new();
    project.write("a", "").commit();
    let run = Run::on(&project);
    let names: [&[u8]; 8] = [
        b"..",
        b".",
        b".git",
        b".GIT",
        b"git~1",
        b".git. ",
        b"a/b",
        b"\xff\xfe",
    ];
    for name in names {
        for mode in ["100644", "40000", "120000"] {
            let tree = forged(&project, mode, name);
            let dest = run.fresh_folder();
            let error = run
                .store
                .checkout(tree, &dest, CheckoutOptions::default())
                .unwrap_err();
            assert!(
                matches!(error, CheckoutError::Tree(_)),
                "{name:?} {mode}: {error}"
            );
            assert!(!dest.exists());
        }
    }
}

#[test]
fn a_link_and_a_folder_of_one_name_are_refused() {
    let project = Project::new();
    project.write("target/file", "evil").commit();
    let link = {
        project.write("t", "target");
        project.git(&["hash-object", "-w", "t"])
    };
    let inner = project.git(&["rev-parse", "HEAD:target"]);
    let bytes = |id: &str| -> Vec<u8> {
        (0..20)
            .map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap())
            .collect()
    };
    let mut tree = b"120000 x\0".to_vec();
    tree.extend(bytes(&link));
    tree.extend(b"40000 x\0");
    tree.extend(bytes(&inner));
    project.write("t", tree);
    let tree = project.git(&["hash-object", "-w", "--literally", "-t", "tree", "t"]);
    let run = Run::on(&project);
    let error = run
        .store
        .checkout(
            tree.parse().unwrap(),
            &run.fresh_folder(),
            CheckoutOptions::default(),
        )
        .unwrap_err();
    assert!(error.to_string().contains("twice"), "{error}");
}

#[test]
fn a_tree_that_unfolds_without_end_is_refused() {
    let project = Project::new();
    project.write("file", "x").commit();
    let mut entry = format!(
        "100644 blob {}\tf",
        project.git(&["rev-parse", "HEAD:file"])
    );
    for _ in 0..9 {
        let lines: Vec<String> = (0..10)
            .map(|n| entry.replace("\tf", &format!("\tf{n}")))
            .collect();
        let list = project.run_folder().join("list");
        std::fs::write(&list, lines.join("\n") + "\n").unwrap();
        let output = project
            .git_command(&project.path())
            .arg("mktree")
            .stdin(std::fs::File::open(list).unwrap())
            .output()
            .unwrap();
        let id = String::from_utf8(output.stdout).unwrap();
        entry = format!("040000 tree {}\tf", id.trim());
    }
    let tree = entry.split([' ', '\t']).nth(2).unwrap().parse().unwrap();
    let run = Run::on(&project);
    let limits = Limits {
        files: 20_000,
        ..Limits::default()
    };
    let options = CheckoutOptions {
        limits,
        ..CheckoutOptions::default()
    };
    let error = run
        .store
        .checkout(tree, &run.fresh_folder(), options)
        .unwrap_err();
    assert!(error.to_string().contains("more than"), "{error}");
}

#[test]
fn limits_bound_what_is_written_and_nothing_is_left() {
    let project = Project::new();
    project
        .write("a", [b'x'; 600])
        .write("deep/b", [b'y'; 600])
        .commit();
    let run = Run::on(&project);
    for limits in [
        Limits {
            file_bytes: 599,
            ..Limits::default()
        },
        Limits {
            total_bytes: 1_000,
            ..Limits::default()
        },
    ] {
        let dest = run.fresh_folder();
        let options = CheckoutOptions {
            limits,
            ..CheckoutOptions::default()
        };
        let error = run
            .store
            .checkout(run.base.tree, &dest, options)
            .unwrap_err();
        assert!(matches!(error, CheckoutError::TooLarge { .. }), "{error}");
        assert!(!dest.exists());
    }
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let project = Project::new();
    project.write("a", "").commit();
    let run = Run::on(&project);
    let dest = run.fresh_folder();
    write(&dest, "mine", "kept");
    let error = run
        .store
        .checkout(run.base.tree, &dest, CheckoutOptions::default())
        .unwrap_err();
    assert!(matches!(error, CheckoutError::Occupied(_)), "{error}");
    assert_eq!(std::fs::read_to_string(dest.join("mine")).unwrap(), "kept");
    let link = run.fresh_folder();
    std::os::unix::fs::symlink(project.run_folder(), &link).unwrap();
    let error = run
        .store
        .checkout(run.base.tree, &link, CheckoutOptions::default())
        .unwrap_err();
    assert!(matches!(error, CheckoutError::Occupied(_)), "{error}");
}

#[test]
fn a_read_only_checkout_cannot_be_written_and_can_be_discarded() {
    let project = Project::new();
    project.write("a/b", "x").commit();
    let run = Run::on(&project);
    let options = CheckoutOptions {
        make_writable: false,
        ..CheckoutOptions::default()
    };
    let mut checkout = run.checkout_with(run.base.tree, options);
    for path in ["a/b", "a", ""] {
        let mode = checkout.root().join(path).metadata().unwrap().mode();
        assert_eq!(mode & 0o222, 0, "{path}");
    }
    assert_eq!(checkout.snapshot().unwrap().tree, run.base.tree);
    discard(checkout.root()).unwrap();
    assert!(!checkout.root().exists());
}

#[test]
fn everything_belongs_to_the_owner_that_was_asked_for() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root may give files away");
        return;
    }
    let project = Project::new();
    project.write("a/b", "x");
    std::os::unix::fs::symlink("/etc/passwd", project.path().join("link")).unwrap();
    project.commit();
    let run = Run::on(&project);
    let before = std::fs::metadata("/etc/passwd").unwrap().uid();
    let options = CheckoutOptions {
        owner: Some((4321, 1234)),
        ..CheckoutOptions::default()
    };
    let checkout = run.checkout_with(run.base.tree, options);
    for path in ["", "a", "a/b", "link"] {
        let found = checkout.root().join(path).symlink_metadata().unwrap();
        assert_eq!((found.uid(), found.gid()), (4321, 1234), "{path}");
    }
    assert_eq!(std::fs::metadata("/etc/passwd").unwrap().uid(), before);
}

#[test]
fn an_object_that_is_missing_is_named() {
    let project = Project::new();
    project.write("a", "gone").commit();
    let id = project.git(&["rev-parse", "HEAD:a"]);
    let run = Run::on(&project);
    let object = format!(".git/objects/{}/{}", &id[..2], &id[2..]);
    std::fs::remove_file(project.path().join(object)).unwrap();
    let error = run
        .store
        .checkout(
            run.base.tree,
            &run.fresh_folder(),
            CheckoutOptions::default(),
        )
        .unwrap_err();
    assert!(error.to_string().contains(&id), "{error}");
}

#[test]
fn packed_repositories_check_out_the_same() {
    let project = Project::new();
    for number in 0..60 {
        project.write(
            &format!("d{}/f{number}", number % 7),
            format!("content {number}\n").repeat(number),
        );
    }
    project.commit();
    project.write("d0/f0", "changed\n").commit();
    project.git(&["gc", "-q", "--aggressive", "--prune=now"]);
    let run = Run::on(&project);
    let mut checkout = run.checkout();
    for number in 1..60 {
        let found =
            std::fs::read_to_string(checkout.root().join(format!("d{}/f{number}", number % 7)))
                .unwrap();
        assert_eq!(found, format!("content {number}\n").repeat(number));
    }
    assert_eq!(checkout.snapshot().unwrap().tree, run.base.tree);
}

#[test]
fn an_object_that_is_not_what_its_name_says_is_neither_checked_out_nor_read() {
    let project = Project::new();
    project.write("answer.txt", "wrong\n").commit();
    let run = Run::on(&project);
    let id = |content: &str| {
        let file = project.run_folder().join("content");
        std::fs::write(&file, content).unwrap();
        project.git(&["hash-object", "-w", file.to_str().unwrap()])
    };
    let loose = |objects: &Path, id: &str| objects.join(&id[..2]).join(&id[2..]);
    let (wrong, right) = (id("wrong\n"), id("right\n"));
    let planted = loose(&project.run_folder().join("objects.git/objects"), &wrong);
    std::fs::create_dir_all(planted.parent().unwrap()).unwrap();
    std::fs::copy(loose(&project.path().join(".git/objects"), &right), planted).unwrap();
    let into = project.run_folder().join("view");
    let error = run
        .store
        .checkout(run.base.tree, &into, CheckoutOptions::default())
        .unwrap_err();
    let why = std::iter::successors(Some(&error as &dyn std::error::Error), |e| e.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ");
    assert!(why.contains("is damaged"), "{why}");
    let read = run.store.read_file(run.base.tree, "answer.txt");
    assert!(read.is_err(), "{read:?}");
}
