//! A disk that is full at any write, of the table file as of the log.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::json;

use super::faults::fill;
use super::{SqliteStore, place};
use crate::conformance::{resumed, run_id, started};
use crate::effective::tests::{checkpoint, intent, line, result};
use crate::{
    AppendError, Body, Claim, ClaimError, Effect, Ending, Journal, JournalError, Outcome, Seq,
    Signal, SignalError, Standing, Store, StoreError, SystemClock, Totals, verify,
};

const DIR: &str = "MINION_JOURNAL_FULL_DIR";

/// What a run writes, in its order; `acked` hears each head that was promised.
fn scenario(store: &Arc<SqliteStore>, acked: &mut dyn FnMut(Seq)) -> Result<(), JournalError> {
    let shared = || -> Arc<dyn Store> { Arc::<SqliteStore>::clone(store) };
    let clock = Arc::new(SystemClock);
    store.put_blob(&vec![1; 9_000])?;
    let journal = Journal::begin(shared(), clock.clone(), run_id(1), started())?;
    acked(journal.head().seq);
    visits(&journal, acked)?;
    let signal = Signal {
        name: "cancel".into(),
        body: json!("x".repeat(6_000)),
        dedupe: Some("once".into()),
    };
    store
        .signal(run_id(1), &signal)
        .map_err(|error| match error {
            SignalError::Store(error) => JournalError::Store(error),
            other => panic!("{other}"),
        })?;
    drop(journal);
    let journal = Journal::claim(shared(), clock, run_id(1), Claim::IfFree)?;
    visits(&journal, acked)?;
    acked(journal.end(ending())?.seq);
    Ok(())
}

fn visits(journal: &Journal, acked: &mut dyn FnMut(Seq)) -> Result<(), JournalError> {
    for _ in 0..6 {
        let turn = intent(Effect::External, "t1");
        let turn = journal.note_durably(None, None, 0, turn)?;
        acked(turn);
        let evidence = journal.blob(&vec![7; 5_000])?;
        journal.note(None, None, 0, Body::Evidence { evidence })?;
        journal.note(None, None, 0, line(&"x".repeat(3_000)))?;
        acked(journal.note_durably(None, None, 0, result(turn))?);
        acked(journal.note_durably(None, None, 0, checkpoint("t1"))?);
    }
    Ok(())
}

fn ending() -> Ending {
    Ending {
        outcome: Outcome::Failed,
        reason: None,
        branch: None,
        tree: None,
        totals: Totals::new(),
    }
}

/// All that was promised is there and whole, and the run goes on to its end.
fn recovers(store: Arc<SqliteStore>, acked: Seq) {
    let summary = match store.summary(run_id(1)) {
        Err(StoreError::NoRun(_)) => return assert_eq!(acked, Seq(0), "the run is gone"),
        found => found.unwrap(),
    };
    let verified = verify(&*store, run_id(1)).unwrap();
    assert!(verified.head.seq >= acked, "a promised record is gone");
    assert_eq!(verified.head, summary.head);
    if verified.ended {
        return;
    }
    let standing = Standing::of(&*store, run_id(1)).unwrap();
    assert!(standing.mark <= verified.head.seq);
    let shared: Arc<dyn Store> = store;
    let clock = Arc::new(SystemClock);
    let journal = resumed(&shared, clock, run_id(1), Claim::IfFree, "0.1.0");
    journal.end(ending()).unwrap();
    assert!(verify(&*shared, run_id(1)).unwrap().ended);
}

fn is_full(error: &JournalError) -> bool {
    match error {
        JournalError::Append(
            AppendError::Store(error) | AppendError::Unknown { source: error, .. },
        )
        | JournalError::Claim(ClaimError::Store(error))
        | JournalError::Store(error) => matches!(error, StoreError::Full(_)),
        _ => false,
    }
}

#[test]
fn a_disk_that_is_full_at_any_page_loses_nothing_that_was_promised() {
    let mut stops = 0;
    for pages in 0.. {
        let (_folder, dir) = place();
        let store = Arc::new(SqliteStore::open(&dir).unwrap());
        fill(&store, pages);
        let mut last = Seq(0);
        let done = scenario(&store, &mut |seq| last = seq);
        fill(&store, 10_000);
        recovers(store, last);
        match done {
            Ok(()) => break,
            Err(error) => assert!(is_full(&error), "at page {pages}: {error:?}"),
        }
        stops += 1;
    }
    assert!(stops > 10, "only {stops} writes were stopped");
}

/// In the child: lives through the scenario until a write fails. In the test run itself:
/// nothing.
#[test]
fn limited_process() {
    let Some(dir) = std::env::var_os(DIR) else {
        return;
    };
    let told = Path::new(&dir).join("acked");
    let mut told = fs::File::create(told).unwrap();
    let Ok(store) = SqliteStore::open(Path::new(&dir).join("journal")) else {
        return;
    };
    let mut ack = |seq: Seq| told.write_all(&seq.0.to_le_bytes()).unwrap();
    let done = scenario(&Arc::new(store), &mut ack);
    if done.is_ok() {
        fs::write(Path::new(&dir).join("done"), b"").unwrap();
    }
}

/// Runs the scenario in a process whose files may grow to `blocks` half KiB and no more:
/// every write beyond fails, in the log too, as the system refuses it.
fn limited(dir: &Path, blocks: u64) {
    let program = std::env::current_exe().unwrap();
    let script =
        r#"trap '' XFSZ; ulimit -f "$1"; exec "$2" --exact sqlite::tests::full::limited_process"#;
    let output = Command::new("sh")
        .args(["-c", script, "sh", &blocks.to_string()])
        .arg(program)
        .env(DIR, dir)
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{blocks} blocks: {words}");
}

#[test]
fn a_write_that_the_system_refuses_loses_nothing_that_was_promised() {
    let mut stops = 0;
    for blocks in (0..).step_by(17) {
        let folder = tempfile::tempdir().unwrap();
        limited(folder.path(), blocks);
        let acked = fs::read(folder.path().join("acked")).unwrap();
        let last = acked.as_chunks::<8>().0.last();
        let last = Seq(last.map_or(0, |bytes| u64::from_le_bytes(*bytes)));
        let store = Arc::new(SqliteStore::open(folder.path().join("journal")).unwrap());
        recovers(store, last);
        if folder.path().join("done").exists() {
            break;
        }
        stops += 1;
    }
    assert!(stops > 10, "only {stops} writes were stopped");
}
