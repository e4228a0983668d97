//! A live model behind an OpenAI-compatible endpoint on loopback, recorded and played back.

pub(crate) mod double;
mod key;
mod limits;

use crate::world::{Ran, World, component, root};
use double::Double;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The key of the endpoint. It may appear nowhere but in requests to it.
const KEY: &str = "sk-canary-7f3a91-not-to-be-seen";

/// The Python sample in a home of its own.
struct Trial {
    world: World,
    repository: PathBuf,
}

impl Trial {
    fn new() -> Self {
        let world = World::new();
        let repository = world.sample("python");
        Self { world, repository }
    }

    /// The standard blueprint, with what it asks for.
    fn exec(&self, arguments: &[&str]) -> Ran {
        self.exec_under(&["--allow-asked"], arguments)
    }

    fn exec_under(&self, authority: &[&str], arguments: &[&str]) -> Ran {
        let mut command = self.world.command();
        command.arg("exec").arg(component("blueprints/fix-bug"));
        command.arg("--repo").arg(&self.repository);
        command.args(["--task", "the parser drops the last line"]);
        command.args(authority).args(arguments);
        command.env("TEST_MODEL_KEY", KEY);
        // Whatever is said inside is said too.
        command.env("MINION_RT_LOG", "trace");
        Ran::of(command.output().unwrap())
    }

    /// The blueprint with a live model.
    fn live(&self, double: &Double, more: &[&str]) -> Ran {
        let url = double.url();
        let model = [
            "--model-url",
            &url,
            "--model",
            "m",
            "--key-env",
            "TEST_MODEL_KEY",
        ];
        self.exec(&[model.as_slice(), more].concat())
    }

    fn tree(&self, branch: &str) -> String {
        self.world.git(
            &self.repository,
            &["rev-parse", &format!("{branch}^{{tree}}")],
        )
    }

    /// Branches but `main`.
    fn branches(&self) -> Vec<String> {
        let format = "--format=%(refname:short)";
        let listed = self
            .world
            .git(&self.repository, &["for-each-ref", format, "refs/heads"]);
        listed
            .lines()
            .filter(|name| *name != "main")
            .map(str::to_owned)
            .collect()
    }
}

/// The turns of the sample's cassette, as a model would say them.
fn mends() -> Vec<Value> {
    let path = root().join("tests/samples/cassettes/python.json");
    let cassette: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let turns = cassette["turns"].as_array().unwrap();
    turns.iter().map(|turn| turn["answer"].clone()).collect()
}

/// Every file beneath a folder that holds these bytes.
fn holding(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(holding(&entry.path(), bytes));
        } else if kind.is_file() {
            let content = std::fs::read(entry.path()).unwrap();
            if content.windows(bytes.len()).any(|part| part == bytes) {
                found.push(entry.path());
            }
        }
    }
    found
}

#[test]
fn a_live_run_delivers_and_its_recording_gives_the_same_tree() {
    let trial = Trial::new();
    let double = Double::start(&mends());
    let recorded = trial.world.path("new.json");
    let recorded = recorded.to_str().unwrap();
    let ran = trial.live(&double, &["--record", recorded]);
    ran.expect(
        0,
        &[
            "delivered  branch minion/",
            "7 of 7 tests passed",
            "agent  m at 127.0.0.1",
        ],
    );
    assert_eq!(double.asked().len(), mends().len());
    // Each turn is said to be 100 tokens in and 10 out.
    ran.expect(0, &["7 turns, 700 in, 70 out"]);
    let first = trial.branches();
    assert_eq!(first.len(), 1, "{first:?}");

    // The endpoint is gone: the recording alone has to do.
    drop(double);
    let again = trial.exec(&["--cassette", recorded, "--strict"]);
    again.expect(
        0,
        &["delivered  branch minion/", "agent  cassette new.json"],
    );
    let both = trial.branches();
    assert_eq!(both.len(), 2, "{both:?}");
    assert_eq!(trial.tree(&both[0]), trial.tree(&both[1]));
    assert_ne!(trial.tree(&both[0]), trial.tree("main"));
}

#[test]
fn the_model_is_sent_the_tools_of_the_node_and_the_answers_of_the_real_ones() {
    let trial = Trial::new();
    let double = Double::start(&mends());
    trial.live(&double, &[]).expect(0, &["delivered"]);
    let asked = double.asked();
    let tools = asked[0].body["tools"].as_array().unwrap();
    let mut names: Vec<_> = tools
        .iter()
        .map(|tool| tool["function"]["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["edit", "list", "read", "search", "write"]);
    assert_eq!(asked[0].authorization, format!("Bearer {KEY}"));
    let told = asked[1].body["messages"].to_string();
    assert!(told.contains("ledger/parser.py:"), "{told}");
    // The second round is given what the tests found after the first.
    let findings = asked[4].body["messages"].to_string();
    assert!(findings.contains("test_reads_an_entry"), "{findings}");
}

#[test]
fn a_recording_is_never_written_over() {
    let trial = Trial::new();
    let taken = trial.world.file("taken.json", "mine");
    let double = Double::start(&mends());
    trial
        .live(&double, &["--record", taken.to_str().unwrap()])
        .expect(2, &["taken.json"]);
    assert_eq!(std::fs::read_to_string(taken).unwrap(), "mine");
    assert!(double.asked().is_empty());
}
