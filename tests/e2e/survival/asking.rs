//! Where runs wait: a home with one repository, and runs of `tests/guests/asking` in it.

use super::stage::{UNGATED, branches_of, id, outcome};
use crate::world::{Ran, World, component};
use minion_journal::{Body, Record, Records, RunSummary, SqliteStore, Store};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

pub(super) struct Asking {
    pub(super) world: World,
    pub(super) repository: PathBuf,
}

impl Asking {
    pub(super) fn new() -> Self {
        let world = World::new();
        let repository = world.repository("project", &[("base.txt", "base\n")]);
        Self { world, repository }
    }

    /// A run of a component with these scripts.
    pub(super) fn exec(&self, component: &Path, scripts: &[(&str, Value)], more: &[&str]) -> Ran {
        let mut command = self.world.command();
        command
            .arg("exec")
            .arg(component)
            .args(["--task", "ask", "--json"]);
        command.arg("--repo").arg(&self.repository).args(more);
        for (visit, script) in scripts {
            command.args(["--input", &format!("{visit}={script}")]);
        }
        Ran::of(command.output().unwrap())
    }

    /// A run that waits, having written `a.txt`; more scripts may be given.
    #[track_caller]
    pub(super) fn parked(&self, scripts: &[(&str, Value)]) -> String {
        self.parked_under(&UNGATED, scripts)
    }

    /// The same with these grants.
    #[track_caller]
    pub(super) fn parked_under(&self, grants: &[&str], scripts: &[(&str, Value)]) -> String {
        let mut all = vec![("prepare-1", json!({ "write": [["a.txt", "one\n"]] }))];
        all.retain(|(visit, _)| scripts.iter().all(|(other, _)| other != visit));
        all.extend(scripts.iter().cloned());
        let ran = self.exec(&component("tests/guests/asking"), &all, grants);
        assert_eq!(ran.code, 6, "{}", ran.all());
        let outcome = outcome(&ran);
        assert_eq!(outcome["outcome"], "waiting", "{outcome}");
        outcome["run"].as_str().unwrap().to_owned()
    }

    pub(super) fn minion(&self, arguments: &[&str]) -> Ran {
        self.world.minion(arguments)
    }

    pub(super) fn state(&self) -> PathBuf {
        self.world.path("state")
    }

    pub(super) fn store(&self) -> SqliteStore {
        SqliteStore::open_read_only(self.state().join("journal")).unwrap()
    }

    pub(super) fn summary(&self, run: &str) -> RunSummary {
        self.store().summary(id(run)).unwrap()
    }

    pub(super) fn records(&self, run: &str) -> Vec<Record> {
        let store = self.store();
        let records = Records::all(&store, id(run)).unwrap();
        records.collect::<Result<_, _>>().unwrap()
    }

    pub(super) fn branches(&self, run: &str) -> Vec<String> {
        branches_of(&self.world, &self.repository, run)
    }

    pub(super) fn tree(&self, branch: &str) -> String {
        let tree = format!("{branch}^{{tree}}");
        let told = self.world.git(&self.repository, &["rev-parse", &tree]);
        told.trim().to_owned()
    }

    pub(super) fn content(&self, branch: &str, file: &str) -> String {
        let name = format!("{branch}:{file}");
        self.world.git(&self.repository, &["show", &name])
    }

    /// The tree that the run waits with.
    pub(super) fn waits_with(&self, run: &str) -> String {
        let waits = self
            .records(run)
            .into_iter()
            .rev()
            .find_map(|record| match record.body {
                Body::Waiting { tree, .. } => Some(tree),
                _ => None,
            });
        waits.unwrap()
    }

    /// What stands in the journal of a run and in its folder, to show that nothing was touched.
    pub(super) fn untouched(&self, run: &str) -> (Vec<Vec<u8>>, String) {
        let store = self.store();
        let records = store
            .read(id(run), minion_journal::Seq::FIRST, 10_000)
            .unwrap();
        let bytes = records.into_iter().map(|record| record.bytes).collect();
        let folder = self.folder(run);
        (bytes, self.world.fingerprint(&folder))
    }

    /// The run's own folder.
    pub(super) fn folder(&self, run: &str) -> PathBuf {
        self.state().join("runs").join(run)
    }
}
