//! What confined access must survive.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use minion_workspace::{FileError, FileOp, Files};
use rustix::fs::{AtFlags, CWD, FileType, Mode, RenameFlags, linkat, mknodat, renameat_with};

use crate::project::{collect, write};

/// A workspace beside a secret that must neither be read nor changed.
struct Walls {
    folder: tempfile::TempDir,
    files: Files,
}

impl Walls {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "outside/secret", "SECRET");
        write(folder.path(), "root/src/a", "inside");
        write(folder.path(), "root/.git/config", "SECRET");
        let files = Files::open(&folder.path().join("root")).unwrap();
        Self { folder, files }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    fn outside(&self) -> PathBuf {
        self.folder.path().join("outside")
    }

    /// Tries every operation on `path`; none may succeed or change a thing.
    #[track_caller]
    fn refuses(&self, path: &str, expected: impl Fn(&FileError<()>) -> bool) {
        let allow = |_: FileOp, _: &str| Ok::<_, ()>(());
        let before = self.state();
        let started = Instant::now();
        let answers = [
            self.files.read(path, &allow).map(drop),
            self.files.write(path, b"evil", &allow).map(drop),
            self.files.edit(path, "SECRET", "evil", &allow).map(drop),
            self.files.list(path, &allow).map(drop),
            self.files.search("SECRET", path, &allow).map(drop),
        ];
        let shown: String = path.chars().take(60).collect();
        for answer in answers {
            let error = answer.expect_err(&shown);
            assert!(expected(&error), "{shown}: {error:?}");
        }
        assert!(
            started.elapsed() < Duration::from_secs(2),
            "{shown} took long"
        );
        assert_eq!(self.state(), before, "{shown} changed something");
    }

    fn state(&self) -> std::collections::BTreeMap<String, Vec<u8>> {
        let mut state = std::collections::BTreeMap::new();
        collect(self.folder.path(), self.folder.path(), &mut state);
        state
    }
}

fn outside(error: &FileError<()>) -> bool {
    matches!(error, FileError::Outside(_))
}

#[test]
fn paths_that_leave_the_root_are_refused() {
    let walls = Walls::new();
    let absolute = walls.outside().join("secret");
    for path in [
        "../outside/secret",
        "src/../../outside/secret",
        "..",
        "src/../..",
        "/",
        "//",
        "/etc/passwd",
        "./../outside",
        "src/./../../outside/secret",
        "/proc/self/environ",
        absolute.to_str().unwrap(),
    ] {
        walls.refuses(path, outside);
    }
}

#[test]
fn malformed_paths_are_refused() {
    let walls = Walls::new();
    let invalid = |error: &FileError<()>| matches!(error, FileError::Invalid { .. });
    walls.refuses("a\0b", invalid);
    walls.refuses("src/a\0", invalid);
    walls.refuses(&"x/".repeat(100_000), invalid);
    walls.refuses(&"x".repeat(5_000), invalid);
    walls.refuses(&"n".repeat(256), invalid);
    walls.refuses(&format!("{}\u{1f980}", "é".repeat(4_000)), invalid);
    let allow = |_: FileOp, _: &str| Ok::<_, ()>(());
    for path in ["", ".", "src/", "src/a/", "src/.."] {
        assert!(walls.files.read(path, &allow).is_err(), "{path}");
        assert!(walls.files.write(path, b"x", &allow).is_err(), "{path}");
        assert!(walls.files.remove(path, &allow).is_err(), "{path}");
    }
    let long = vec!["d"; 2_000].join("/");
    assert!(
        walls
            .files
            .write(&format!("{long}/../x"), b"", &allow)
            .is_err()
    );
}

