//! A run of 100,000 records is looked at with as much memory as a short one.

use super::Desk;
use minion_journal::{Body, Effect, Journal, Payload, RunId, RunStarted, SqliteStore, SystemClock};
use serde_json::json;
use std::process::Stdio;
use std::sync::Arc;

const INLINE: fn() -> Payload = || Payload::Inline(json!(null));

fn started() -> RunStarted {
    let text = |text: &str| text.to_owned();
    RunStarted {
        blueprint: text("test/long"),
        version: text("1.0.0"),
        component: text("sha256:00"),
        contract: text("0.1.0"),
        base_commit: None,
        base_tree: "0".repeat(40),
        repository: text("/nowhere"),
        task: text("count"),
        inputs: Payload::Inline(json!({})),
        admission: INLINE(),
        sandbox: text("full"),
        runtime_version: text("0.1.0"),
        model: None,
        parts: Vec::new(),
        setup: None,
        forked: None,
    }
}

/// A journal whose visits have eight calls each.
fn long(desk: &Desk, number: u128, visits: u64) -> String {
    let store = SqliteStore::open(desk.world.path("state/journal")).unwrap();
    let run = RunId::from_bits(number << 64);
    let journal = Journal::begin(Arc::new(store), Arc::new(SystemClock), run, started()).unwrap();
    let tree = "0".repeat(40);
    for visit in 1..=visits {
        let note = |body| journal.note(Some(visit), None, 7, body).unwrap();
        note(Body::VisitStarted {
            node: "count".to_owned(),
            visit,
            tree: tree.clone(),
        });
        for call in 0..8 {
            note(Body::Call {
                call: "workspace.read".to_owned(),
                effect: Effect::Observe,
                request: Payload::Inline(json!({ "file": format!("f{call}") })),
                rule: "r".to_owned(),
                judged: None,
                response: Payload::Inline(json!("x".repeat(200))),
            });
        }
        note(Body::Checkpoint {
            node: "count".to_owned(),
            visit,
            label: "on".to_owned(),
            state: INLINE(),
            tree: tree.clone(),
            findings: None,
            spent: None,
        });
        if visit % 500 == 0 || visit == visits {
            journal.commit().unwrap();
        }
    }
    run.to_string()
}

/// The most memory that a look at it took, in KiB, and how many lines it gave.
fn memory(desk: &Desk, words: &[&str]) -> (i64, usize) {
    let out = desk.world.path("shown");
    let mut command = desk.world.command();
    let file = std::fs::File::create(&out).unwrap();
    let mut child = command
        .args(words)
        .stdout(file)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok());
        most = most.max(peak.unwrap_or_default());
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(child.wait().unwrap().success());
    let shown = std::fs::read_to_string(&out).unwrap();
    (most, shown.lines().count())
}

#[test]
fn memory_stays_flat_over_100_000_records() {
    let desk = Desk::new();
    let (short, long) = (long(&desk, 1, 200), long(&desk, 2, 10_000));
    for words in [
        ["runs", "show"].as_slice(),
        &["runs", "show", "--calls"],
        &["runs", "show", "--json"],
    ] {
        let (little, _) = memory(&desk, &[words, &[&short]].concat());
        let (much, lines) = memory(&desk, &[words, &[&long]].concat());
        assert!(lines > 100_000, "{words:?}: {lines} lines");
        assert!(
            much < little + 6 * 1024,
            "{words:?}: {little} KiB, then {much} KiB"
        );
    }
}
