//! A place with a workspace inside and secrets outside, and short ways to run things in it.

use std::fs;
use std::future::pending;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use minion_sandbox::{Finished, Level, Limits, Sandbox, Spec};
use tempfile::TempDir;

pub(crate) fn stage() -> PathBuf {
    env!("CARGO_BIN_EXE_minion-sandbox-stage").into()
}

/// Both walled levels, less those that the machine is known not to have.
pub(crate) fn sandboxes() -> Vec<Sandbox> {
    let without = std::env::var("MINION_TEST_WITHOUT").unwrap_or_default();
    let levels = [Level::Full, Level::Basic].into_iter();
    let wanted = levels.filter(|level| !without.contains(level.as_str()));
    wanted
        .map(|level| Sandbox::at(level, stage()).expect("level available"))
        .collect()
}

pub(crate) fn full() -> Option<Sandbox> {
    sandboxes()
        .into_iter()
        .find(|sandbox| sandbox.level() == Level::Full)
}

/// `workspace` belongs to the command; `outside` and the secret in it can be read by everybody,
/// as far as permissions go.
pub(crate) struct Place {
    folder: TempDir,
    pub(crate) workspace: PathBuf,
    pub(crate) outside: PathBuf,
}

impl Place {
    pub(crate) fn new(sandbox: &Sandbox) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (workspace, outside) = (
            folder.path().join("workspace"),
            folder.path().join("outside"),
        );
        fs::create_dir(&workspace).unwrap();
        sandbox.hand_over(&workspace).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("secret"), "canary").unwrap();
        fs::set_permissions(&outside, fs::Permissions::from_mode(0o777)).unwrap();
        fs::set_permissions(outside.join("secret"), fs::Permissions::from_mode(0o666)).unwrap();
        Self {
            folder,
            workspace,
            outside,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `/bin/sh -c script` in the workspace, with `OUT` naming the outside folder.
    pub(crate) fn sh(&self, script: &str) -> Spec {
        self.spec("/bin/sh", &["-c", script])
    }

    pub(crate) fn python(&self, script: &str) -> Spec {
        self.spec("/usr/bin/python3", &["-c", script])
    }

    fn spec(&self, program: &str, arguments: &[&str]) -> Spec {
        Spec {
            program: program.into(),
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
            directory: self.workspace.clone(),
            environment: vec![("OUT".into(), self.outside.display().to_string())],
            writable: vec![self.workspace.clone()],
            limits: Limits {
                wall: Duration::from_mins(1),
                ..Limits::default()
            },
            ..Spec::default()
        }
    }
}

pub(crate) async fn run(sandbox: &Sandbox, spec: Spec) -> Finished {
    sandbox.run(spec, pending()).await.unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What everything printed, for assertions that fail.
pub(crate) fn all(finished: &Finished) -> String {
    let (out, err) = (text(&finished.stdout), text(&finished.stderr));
    format!(
        "{} exit {:?} signal {:?}\n{out}{err}",
        finished.level, finished.exit, finished.signal
    )
}

/// Processes of the whole machine that carry a mark in their arguments.
pub(crate) fn marked(mark: &str) -> usize {
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let own = std::process::id().to_string();
    let other = entries.filter(|entry| entry.file_name().to_str() != Some(&own));
    let arguments = other.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    arguments.filter(|line| text(line).contains(mark)).count()
}

/// Waits until a condition holds; whether it did.
pub(crate) fn soon(condition: impl Fn() -> bool) -> bool {
    (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        condition()
    })
}
