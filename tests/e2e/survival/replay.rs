//! A run is done again from its journal alone: whole, cut off anywhere, however it ended; and
//! by another component than it was of, which is told where it differs.

use super::asking::Asking;
use super::child::At;
use super::stage::{Stage, UNGATED, id, outcome};
use super::variant::variant;
use crate::world::component;
use minion_host::{Engine, replay};
use minion_journal::{
    Batch, Blob, Body, Claim, Enclosed, Journal, Record, RunDigest, SqliteStore, Store,
    StoredRecord, SystemClock,
};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

fn is_checkpoint(record: &StoredRecord) -> bool {
    String::from_utf8_lossy(&record.bytes).contains("\"checkpoint\":{")
}

/// Every blob that a run needs.
pub(super) fn blobs(store: &dyn Store, run: &str) -> Vec<Blob> {
    let named = store.references(id(run)).unwrap();
    let bytes = named.iter().map(|digest| store.get_blob(digest).unwrap());
    bytes.map(Blob::new).collect()
}

impl Stage {
    /// Each prefix of the journal replays without a difference, as far as it goes.
    fn prefixes_replay(&self, run: &str) {
        let from = self.store();
        let whole = from
            .read(id(run), minion_journal::Seq::FIRST, 10_000)
            .unwrap();
        let (begun, blobs) = (from.summary(id(run)).unwrap().begun, blobs(&from, run));
        let home = self.world.path("prefixes");
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(home).unwrap());
        let engine = Engine::new(Some(&self.state().join("compiled"))).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        for length in (1..=whole.len()).filter(|length| {
            length % 9 == 1 || *length == whole.len() || is_checkpoint(&whole[length - 1])
        }) {
            let prefix = Batch {
                records: whole[..length].to_vec(),
                blobs: blobs.clone(),
                ..Batch::default()
            };
            store.adopt(&begun, prefix).unwrap();
            let replayed = runtime.block_on(replay(Arc::clone(&store), id(run), &engine));
            let replayed = replayed.unwrap_or_else(|e| panic!("the first {length}: {e}"));
            let records = minion_journal::Effective::of(Arc::clone(&store), id(run)).unwrap();
            let visits = records.filter(|record| {
                matches!(record.as_ref().unwrap().body, Body::VisitStarted { .. })
            });
            assert_eq!(replayed.visits, visits.count() as u64, "the first {length}");
            assert_eq!(replayed.outcome.is_some(), length == whole.len());
            let digest = RunDigest::of(&*store, id(run)).unwrap();
            assert_eq!(replayed.digest, digest, "the first {length}");
            store.remove(id(run)).unwrap();
        }
    }
}

#[test]
fn every_prefix_of_a_run_replays() {
    let stage = Stage::new();
    stage.prefixes_replay(stage.like_run());
}

#[test]
fn every_prefix_of_a_run_that_was_killed_replays() {
    let stage = Stage::new();
    let (run, _) = stage.killed(At::Record(45));
    stage.resume(&run).expect(0, &["delivered"]);
    stage.prefixes_replay(&run);
}

#[test]
fn a_run_that_reached_a_limit_replays() {
    let stage = Stage::new();
    for visits in [0, 3, 4] {
        let (run, _) = stage.ordered(At::Never, Some(visits));
        let words = [format!("{visits} visit"), "limited".to_owned()];
        let words = words.each_ref().map(String::as_str);
        stage.world.minion(&["replay", &run]).expect(0, &words);
    }
}

#[test]
fn a_run_that_failed_replays() {
    let asking = Asking::new();
    let ran = asking.exec(
        &component("tests/guests/asking"),
        &[("prepare-1", json!("no script"))],
        &UNGATED,
    );
    assert_eq!(ran.code, 1, "{}", ran.all());
    let run = outcome(&ran)["run"].as_str().unwrap().to_owned();
    asking
        .minion(&["replay", &run])
        .expect(0, &["1 visit, failed"]);
}

