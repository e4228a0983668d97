//! Evidence cannot be forged: whatever a step, a plugin, a model or a tree tries, nothing is
//! delivered whose gates did not pass on exactly that tree.
//!
//! The blueprint is `tests/guests/lying`: a test writes what its steps do and where they go
//! on, past the gate or through it; whatever the gate said, it goes on to `delivered`.

mod caches;
mod levels;
mod plugins;
mod steered;
mod trees;

use crate::world::{Ran, World, component};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A project whose only mistake one test finds.
pub(crate) const WRONG: &str = "def value():\n    return 1\n";
pub(crate) const RIGHT: &str = "def value():\n    return 2\n";
const TESTS: &str = "import unittest\n\nfrom value import value\n\n\nclass ValueTest(unittest.TestCase):\n    \
    def test_is_two(self):\n        self.assertEqual(value(), 2)\n\n    \
    def test_is_a_number(self):\n        self.assertIsInstance(value(), int)\n";
const IGNORED: &str = "__pycache__/\n/local.py\n/sitecustomize.py\n/conftest.py\n";

/// A home, a repository in it, and how the repository was.
pub(crate) struct Trial {
    pub(crate) world: World,
    pub(crate) repository: PathBuf,
    before: String,
    /// Where programs are found, if not where they are found otherwise.
    path: Option<&'static str>,
}

impl Trial {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let world = World::new();
        let repository = world.repository("project", files);
        let before = untouched(&world, &repository);
        Self {
            world,
            repository,
            before,
            path: None,
        }
    }

    /// With the system's programs alone, which any user may run.
    pub(crate) fn of_the_system(self) -> Self {
        let path = Some("/usr/local/bin:/usr/bin:/bin");
        Self { path, ..self }
    }

    pub(crate) fn python() -> Self {
        Self::new(&[
            ("value.py", WRONG),
            ("test_value.py", TESTS),
            (".gitignore", IGNORED),
        ])
    }

    /// The same, where whatever stands in the working tree belongs to the base as well.
    pub(crate) fn committed(self) -> Self {
        self.world.git(&self.repository, &["add", "--all"]);
        self.world
            .git(&self.repository, &["commit", "--quiet", "--message=more"]);
        Self {
            before: untouched(&self.world, &self.repository),
            ..self
        }
    }

    /// Runs the lying blueprint: a script for each visit, e.g. `before-1`.
    pub(crate) fn lie(&self, scripts: &[(&str, Value)], more: &[&str]) -> Ran {
        let require = ["--allow", "delivery=branch", "--allow", "require=std:test"];
        self.lie_under(scripts, &[require.as_slice(), more].concat())
    }

    /// The same, where `authority` says who may deliver what.
    pub(crate) fn lie_under(&self, scripts: &[(&str, Value)], authority: &[&str]) -> Ran {
        self.exec("tests/guests/lying", scripts, authority)
    }

    /// The same for the blueprint in a folder.
    pub(crate) fn exec(&self, guest: &str, scripts: &[(&str, Value)], authority: &[&str]) -> Ran {
        let guest = component(guest);
        let mut command = self.world.command();
        command
            .arg("exec")
            .arg(guest)
            .arg("--repo")
            .arg(&self.repository);
        command.args(["--task", "be believed"]).args(authority);
        if let Some(path) = self.path {
            command.env("PATH", path);
        }
        for grant in [
            "files:read=**",
            "files:write=**",
            "command=python3 **",
            "command=cargo clippy **",
            "command=cargo test **",
            "agent=default",
        ] {
            command.args(["--allow", grant]);
        }
        for (visit, script) in scripts {
            command.args(["--input", &format!("{visit}={script}")]);
        }
        Ran::of(command.output().unwrap())
    }

    /// Exit 6, the reason named, nothing delivered, the repository as it was but for the
    /// branch that keeps the unverified work.
    #[track_caller]
    pub(crate) fn refused(&self, ran: &Ran, words: &[&str]) {
        ran.expect(6, &["nothing was delivered", "UNVERIFIED"])
            .expect(6, words);
        assert_eq!(self.before, untouched(&self.world, &self.repository));
        let branches = self.branches();
        assert_eq!(branches.len(), 2, "{branches:?}");
        assert_eq!(branches[0], "main");
        assert!(branches[1].starts_with("minion-escalated/"), "{branches:?}");
        let kept = self.message(&branches[1]);
        assert!(kept.contains("Minion-Verified: no"), "{kept}");
        assert!(!kept.contains("Minion-Gate"), "{kept}");
    }

    /// Exit 0, on a branch whose commit says that it is verified.
    #[track_caller]
    pub(crate) fn delivered(&self, ran: &Ran, words: &[&str]) {
        ran.expect(0, &["delivered  branch minion/"])
            .expect(0, words);
        assert_eq!(self.before, untouched(&self.world, &self.repository));
        let branches = self.branches();
        assert_eq!(branches.len(), 2, "{branches:?}");
        let message = self.message(&branches[1]);
        assert!(message.contains("Minion-Verified: yes"), "{message}");
    }

    pub(crate) fn branches(&self) -> Vec<String> {
        let listed = self.world.git(
            &self.repository,
            &["for-each-ref", "--format=%(refname:short)", "refs/heads"],
        );
        listed.lines().map(str::to_owned).collect()
    }

    pub(crate) fn message(&self, branch: &str) -> String {
        self.world
            .git(&self.repository, &["log", "-1", "--format=%B", branch])
    }

    /// The one run's records of a kind.
    pub(crate) fn records(&self, kind: &str) -> Vec<Value> {
        let listed = self.world.minion(&["runs", "--json"]);
        let run: Value = serde_json::from_str(listed.stdout.trim()).unwrap();
        let run = run["run"].as_str().unwrap();
        let shown = self.world.minion(&["runs", "show", run, "--json"]);
        assert_eq!(shown.code, 0, "{}", shown.all());
        let lines = shown.stdout.lines();
        let records = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        records
            .filter_map(|mut record| record["body"].get_mut(kind).map(Value::take))
            .collect()
    }

    /// What the guest logged.
    pub(crate) fn logs(&self) -> String {
        let logs = self.records("log");
        let lines = logs.iter().map(|log| log["message"].as_str().unwrap());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The host's evidence, in order.
    pub(crate) fn evidence(&self) -> Vec<Value> {
        let records = self.records("evidence");
        records
            .iter()
            .map(|record| record["evidence"]["inline"].clone())
            .collect()
    }
}

