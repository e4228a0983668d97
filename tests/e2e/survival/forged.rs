//! Runs whose record somebody wrote anew, chain and all: what only the host writes has to
//! follow from the rest. And runs whose record was only edited, which nobody goes on with.

use super::asking::Asking;
use super::replay::blobs;
use super::stage::{Stage, id};
use minion_host::{Engine, replay};
use minion_journal::{Batch, Hash, Seq, SqliteStore, Store, StoredRecord};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

/// One change of one record: the kind of its body, which of that kind, and what is done to it.
type Forgery = (&'static str, usize, fn(&mut Value));

const OTHER_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// What only the host writes, each altered once.
fn forgeries() -> Vec<(&'static str, Forgery)> {
    vec![
        (
            "verdict",
            ("evidence", 0, |e| inline(e)["verdict"] = json!("error")),
        ),
        (
            "judged tree",
            ("evidence", 1, |e| inline(e)["tree"] = json!(OTHER_TREE)),
        ),
        (
            "base",
            ("evidence", 0, |e| inline(e)["base"] = json!(OTHER_TREE)),
        ),
        (
            "no evidence",
            ("evidence", 1, |e| {
                *e = json!({ "level": "info", "message": "x" });
            }),
        ),
        (
            "visit's tree",
            ("visit-started", 2, |v| v["tree"] = json!(OTHER_TREE)),
        ),
        (
            "ended tree",
            ("ended", 0, |e| e["tree"] = json!(OTHER_TREE)),
        ),
        (
            "ended branch",
            ("ended", 0, |e| e["branch"] = json!("main")),
        ),
        (
            "version",
            ("run-started", 0, |s| s["version"] = json!("9.9.9")),
        ),
        (
            "name",
            ("run-started", 0, |s| s["blueprint"] = json!("other/name")),
        ),
        (
            "required gate",
            ("run-started", 0, |s| {
                let required = &mut s["admission"]["inline"]["delivery"]["require"][0];
                required["plugin"] = json!(format!("sha256:{}", "0".repeat(64)));
            }),
        ),
        (
            "delivery's gate's parameters",
            ("run-started", 0, |s| {
                s["admission"]["inline"]["delivery"]["require"][0]["parameters"] =
                    json!({ "x": 1 });
            }),
        ),
    ]
}

fn inline(body: &mut Value) -> &mut Value {
    &mut body["evidence"]["inline"]
}

/// The records with one of them altered and the chain computed anew.
fn forged(whole: &[StoredRecord], run: &str, (kind, nth, alter): Forgery) -> Vec<StoredRecord> {
    let mut prev = Hash::ZERO;
    let mut seen = 0;
    let mut forged = Vec::new();
    for record in whole {
        let mut value: Value = serde_json::from_slice(&record.bytes).unwrap();
        if let Some(body) = value["body"].get_mut(kind) {
            if seen == nth {
                alter(body);
                if body.get("message").is_some() {
                    value["body"] = json!({ "log": value["body"][kind] });
                }
            }
            seen += 1;
        }
        let bytes = value.to_string().into_bytes();
        let hash = Hash::of_record(&prev, id(run), record.seq, &bytes);
        forged.push(StoredRecord {
            seq: record.seq,
            hash,
            bytes,
        });
        prev = hash;
    }
    assert!(seen > nth, "there is a record of the kind `{kind}`");
    forged
}

#[test]
fn what_only_the_host_writes_is_derived_again() {
    let stage = Stage::new();
    let run = stage.like_run();
    let from = stage.store();
    let whole = from.read(id(run), Seq::FIRST, 10_000).unwrap();
    let (begun, blobs) = (from.summary(id(run)).unwrap().begun, blobs(&from, run));
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(stage.world.path("forged")).unwrap());
    let engine = Engine::new(Some(&stage.state().join("compiled"))).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let replayed = |records: Vec<StoredRecord>| {
        let batch = Batch {
            records,
            blobs: blobs.clone(),
            ..Batch::default()
        };
        store.adopt(&begun, batch).unwrap();
        let replayed = runtime.block_on(replay(Arc::clone(&store), id(run), &engine));
        store.remove(id(run)).unwrap();
        replayed
    };
    replayed(forged(&whole, run, ("ended", 0, |_| {}))).expect("nothing was altered");
    for (what, forgery) in forgeries() {
        let found = replayed(forged(&whole, run, forgery));
        let why = found.expect_err(what).to_string();
        println!("{what}: {why}");
    }
}

/// Edits the bytes of the first record that holds `from`, and nothing else.
fn edit(state: &Path, from: &str, to: &str) {
    let db = rusqlite::Connection::open(state.join("journal/journal.sqlite")).unwrap();
    let sql = "UPDATE records SET bytes = replace(bytes, ?1, ?2) WHERE bytes LIKE '%' || ?1 || '%'";
    assert!(
        db.execute(sql, [from, to]).unwrap() > 0,
        "no record holds {from}"
    );
}

#[test]
fn nobody_goes_on_with_a_run_that_was_edited() {
    let asking = Asking::new();
    let run = asking.parked(&[]);
    asking.minion(&["reject", &run]).expect(0, &["rejected"]);
    edit(&asking.state(), "\"approved\":false", "\"approved\":true");
    for words in [
        vec!["resume", run.as_str()],
        vec!["approve", &run],
        vec!["replay", &run],
        vec!["runs", "show", &run],
    ] {
        asking.minion(&words).expect(3, &["was altered at record"]);
    }
    assert!(asking.branches(&run).is_empty());
}

#[test]
fn what_a_human_decides_holds_however_the_run_was_stopped_before() {
    for order in [["cancel", "approve"], ["approve", "cancel"]] {
        let asking = Asking::new();
        let run = asking.parked(&[]);
        for verb in order {
            asking.minion(&[verb, &run]).expect(0, &[]);
        }
        asking.minion(&["replay", &run]).expect(0, &["not ended"]);
        asking.minion(&["resume", &run]).expect(0, &["delivered"]);
        asking.minion(&["replay", &run]).expect(0, &["delivered"]);
    }
}