#[test]
fn symlinks_that_lead_out_are_not_followed() {
    let walls = Walls::new();
    let root = walls.root();
    symlink(walls.outside(), root.join("abs")).unwrap();
    symlink("../outside", root.join("rel")).unwrap();
    symlink("rel", root.join("chain")).unwrap();
    symlink("../../outside/secret", root.join("src/file")).unwrap();
    symlink("/proc/self", root.join("proc")).unwrap();
    symlink("src/../../outside/secret", root.join("winding")).unwrap();
    for path in [
        "abs/secret",
        "rel/secret",
        "chain/secret",
        "src/file",
        "proc/environ",
        "proc/root/etc/passwd",
        "winding",
        "abs/",
        "abs/.",
        "rel/../secret",
        "chain/new",
    ] {
        walls.refuses(path, outside);
    }
    let allow = |_: FileOp, _: &str| Ok::<_, ()>(());
    walls.files.remove("src/file", &allow).unwrap();
    assert_eq!(
        std::fs::read_to_string(walls.outside().join("secret")).unwrap(),
        "SECRET"
    );
    symlink("knot", root.join("knot")).unwrap();
    walls.refuses("knot/x", |error| matches!(error, FileError::Invalid { .. }));
    assert!(
        walls
            .files
            .search("SECRET", "", &allow)
            .unwrap()
            .value
            .hits
            .is_empty()
    );
}

#[test]
fn git_folders_are_closed_in_every_spelling() {
    let walls = Walls::new();
    symlink(".git", walls.root().join("link")).unwrap();
    for path in [
        ".git",
        ".git/config",
        ".GIT/config",
        ".Git./config",
        ".git /x",
        "git~1/config",
        ".g\u{200c}it/config",
        "src/.git/hooks/pre-commit",
        "new/.git/config",
        "a/b/.git",
        "src/../.git/config",
        "link/config",
        "link",
    ] {
        walls.refuses(path, |error| matches!(error, FileError::GitFolder(_)));
        let allow = |_: FileOp, _: &str| Ok::<_, ()>(());
        if path != "link" {
            assert!(
                matches!(
                    walls.files.remove(path, &allow),
                    Err(FileError::GitFolder(_))
                ),
                "{path}"
            );
        }
    }
}

#[test]
fn links_within_are_judged_by_where_they_lead() {
    let walls = Walls::new();
    let root = walls.root();
    write(&root, "conf/.env", "SECRET");
    symlink("conf/.env", root.join("plain.txt")).unwrap();
    symlink("conf", root.join("src/c")).unwrap();
    symlink("../conf", root.join("src/d")).unwrap();
    let judge = |_: FileOp, path: &str| {
        if path.contains(".env") {
            Err("secret")
        } else {
            Ok(())
        }
    };
    for path in ["plain.txt", "src/d/.env", "src/../plain.txt", "conf/.env"] {
        assert_eq!(
            walls.files.read(path, &judge).map(drop),
            Err(FileError::Denied("secret")),
            "{path}"
        );
        assert_eq!(
            walls.files.write(path, b"", &judge).map(drop),
            Err(FileError::Denied("secret")),
            "{path}"
        );
    }
    assert!(
        walls
            .files
            .search("SECRET", "", &judge)
            .unwrap()
            .value
            .hits
            .is_empty()
    );
    assert_eq!(
        std::fs::read_to_string(root.join("conf/.env")).unwrap(),
        "SECRET"
    );
}

#[test]
fn files_with_other_hard_links_are_not_written() {
    let walls = Walls::new();
    linkat(
        CWD,
        walls.outside().join("secret"),
        CWD,
        walls.root().join("src/hard"),
        AtFlags::empty(),
    )
    .unwrap();
    let allow = |_: FileOp, _: &str| Ok::<_, ()>(());
    let linked = Err(FileError::Linked("src/hard".into()));
    assert_eq!(
        walls.files.write("src/hard", b"evil", &allow).map(drop),
        linked
    );
    assert_eq!(
        walls
            .files
            .edit("src/hard", "SECRET", "evil", &allow)
            .map(drop),
        linked
    );
    assert_eq!(
        std::fs::read_to_string(walls.outside().join("secret")).unwrap(),
        "SECRET"
    );
}