/// All of a repository that a run may not change: working tree, index, HEAD, configuration,
/// hooks, and every ref but the branches of runs.
fn untouched(world: &World, repository: &Path) -> String {
    let all = world.fingerprint(repository);
    let of_git = |line: &&str| {
        !line.starts_with(".git/objects")
            && !line.starts_with(".git/refs/heads/minion")
            && !line.starts_with(".git/logs/refs/heads/minion")
    };
    let kept: Vec<&str> = all.lines().filter(of_git).collect();
    kept.join("\n")
}

pub(crate) fn does(deeds: &[Value], then: &str) -> Value {
    json!({ "deeds": deeds, "then": then })
}

pub(crate) fn writes(file: &str, content: &str) -> Value {
    json!({ "write": [file, content] })
}

fn removes(file: &str) -> Value {
    json!({ "remove": file })
}

pub(crate) fn runs(words: &[&str]) -> Value {
    json!({ "run": words })
}

/// A model that was never asked: turns of one node's first visit, by hand.
fn cassette(node: &str, turns: &[Value]) -> Value {
    let turn = |(index, answer): (usize, &Value)| json!({ "node": node, "visit": 1, "turn": index + 1, "answer": answer });
    let turns: Vec<Value> = turns.iter().enumerate().map(turn).collect();
    json!({ "cassette": 1, "recorded-from": "written by hand", "turns": turns })
}

fn calls(tool: &str, arguments: &Value) -> Value {
    json!({ "tool-calls": [{ "tool": tool, "arguments": arguments }] })
}