impl Asking {
    /// The same journal in another home, but of another component.
    fn under(&self, run: &str, component: &Path, home: &Path) {
        let (from, records) = (self.store(), self.records(run));
        let to: Arc<dyn Store> = Arc::new(SqliteStore::open(home.join("journal")).unwrap());
        let bytes = Blob::new(std::fs::read(component).unwrap());
        let mut blobs = blobs(&from, run);
        let Body::RunStarted(mut started) = records[0].body.clone() else {
            panic!("no beginning");
        };
        started.component = format!("sha256:{}", bytes.digest());
        blobs.push(bytes);
        let enclosed = Enclosed {
            blobs,
            refs: Vec::new(),
        };
        let clock = Arc::new(SystemClock);
        let begun =
            Journal::begin_with(Arc::clone(&to), clock, id(run), *started, enclosed).unwrap();
        // It was taken up again, and its head knows of that.
        drop(begun);
        let clock = Arc::new(SystemClock);
        let journal = Journal::claim(to, clock, id(run), Claim::IfFree).unwrap();
        for Record {
            visit,
            parent,
            micros,
            body,
            ..
        } in records.into_iter().skip(1)
        {
            match body {
                Body::Ended(ending) => {
                    journal.end(ending).unwrap();
                }
                body => {
                    journal.note(visit, parent, micros, body).unwrap();
                }
            }
        }
    }
}

#[test]
fn another_component_is_told_where_it_differs() {
    let asking = Asking::new();
    let script = json!({ "write": [["a.txt", "one\n"]], "run": ["sh", "-c", "echo x"] });
    let run = asking.parked(&[("prepare-1", script)]);
    asking.minion(&["approve", &run]).expect(0, &[]);
    asking.minion(&["resume", &run]).expect(0, &["delivered"]);
    let write = "cx.workspace().write(file, content)?;";
    let cases: [(&str, &str, &str, &[&str]); 5] = [
        (
            "same",
            "play(\"settle\", notes, cx)",
            "play(\"settle\", notes, cx) // the same",
            &[],
        ),
        (
            "other-content",
            write,
            "cx.workspace().write(file, &format!(\"{content}!\"))?;",
            &[
                "node `prepare` (visit 1) diverges at `workspace.write`, record 3",
                "recorded  workspace.write",
                "now       workspace.write",
                "a.txt",
            ],
        ),
        (
            "other-call",
            write,
            "cx.workspace().read(file)?; let _ = content;",
            &[
                "node `prepare` (visit 1) diverges at `workspace.read`, record 3",
                "recorded  workspace.write",
                "now       workspace.read",
            ],
        ),
        (
            "one-less",
            "let done = cx.command(program).args(rest).run()?;",
            "let _ = (program, rest); if true { return Ok(notes.then(\"done\")); }\n        let done = cx.command(program).run()?;",
            &[
                "node `prepare` (visit 1) diverges at `checkpoint`",
                "command.run",
                "the visit left with `done`",
            ],
        ),
        (
            "other-state",
            "notes.heard.push(format!(\"{:?}\", done.exit));",
            "notes.heard.push(\"nothing\".to_owned());",
            &[
                "node `prepare` (visit 1) diverges at `checkpoint`",
                "nothing",
            ],
        ),
    ];
    for (name, old, new, told) in cases {
        let other = variant(&asking.world, name, &[(old, new)]);
        let home = asking.world.path(&format!("home-{name}"));
        asking.under(&run, &other, &home);
        let ran = asking.minion(&["replay", &run, "--state", home.to_str().unwrap()]);
        let code = if told.is_empty() { 0 } else { 4 };
        ran.expect(code, told);
        // The other one's journal holds; only the component does something else.
        let shown = ["runs", "show", &run, "--state", home.to_str().unwrap()];
        asking.minion(&shown).expect(0, &["sound"]);
    }
}
