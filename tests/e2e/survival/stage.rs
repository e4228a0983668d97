//! Where runs are killed: one home with one repository and one journal for all of them, a
//! model that counts, and a run that nobody disturbed.

use super::child::{At, Order, obey};
use super::counting::Counting;
use crate::world::{Ran, World, component};
use minion_journal::{Clock, IdSource, RunId, SqliteStore, Store, SystemClock, SystemIds};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(super) const GRANTS: [&str; 3] = ["--allow-asked", "--allow", "require=acme/checker"];

/// What lets a tree be delivered that no gate saw.
pub(super) const UNGATED: [&str; 5] = [
    "--allow-asked",
    "--allow",
    "delivery=branch",
    "--allow",
    "gates=none",
];

pub(super) struct Stage {
    pub(super) world: World,
    pub(super) repository: PathBuf,
    pub(super) model: Counting,
    /// What the undisturbed run came to.
    pub(super) like: Value,
    /// And its replay.
    pub(super) again: Value,
}

impl Stage {
    /// A home in which the blueprint has run once, undisturbed.
    pub(super) fn new() -> Self {
        let world = World::new();
        let repository = world.repository("project", &[("base.txt", "base\n")]);
        let mut stage = Self {
            world,
            repository,
            model: Counting::start(),
            like: Value::Null,
            again: Value::Null,
        };
        let ran = Ran::of(stage.exec("undisturbed").output().unwrap());
        ran.expect(0, &["delivered"]);
        stage.like = outcome(&ran);
        stage.again = outcome(&stage.world.minion(&["replay", stage.like_run(), "--json"]));
        stage
    }

    /// The command that begins a run of the blueprint, whose model is asked under this name.
    pub(super) fn exec(&self, name: &str) -> Command {
        let mut command = self.world.command();
        command.arg("exec").arg(component("tests/guests/survivor"));
        command.arg("--repo").arg(&self.repository);
        command.args(["--task", "write an answer", "--json", "--model", "m"]);
        command
            .args(GRANTS)
            .args(["--model-url", &self.model.url(name)]);
        command
    }

    pub(super) fn like_run(&self) -> &str {
        self.like["run"].as_str().unwrap()
    }

    /// A run that ends itself there; whether it came that far.
    pub(super) fn killed(&self, at: At) -> (String, bool) {
        self.ordered(at, None)
    }

    /// The same with so many visits at most.
    pub(super) fn ordered(&self, at: At, visits: Option<u64>) -> (String, bool) {
        let run = SystemIds.next(SystemClock.now()).to_string();
        let order = Order {
            state: self.state(),
            repository: self.repository.clone(),
            url: self.model.url(&run),
            like: self.like_run().to_owned(),
            run: run.clone(),
            at,
            visits,
        };
        let killed = obey(&order);
        (run, killed)
    }

    pub(super) fn state(&self) -> PathBuf {
        self.world.path("state")
    }

    /// The journal, to look at.
    pub(super) fn store(&self) -> SqliteStore {
        SqliteStore::open_read_only(self.state().join("journal")).unwrap()
    }

    /// Whether there is such a run.
    pub(super) fn is_there(&self, run: &str) -> bool {
        self.store().summary(id(run)).is_ok()
    }

    pub(super) fn has_ended(&self, run: &str) -> bool {
        self.store().summary(id(run)).unwrap().ending.is_some()
    }

    pub(super) fn resume(&self, run: &str) -> Ran {
        self.world.minion(&["resume", run, "--json"])
    }

    /// Branches that the run made.
    pub(super) fn branches(&self, run: &str) -> Vec<String> {
        branches_of(&self.world, &self.repository, run)
    }
}

pub(super) fn id(run: &str) -> RunId {
    run.parse().unwrap()
}

/// The last line of a command's standard output, as data.
#[track_caller]
pub(super) fn outcome(ran: &Ran) -> Value {
    let line = ran.stdout.lines().last();
    serde_json::from_str(line.unwrap_or_default()).unwrap_or_else(|e| panic!("{e}: {}", ran.all()))
}

pub(super) fn branches_of(world: &World, repository: &Path, run: &str) -> Vec<String> {
    let short = id(run).short();
    let listed = world.git(
        repository,
        &["for-each-ref", "--format=%(refname:short)", "refs/heads"],
    );
    let of_run = listed.lines().filter(|name| name.ends_with(&short));
    of_run.map(str::to_owned).collect()
}
