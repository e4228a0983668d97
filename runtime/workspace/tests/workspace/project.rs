//! A scratch project under git, with nobody's configuration but its own.
#![allow(clippy::unwrap_used, reason = "a helper of tests may stop the test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use minion_workspace::{Base, Checkout, CheckoutOptions, Repository, RunStore, Signature, TreeId};

/// A git repository in a temporary folder, with room for a run beside it.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// An empty repository.
    pub(crate) fn new() -> Self {
        let project = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir(project.path()).unwrap();
        std::fs::create_dir(project.run_folder()).unwrap();
        std::fs::create_dir(project.folder.path().join("home")).unwrap();
        project.git(&["init", "-q", "-b", "main", "."]);
        project.git(&["config", "user.name", "Someone"]);
        project.git(&["config", "user.email", "someone@example.org"]);
        project.git(&["config", "core.autocrlf", "false"]);
        project.git(&["config", "gc.auto", "0"]);
        project
    }

    /// The working tree.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// A folder for the run's own things.
    pub(crate) fn run_folder(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    /// Writes a file and the folders above it.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        write(&self.path(), path, content);
        self
    }

    /// Commits everything, raw.
    pub(crate) fn commit(&self) -> &Self {
        self.git(&["add", "-A", "-f"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "a commit"]);
        self
    }

    /// Runs git in the working tree; its output without the last line break.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.path(), arguments)
    }

    /// Runs git in `folder`.
    pub(crate) fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.git_command(folder).args(arguments).output().unwrap();
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        if text.ends_with('\n') {
            text.pop();
        }
        text
    }

    /// A git that sees no configuration but the repository's.
    pub(crate) fn git_command(&self, folder: &Path) -> Command {
        let mut command = Command::new("git");
        command
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path().join("home"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", "1700000000 +0000")
            .env("GIT_COMMITTER_DATE", "1700000000 +0000")
            .args([
                "-c",
                "core.attributesFile=/dev/null",
                "-c",
                "protocol.file.allow=always",
            ]);
        command
    }

    /// Everything in the working tree and `.git` but the objects.
    pub(crate) fn state(&self) -> BTreeMap<String, Vec<u8>> {
        let mut state = BTreeMap::new();
        collect(&self.path(), &self.path(), &mut state);
        state.retain(|path, _| !path.starts_with(".git/objects"));
        state
    }

    /// Like [`Project::state`], without the ref of one branch.
    pub(crate) fn state_without_branch(&self, branch: &str) -> BTreeMap<String, Vec<u8>> {
        let mut state = self.state();
        let name = format!(".git/refs/heads/{branch}");
        assert!(state.remove(&name).is_some(), "no loose ref {name}");
        let mut folder = name.as_str();
        while let Some((above, _)) = folder.rsplit_once('/') {
            folder = above;
            if folder == ".git/refs/heads" {
                break;
            }
            state.remove(folder);
        }
        state
    }
}

/// Every path below `folder` with its content, folders too.
pub(crate) fn collect(top: &Path, folder: &Path, state: &mut BTreeMap<String, Vec<u8>>) {
    use std::os::unix::ffi::OsStrExt;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path
            .strip_prefix(top)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let kind = path.symlink_metadata().unwrap().file_type();
        let content = if kind.is_symlink() {
            std::fs::read_link(&path)
                .unwrap()
                .as_os_str()
                .as_bytes()
                .to_vec()
        } else if kind.is_file() {
            std::fs::read(&path).unwrap()
        } else {
            Vec::new()
        };
        state.insert(name, content);
        if kind.is_dir() {
            collect(top, &path, state);
        }
    }
}

/// A run on a project: its repository, base and store.
pub(crate) struct Run {
    pub(crate) repository: Repository,
    pub(crate) base: Base,
    pub(crate) store: RunStore,
    folder: PathBuf,
}

impl Run {
    /// A run on `HEAD`, or on the content of a folder without git.
    pub(crate) fn on(project: &Project) -> Self {
        Self::named(project, "objects.git")
    }

    /// A run whose store has a name of its own.
    pub(crate) fn named(project: &Project, name: &str) -> Self {
        let repository = Repository::open(project.path()).unwrap();
        let base = repository.base(None).unwrap();
        let folder = project.run_folder();
        let store = RunStore::create(&folder.join(name), &repository, &base).unwrap();
        Self {
            repository,
            base,
            store,
            folder,
        }
    }

    /// A checkout of the base.
    pub(crate) fn checkout(&self) -> Checkout {
        self.checkout_with(self.base.tree, CheckoutOptions::default())
    }

    /// A checkout of `tree` in a new folder.
    pub(crate) fn checkout_with(&self, tree: TreeId, options: CheckoutOptions<'_>) -> Checkout {
        let dest = self.fresh_folder();
        self.store.checkout(tree, &dest, options).unwrap()
    }

    /// A path in the run's folder that is not there yet.
    pub(crate) fn fresh_folder(&self) -> PathBuf {
        let free = (0..).map(|n| self.folder.join(format!("checkout-{n}")));
        free.into_iter().find(|path| !path.exists()).unwrap()
    }
}

/// Whoever delivers.
pub(crate) fn author() -> Signature {
    Signature {
        name: "Ada".into(),
        email: "ada@example.org".into(),
        seconds: 1_700_000_000,
        offset_minutes: 60,
    }
}

/// Writes a file and the folders above it.
pub(crate) fn write(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let file = root.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, content).unwrap();
}
