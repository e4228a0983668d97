//! Random trees, random vandalism, and back.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use minion_workspace::{CheckoutOptions, RunStore, discard};
use proptest::prelude::*;
use proptest::test_runner::Config;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::project::{Project, Run, collect};
use crate::tree::{files, lay_out, name, rules};

/// One thing that somebody does; what the system refuses them is not done.
#[derive(Debug, Clone)]
enum Deed {
    Write(String, Vec<u8>),
    Cut(String),
    Chmod(String, u32),
    Remove(String),
    Folder(String),
    Link(String, &'static str),
    Fifo(String),
    Git(String),
    Nameless(String),
    Move(String, String),
    HardLink(String, String),
}

fn deed() -> impl Strategy<Value = Deed> {
    let path = || prop::collection::vec(name(), 1..4).prop_map(|parts| parts.join("/"));
    let mode = prop::sample::select(vec![0o000, 0o111, 0o400, 0o644, 0o755, 0o777, 0o4755]);
    let content = prop::sample::select(vec![b"".to_vec(), b"one\n".to_vec(), b"other".to_vec()]);
    let target = prop::sample::select(vec!["a", "..", "/etc", "/nowhere", "."]);
    prop_oneof![
        4 => (path(), content).prop_map(|(path, content)| Deed::Write(path, content)),
        2 => path().prop_map(Deed::Cut),
        3 => (path(), mode).prop_map(|(path, mode)| Deed::Chmod(path, mode)),
        3 => path().prop_map(Deed::Remove),
        2 => path().prop_map(Deed::Folder),
        2 => (path(), target).prop_map(|(path, target)| Deed::Link(path, target)),
        1 => path().prop_map(Deed::Fifo),
        1 => path().prop_map(Deed::Git),
        1 => path().prop_map(Deed::Nameless),
        2 => (path(), path()).prop_map(|(from, to)| Deed::Move(from, to)),
        1 => (path(), path()).prop_map(|(from, to)| Deed::HardLink(from, to)),
    ]
}

fn remove(path: &Path) {
    let Ok(found) = path.symlink_metadata() else {
        return;
    };
    let _ = if found.is_dir() {
        discard(path)
    } else {
        std::fs::remove_file(path)
    };
}

/// Whether no link stands on the way, so that the test itself stays inside.
fn inside(root: &Path, path: &Path) -> bool {
    let links = |path: &Path| {
        path.symlink_metadata()
            .is_ok_and(|found| found.is_symlink())
    };
    !path
        .ancestors()
        .take_while(|above| *above != root)
        .any(links)
}

fn do_it(root: &Path, deed: &Deed) {
    let at = |path: &str| root.join(path);
    let free = |path: &str| {
        remove(&at(path));
        let _ = std::fs::create_dir_all(at(path).parent().unwrap());
    };
    let paths: Vec<&str> = match deed {
        Deed::Move(from, to) | Deed::HardLink(from, to) => vec![from, to],
        Deed::Write(path, _)
        | Deed::Chmod(path, _)
        | Deed::Link(path, _)
        | Deed::Cut(path)
        | Deed::Remove(path)
        | Deed::Folder(path)
        | Deed::Fifo(path)
        | Deed::Git(path)
        | Deed::Nameless(path) => vec![path],
    };
    if !paths.iter().all(|path| inside(root, &at(path))) {
        return;
    }
    let waits = |path: &str| {
        let found = at(path).symlink_metadata();
        found.is_ok_and(|found| !found.is_file())
    };
    let _ = match deed {
        Deed::Write(path, content) => {
            free(path);
            if waits(path) {
                return;
            }
            std::fs::write(at(path), content)
        }
        Deed::Cut(path) if waits(path) => Ok(()),
        Deed::Cut(path) => std::fs::File::options()
            .write(true)
            .open(at(path))
            .and_then(|file| file.set_len(1)),
        Deed::Chmod(path, mode) => {
            std::fs::set_permissions(at(path), PermissionsExt::from_mode(*mode))
        }
        Deed::Remove(path) => {
            remove(&at(path));
            Ok(())
        }
        Deed::Folder(path) => {
            free(path);
            std::fs::create_dir(at(path))
        }
        Deed::Link(path, target) => {
            free(path);
            symlink(target, at(path))
        }
        Deed::Fifo(path) => {
            free(path);
            mknodat(CWD, at(path), FileType::Fifo, Mode::from(0o644), 0).map_err(Into::into)
        }
        Deed::Git(path) => std::fs::create_dir_all(at(path).join(".git/objects")),
        Deed::Nameless(path) => {
            let _ = std::fs::create_dir_all(at(path));
            std::fs::write(at(path).join(std::ffi::OsStr::from_bytes(b"\xc3")), "x")
        }
        Deed::Move(from, to) => std::fs::rename(at(from), at(to)),
        Deed::HardLink(from, to) => std::fs::hard_link(at(from), at(to)),
    };
}

/// Lets this test, which need not be root, read what was left as it was.
fn open_up(path: &Path) {
    let found = path.symlink_metadata().unwrap();
    if found.is_file() {
        let _ = std::fs::set_permissions(path, PermissionsExt::from_mode(0o600));
    } else if found.is_dir() {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o700)).unwrap();
        for entry in std::fs::read_dir(path).unwrap() {
            open_up(&entry.unwrap().path());
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 60, failure_persistence: None, ..Config::default() })]

    #[test]
    fn whatever_was_done_is_undone(
        base in files(),
        rules in rules(),
        later in files(),
        deeds in prop::collection::vec(deed(), 0..25),
        reopened in any::<bool>(),
    ) {
        let project = Project::new();
        lay_out(&project.path(), &base);
        project.write(".gitignore", rules).commit();
        let run = Run::on(&project);
        let options = CheckoutOptions { base: Some(run.base.tree), ..CheckoutOptions::default() };
        let mut checkout = run.checkout_with(run.base.tree, options);
        lay_out(checkout.root(), &later);
        let tree = checkout.snapshot().unwrap().tree;
        let root = checkout.root().to_owned();
        for deed in &deeds {
            do_it(&root, deed);
        }

        let store = if reopened {
            RunStore::open(run.store.path()).unwrap()
        } else {
            run.store.clone()
        };
        let mut back = store.restore(tree, &root, options).unwrap();
        let taken = back.snapshot().unwrap();
        prop_assert_eq!(taken.tree, tree);
        prop_assert_eq!(&taken.refused, &[]);

        // All of a fresh checkout is there, and of anything else only what is ignored.
        let fresh = run.checkout_with(tree, options).root().to_owned();
        for path in &taken.ignored {
            open_up(&root.join(path));
        }
        let (mut expected, mut found) = Default::default();
        collect(&fresh, &fresh, &mut expected);
        collect(&root, &root, &mut found);
        for (path, content) in &expected {
            let there = found.remove(path);
            prop_assert_eq!(there.as_ref(), Some(content), "{}", path);
            let mode = |root: &Path| root.join(path).symlink_metadata().unwrap().mode() & 0o7700;
            prop_assert_eq!(mode(&root), mode(&fresh), "{}", path);
        }
        for path in found.keys() {
            let kept = taken.ignored.iter().any(|ignored| {
                path == ignored
                    || format!("{path}/") == *ignored
                    || ignored.ends_with('/') && path.starts_with(ignored.as_str())
                    || ignored.starts_with(&format!("{path}/"))
            });
            prop_assert!(kept, "{} stayed", path);
        }
    }
}
