//! Looking at runs, stopping them, carrying them elsewhere and giving their space back.
//!
//! The blueprint is `tests/guests/lying`, whose visits do what the test writes down.

mod cancel;
mod diff;
mod elsewhere;
mod gc;
mod list;
mod long;
mod show;
mod take_over;
mod watch;

use crate::world::{Ran, World, component};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A home, a repository in it, and runs on it.
pub(crate) struct Desk {
    pub(crate) world: World,
    pub(crate) repository: PathBuf,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let world = World::new();
        let files = [("words.txt", "one\ntwo\n"), (".gitignore", "/local.txt\n")];
        let repository = world.repository("project", &files);
        Self { world, repository }
    }

    /// What runs the blueprint with a script for each visit.
    pub(crate) fn exec(&self, scripts: &[(&str, Value)]) -> Command {
        let mut command = self.world.command();
        command.arg("exec").arg(component("tests/guests/lying"));
        command.arg("--repo").arg(&self.repository);
        command.args(["--task", "be looked at", "--json", "--allow-asked"]);
        for (visit, script) in scripts {
            command.args(["--input", &format!("{visit}={script}")]);
        }
        command
    }

    /// Runs it to its end; the run's id.
    pub(crate) fn ran(&self, scripts: &[(&str, Value)]) -> String {
        let ran = Ran::of(self.exec(scripts).output().unwrap());
        let outcome: Option<Value> = serde_json::from_str(ran.stdout.trim()).ok();
        let run = outcome.and_then(|outcome| Some(outcome["run"].as_str()?.to_owned()));
        run.unwrap_or_else(|| panic!("{}", ran.all()))
    }

    /// Begins a run whose second visit sleeps in the sandbox until it is resumed; comes back
    /// when it sleeps. The third visit changes nothing more.
    pub(crate) fn sleeper(&self, token: &str) -> (Child, String) {
        let nap = format!(
            "import os, time\nif not os.path.exists('local.txt'):\n    open('local.txt', 'w').close()\n    \
             time.sleep(45)  # {}",
            marked(token)
        );
        let scripts = [
            (
                "before-1",
                json!({ "deeds": [{ "write": ["words.txt", "one\n"] }], "then": "test" }),
            ),
            (
                "after-1",
                json!({ "deeds": [
                { "run": ["python3", "-I", "-c", nap] }, { "write": ["words.txt", "one\ntwo\n"] },
            ], "then": "claim" }),
            ),
        ];
        let mut command = self.exec(&scripts);
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("the command sleeps", || asleep(token));
        let listed = self.objects(&["runs", "--json"]);
        let run = listed[0]["run"].as_str().unwrap().to_owned();
        let mark = format!("state/runs/{run}/workspace/local.txt");
        until("it will not sleep again", || {
            self.world.path(&mark).exists()
        });
        (child, run)
    }

    /// The lines of JSON that a command says.
    #[track_caller]
    pub(crate) fn objects(&self, arguments: &[&str]) -> Vec<Value> {
        let ran = self.world.minion(arguments);
        ran.expect(0, &[]);
        let lines = ran.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// Whether a Python lives that has this among its words.
pub(crate) fn asleep(token: &str) -> bool {
    let marked = format!("# {}", marked(token));
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let told = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    told.map(|words| String::from_utf8_lossy(&words).into_owned())
        .any(|words| {
            let program = words.split('\0').next().unwrap_or_default();
            program.contains("python") && words.contains(&marked)
        })
}

/// A word that no process of another test run has.
fn marked(token: &str) -> String {
    format!("{token}-{}.", std::process::id())
}

/// Waits until it is so.
#[track_caller]
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(
            since.elapsed() < Duration::from_mins(1),
            "waited for: {what}"
        );
        std::thread::sleep(Duration::from_millis(30));
    }
}