#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let walls = Walls::new();
    let root = walls.root();
    mknodat(CWD, root.join("pipe"), FileType::Fifo, Mode::from(0o666), 0).unwrap();
    let _socket = UnixListener::bind(root.join("socket")).unwrap();
    let allow = |_: FileOp, _: &str| Ok::<_, ()>(());
    let started = Instant::now();
    for path in ["pipe", "socket", "src"] {
        let no_file = |answer: Result<(), FileError<()>>| {
            assert!(
                matches!(answer, Err(FileError::NotAFile { .. })),
                "{path}: {answer:?}"
            );
        };
        no_file(walls.files.read(path, &allow).map(drop));
        no_file(walls.files.write(path, b"x", &allow).map(drop));
        no_file(walls.files.remove(path, &allow).map(drop));
    }
    assert!(
        walls
            .files
            .list("", &allow)
            .unwrap()
            .value
            .iter()
            .all(|entry| entry.name != "pipe")
    );
    assert!(
        walls
            .files
            .search(".", "", &allow)
            .unwrap()
            .value
            .hits
            .len()
            == 1
    );
    assert!(started.elapsed() < Duration::from_secs(2));
}

/// Exchanges two names until told to stop; how often.
fn flip(stop: &AtomicBool, a: &Path, b: &Path) -> u32 {
    let mut flips = 0;
    while !stop.load(Relaxed) {
        renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).unwrap();
        flips += 1;
    }
    flips
}

#[test]
fn no_race_of_folders_and_links_leads_out() {
    const FLIPS: u32 = 20_000;
    let walls = Walls::new();
    let root = walls.root();
    write(&root, "dir/file", "inside");
    write(&root, "dir/swap", "inside");
    symlink(walls.outside(), root.join("dir-link")).unwrap();
    symlink(walls.outside().join("secret"), root.join("file-link")).unwrap();
    write(&walls.outside(), "file", "SECRET");
    write(&walls.outside(), "swap", "SECRET");
    mknodat(CWD, root.join("pipe"), FileType::Fifo, Mode::from(0o666), 0).unwrap();
    write(&root, "plain", "inside");
    let stop = AtomicBool::new(false);
    let allow = |_: FileOp, _: &str| Ok::<_, ()>(());
    let (mut read, mut written) = (0, 0);
    std::thread::scope(|scope| {
        let flippers = [
            scope.spawn(|| flip(&stop, &root.join("dir"), &root.join("dir-link"))),
            scope.spawn(|| flip(&stop, &root.join("plain"), &root.join("file-link"))),
        ];
        let started = Instant::now();
        for round in 0.. {
            for path in [
                "dir/file",
                "dir/swap",
                "plain",
                "file-link",
                "dir-link/file",
            ] {
                if let Ok(answer) = walls.files.read(path, &allow) {
                    assert_ne!(answer.value, b"SECRET", "{path} led out");
                    read += 1;
                }
                let answer = walls.files.write(path, b"inside", &allow);
                written += u32::from(answer.is_ok());
            }
            if let Ok(answer) = walls
                .files
                .write(&format!("dir/new-{}", round % 50), b"x", &allow)
            {
                assert!(answer.path.starts_with("dir"));
            }
            let found = walls.files.search("SECRET", "", &allow).unwrap().value;
            assert!(found.hits.is_empty(), "{:?}", found.hits);
            if round >= 600 || started.elapsed() > Duration::from_mins(1) {
                break;
            }
        }
        while started.elapsed() < Duration::from_millis(500) {
            std::thread::yield_now();
        }
        stop.store(true, Relaxed);
        let flips: u32 = flippers
            .into_iter()
            .map(|flipper| flipper.join().unwrap())
            .sum();
        assert!(flips > FLIPS, "only {flips} flips");
    });
    assert!(
        read > 100 && written > 100,
        "{read} reads and {written} writes prove little"
    );
    for name in ["secret", "file", "swap"] {
        assert_eq!(
            std::fs::read_to_string(walls.outside().join(name)).unwrap(),
            "SECRET"
        );
    }
    let outside = std::fs::read_dir(walls.outside()).unwrap().count();
    assert_eq!(outside, 3, "something was made outside");
    let left = walls.state();
    assert!(
        !left.keys().any(|path| path.contains(".tmp")),
        "a temporary file was left"
    );
}
