//! What durability costs: the floor of this disk, and what we add to it.
//!
//! `cargo bench -p minion-journal` prints medians, all measured in this one run
//! and taken in turns, so that a disk that slows down slows all of them: a raw
//! append with fdatasync, a plain SQLite commit in the same mode as ours, an
//! empty visit of the journal (two records, one commit), one with an external
//! call (two commits). Then the processor time of a note; what grouping gains when
//! several runs of a process write at the same time, and what several processes lose;
//! whether the hundred-thousandth visit costs what the thousandth did; the bytes of one.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and stops when it fails"
)]

mod many;

use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use minion_journal::{
    Body, Clock, Effect, IdSource, InDoubt, Journal, Payload, RunStarted, SqliteStore, Store,
    SystemClock, SystemIds, verify,
};
use rusqlite::Connection;
use serde_json::json;

const ROUNDS: usize = 400;
const WARM: u64 = 1200;

fn main() {
    if many::is_worker() {
        return many::work();
    }
    let folder = tempfile::tempdir_in(std::env::current_dir().unwrap()).unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path().join("journal")).unwrap());
    let one = commits(folder.path(), &store);
    notes(&store);
    many::grouped(&store, one);
    many::processes(folder.path());
    many::long(folder.path());
}

fn row(what: &str, took: Duration, beside: Option<(&str, Duration)>) {
    let ratio = beside.map_or(String::new(), |(name, floor)| {
        format!(
            "{:>6.2} of the rate of {name}",
            floor.as_secs_f64() / took.as_secs_f64()
        )
    });
    println!("{what:<44} {:>10.1} µs  {ratio}", took.as_secs_f64() * 1e6);
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

/// Medians of the four kinds of commit; gives that of an empty visit.
fn commits(folder: &Path, store: &Arc<dyn Store>) -> Duration {
    let mut raw = Raw::new(folder);
    let plain = Plain::new(folder);
    let journal = begin(store);
    let mut times: [Vec<Duration>; 4] = Default::default();
    // A log that still grows costs more to flush than one that is written over:
    // both are brought past their first checkpoint (1000 pages) before.
    for visit in 1..=WARM {
        plain.commit();
        empty_visit(&journal, visit);
    }
    for visit in 1..=ROUNDS {
        // The order turns with each round, forwards and backwards: a flush may also
        // pay for what the one before it left to the file system.
        for turn in 0..4 {
            let (one, other) = (visit % 4, visit / 4 % 2);
            let kind = if other == 0 {
                (one + turn) % 4
            } else {
                (one + 4 - turn) % 4
            };
            times[kind].push(match kind {
                0 => timed(|| raw.append()),
                1 => timed(|| plain.commit()),
                2 => timed(|| empty_visit(&journal, visit as u64)),
                _ => timed(|| external_visit(&journal, visit as u64)),
            });
        }
    }
    let [raw, plain, empty, external] = times.map(median);
    row("floor: append 400 bytes + fdatasync", raw, None);
    row(
        "plain SQLite, WAL, FULL, one row",
        plain,
        Some(("the floor", raw)),
    );
    row(
        "journal: empty visit, one commit",
        empty,
        Some(("the floor", raw)),
    );
    row("  the same", empty, Some(("plain SQLite", plain)));
    row(
        "journal: visit with an external call",
        external,
        Some(("two floors", raw * 2)),
    );
    verify(&**store, journal.run()).unwrap();
    empty
}

struct Raw(File);

impl Raw {
    fn new(folder: &Path) -> Self {
        let mut options = OpenOptions::new();
        Self(
            options
                .create(true)
                .append(true)
                .open(folder.join("raw"))
                .unwrap(),
        )
    }

    fn append(&mut self) {
        self.0.write_all(&[7; 400]).unwrap();
        self.0.sync_data().unwrap();
    }
}

struct Plain(Connection);

impl Plain {
    fn new(folder: &Path) -> Self {
        let db = Connection::open(folder.join("plain.sqlite")).unwrap();
        db.pragma_update(None, "journal_mode", "WAL").unwrap();
        db.pragma_update(None, "synchronous", "FULL").unwrap();
        db.execute_batch("CREATE TABLE plain (id INTEGER PRIMARY KEY, bytes BLOB)")
            .unwrap();
        Self(db)
    }

    fn commit(&self) {
        let sql = "INSERT INTO plain (bytes) VALUES (?1)";
        self.0
            .prepare_cached(sql)
            .unwrap()
            .execute([[7_u8; 400]])
            .unwrap();
    }
}

fn begin(store: &Arc<dyn Store>) -> Journal {
    let clock = Arc::new(SystemClock);
    let run = SystemIds.next(clock.now());
    let start = RunStarted {
        blueprint: "bench".into(),
        version: "0.1.0".into(),
        component: "sha256:00".into(),
        contract: "0.1.0".into(),
        base_commit: None,
        base_tree: "5d01".into(),
        repository: "/".into(),
        task: "measure".into(),
        inputs: Payload::Inline(json!({})),
        admission: Payload::Inline(json!({})),
        sandbox: "full".into(),
        runtime_version: "0.1.0".into(),
        model: None,
        parts: Vec::new(),
        setup: None,
        forked: None,
    };
    Journal::begin(Arc::clone(store), clock, run, start).unwrap()
}

const TREE: &str = "5d01aa0c1fb5d2cbbdb1bcb4e0a4bd64a12d45c1";

fn enter(journal: &Journal, visit: u64) {
    let (node, tree) = ("gather".into(), TREE.into());
    journal
        .note(
            Some(visit),
            None,
            0,
            Body::VisitStarted { node, visit, tree },
        )
        .unwrap();
}

fn left(visit: u64) -> Body {
    let (node, tree, label) = ("gather".into(), TREE.into(), "done".into());
    let state = Payload::Inline(json!({}));
    Body::Checkpoint {
        node,
        visit,
        label,
        state,
        tree,
        findings: None,
        spent: None,
    }
}

fn leave(journal: &Journal, visit: u64) {
    journal.note(Some(visit), None, 41, left(visit)).unwrap();
    journal.commit().unwrap();
}

fn empty_visit(journal: &Journal, visit: u64) {
    enter(journal, visit);
    leave(journal, visit);
}

fn external_visit(journal: &Journal, visit: u64) {
    enter(journal, visit);
    let request = journal.payload(json!({"messages": ["…"]})).unwrap();
    let (call, rule) = ("agent.turn".into(), "agent".into());
    let (effect, policy) = (Effect::External, InDoubt::Again);
    let body = Body::Intent {
        call,
        effect,
        request,
        rule,
        policy,
        tree: None,
    };
    let intent = journal.note_durably(Some(visit), None, 0, body).unwrap();
    let response = journal.payload(json!({"text": "…"})).unwrap();
    journal
        .note(Some(visit), None, 900, Body::Result { intent, response })
        .unwrap();
    leave(journal, visit);
}

/// Processor time of one note; and of all that an observing call costs the
/// journal: payloads, note, and its share of the commit without the flush.
fn notes(store: &Arc<dyn Store>) {
    const EACH: u32 = 1000;
    let journal = begin(store);
    let (mut note, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..60 {
        let bodies: Vec<_> = (0..EACH).map(|_| observe(&journal)).collect();
        note.push(
            timed(|| {
                for body in bodies {
                    black_box(journal.note(Some(1), None, 3, body).unwrap());
                }
            }) / EACH,
        );
        journal.commit().unwrap();
        whole.push(
            timed(|| {
                for _ in 0..EACH {
                    black_box(journal.note(Some(1), None, 3, observe(&journal)).unwrap());
                }
                journal.commit().unwrap();
            }) / EACH,
        );
    }
    row("note of an observing call", median(note), None);
    row(
        "the same with payloads and 1/1000 commit",
        median(whole),
        None,
    );
}

fn observe(journal: &Journal) -> Body {
    Body::Call {
        call: "workspace.read".into(),
        effect: Effect::Observe,
        request: journal.payload(json!({"path": "src/lib.rs"})).unwrap(),
        rule: "src/**".into(),
        judged: None,
        response: journal
            .payload(json!({"ok": "fn last_line() {}\n"}))
            .unwrap(),
    }
}
