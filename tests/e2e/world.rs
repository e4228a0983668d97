//! One test's world: a home of its own, repositories in it, and the command under test.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock};
use tempfile::TempDir;

/// A home with nothing in it but what the test puts there.
pub(crate) struct World {
    home: TempDir,
}

/// How the command ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let home = tempfile::Builder::new()
            .prefix("minion-e2e-")
            .tempdir()
            .unwrap();
        Self { home }
    }

    /// A path in the home.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file in the home, and the folders above it.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A git repository with one commit of these files on `main`.
    pub(crate) fn repository(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        for (file, content) in files {
            self.file(&format!("{name}/{file}"), content);
        }
        let top = self.path(name);
        std::fs::create_dir_all(&top).unwrap();
        self.git(&top, &["init", "--quiet", "--initial-branch=main"]);
        self.git(&top, &["add", "--all"]);
        self.git(
            &top,
            &["commit", "--quiet", "--allow-empty", "--message=base"],
        );
        top
    }

    /// A copy of a folder of `tests/samples` as a repository.
    pub(crate) fn sample(&self, name: &str) -> PathBuf {
        let top = self.path(name);
        copy(&root().join("tests/samples").join(name), &top);
        self.git(&top, &["init", "--quiet", "--initial-branch=main"]);
        self.git(&top, &["add", "--all"]);
        self.git(&top, &["commit", "--quiet", "--message=base"]);
        top
    }

    /// git without anybody's configuration; its standard output.
    pub(crate) fn git(&self, top: &Path, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args([
                "-C",
                top.to_str().unwrap(),
                "-c",
                "user.name=t",
                "-c",
                "user.email=t@example.invalid",
            ])
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.home.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// The command under test, with this home and nothing of the machine's settings.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_minion-rt"));
        command
            .current_dir(self.home.path())
            .env("HOME", self.home.path())
            .env("MINION_RT_STATE", self.path("state"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("CARGO_HOME", cargo_home())
            .env("RUSTUP_HOME", rustup_home())
            .env("CARGO_TARGET_DIR", root().join("target/e2e/built"))
            .env_remove("XDG_DATA_HOME");
        command
    }

    /// Runs it.
    pub(crate) fn minion(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command().args(arguments).output().unwrap())
    }

    /// Every file beneath a folder with its content and mode, and what git says of its
    /// branches: to show that nothing was touched.
    #[expect(clippy::unused_self, reason = "read as one of the world's questions")]
    pub(crate) fn fingerprint(&self, top: &Path) -> String {
        let mut lines = Vec::new();
        walk(top, top, &mut lines);
        lines.sort();
        lines.join("\n")
    }
}

impl Ran {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "called on what `output()` has just returned"
    )]
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Both streams, for messages of failed assertions.
    pub(crate) fn all(&self) -> String {
        format!("exit {}\n{}\n{}", self.code, self.stderr, self.stdout)
    }

    /// Ends with this code and says each of these words somewhere.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, words: &[&str]) -> &Self {
        let all = self.all();
        assert_eq!(self.code, code, "{all}");
        for word in words {
            assert!(all.contains(word), "`{word}` is missing in:\n{all}");
        }
        assert!(!all.contains("panicked"), "{all}");
        self
    }
}

/// The top of this repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// The component of a folder of source, built once for all tests.
pub(crate) fn component(folder: &str) -> PathBuf {
    static BUILT: OnceLock<Mutex<Vec<String>>> = OnceLock::new();
    let mut built = BUILT.get_or_init(Mutex::default).lock().unwrap();
    let to = root()
        .join("target/e2e")
        .join(format!("{}.wasm", folder.replace('/', "-")));
    if !built.iter().any(|known| known == folder) {
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_minion-rt"))
            .args(["build", "--offline"])
            .arg(root().join(folder))
            .arg("--output")
            .arg(&to)
            // What guests are made of is compiled once for all of them.
            .env("CARGO_TARGET_DIR", root().join("target"))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{folder}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        built.push(folder.to_owned());
    }
    to
}

fn cargo_home() -> PathBuf {
    std::env::var_os("CARGO_HOME").map_or_else(|| home().join(".cargo"), PathBuf::from)
}

fn rustup_home() -> PathBuf {
    std::env::var_os("RUSTUP_HOME").map_or_else(|| home().join(".rustup"), PathBuf::from)
}

fn home() -> PathBuf {
    PathBuf::from(std::env::var_os("HOME").unwrap())
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

fn walk(top: &Path, folder: &Path, lines: &mut Vec<String>) {
    use std::os::unix::fs::MetadataExt;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(top).unwrap().display().to_string();
        let meta = std::fs::symlink_metadata(&path).unwrap();
        if meta.is_dir() {
            lines.push(format!("{name}/"));
            walk(top, &path, lines);
        } else if meta.is_symlink() {
            lines.push(format!(
                "{name} -> {}",
                std::fs::read_link(&path).unwrap().display()
            ));
        } else {
            lines.push(format!(
                "{name} {:o} {:?}",
                meta.mode(),
                std::fs::read(&path).unwrap()
            ));
        }
    }
}
