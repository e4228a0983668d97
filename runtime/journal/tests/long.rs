//! A journal of 100,000 records is read in little memory: a page of it at a time.
//!
//! The reader is this program again, told by its environment, so that nothing else counts.

#![expect(clippy::unwrap_used, reason = "a test stops when it fails")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use minion_journal::{
    Body, Effect, Effective, Journal, Payload, Records, RunDigest, RunId, RunStarted, SqliteStore,
    Standing, Store, SystemClock, export, verify,
};
use serde_json::json;

const DIR: &str = "MINION_JOURNAL_LONG_DIR";
const RECORDS: u64 = 100_000;

/// The journal has ten times as many bytes.
const MAX_GROWTH: u64 = 8 * 1024 * 1024;

fn run() -> RunId {
    RunId::from_bits(7)
}

fn write(dir: &Path) {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir).unwrap());
    let clock = Arc::new(SystemClock);
    let journal = Journal::begin(store, clock, run(), started()).unwrap();
    for visit in 1..RECORDS {
        let body = match visit % 10 {
            0 => Body::Checkpoint {
                node: "act".into(),
                visit,
                label: "done".into(),
                state: Payload::Inline(json!({})),
                tree: "t".into(),
                findings: None,
                spent: None,
            },
            _ => Body::Call {
                call: "workspace.read".into(),
                effect: Effect::Observe,
                request: Payload::Inline(json!({"path": "src/lib.rs"})),
                rule: "src/**".into(),
                judged: None,
                response: Payload::Inline(json!("x".repeat(600))),
            },
        };
        journal.note(Some(visit), None, 0, body).unwrap();
    }
    journal.commit().unwrap();
}

fn started() -> RunStarted {
    RunStarted {
        blueprint: "acme/fix-bug".into(),
        version: "1.4.0".into(),
        component: "sha256:00".into(),
        contract: "0.1.0".into(),
        base_commit: None,
        base_tree: "t".into(),
        repository: "/".into(),
        task: "go on and on".into(),
        inputs: Payload::Inline(json!({})),
        admission: Payload::Inline(json!({})),
        sandbox: "full".into(),
        runtime_version: "0.1.0".into(),
        model: None,
        parts: Vec::new(),
        setup: None,
        forked: None,
    }
}

/// The most memory that this process ever had.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() * 1024
}

/// In the child: reads all of it in every way there is. In the test run itself: nothing.
#[test]
fn reader_process() {
    let Some(dir) = std::env::var_os(DIR) else {
        return;
    };
    let store = SqliteStore::open_read_only(dir).unwrap();
    store.summary(run()).unwrap();
    let before = peak();
    let grown = |what: &str| {
        let grown = peak() - before;
        assert!(grown < MAX_GROWTH, "{what} took {grown} bytes of memory");
    };
    let all = Records::all(&store, run()).unwrap().map(Result::unwrap);
    assert_eq!(all.count() as u64, RECORDS);
    grown("reading");
    let counts = Effective::of(&store, run()).unwrap().map(Result::unwrap);
    assert_eq!(counts.count() as u64, RECORDS);
    grown("reading what counts");
    Standing::of(&store, run()).unwrap();
    grown("the standing");
    RunDigest::of(&store, run()).unwrap();
    grown("the digest");
    verify(&store, run()).unwrap();
    grown("verifying");
    export(&store, run(), &mut std::io::sink()).unwrap();
    grown("exporting");
}

#[test]
fn a_hundred_thousand_records_are_read_in_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("journal");
    write(&dir);
    let bytes = std::fs::metadata(dir.join("journal.sqlite")).unwrap().len();
    assert!(bytes > MAX_GROWTH * 10, "only {bytes} bytes");
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "reader_process"])
        .env(DIR, &dir)
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{words}");
}
