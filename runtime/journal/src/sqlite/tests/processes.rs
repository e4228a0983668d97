//! Two real processes on one store. The second one is this test program, told by
//! its environment to be a writer that never ends.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{SqliteStore, place};
use crate::conformance::{resumed, run_id, started};
use crate::{Body, Claim, ClaimError, Journal, Level, RunState, Seq, Store, SystemClock, verify};

const DIR: &str = "MINION_JOURNAL_TEST_DIR";

/// In the child: writes until it is killed. In the test run itself: nothing.
#[test]
fn writer_process() {
    let Some(dir) = std::env::var_os(DIR) else {
        return;
    };
    let store = Arc::new(SqliteStore::open(dir).unwrap());
    let journal = Journal::begin(store, Arc::new(SystemClock), run_id(1), started()).unwrap();
    loop {
        for _ in 0..3 {
            let body = Body::Log {
                level: Level::Info,
                message: "on and on".into(),
            };
            journal.note(None, None, 0, body).unwrap();
        }
        journal.commit().unwrap();
    }
}

fn spawn(dir: &std::path::Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "sqlite::tests::processes::writer_process",
        "--nocapture",
    ]);
    command
        .env(DIR, dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn wait_for(store: &SqliteStore, seq: Seq) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while store.head(run_id(1)).map_or(Seq(0), |head| head.seq) < seq {
        assert!(Instant::now() < deadline, "the writer did not write");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_killed_writer_leaves_whole_batches_and_a_free_run() {
    let (_folder, dir) = place();
    let store = Arc::new(SqliteStore::open(&dir).unwrap());
    let mut child = spawn(&dir);
    wait_for(&store, Seq(10));
    assert_eq!(store.summary(run_id(1)).unwrap().state, RunState::Running);
    match store.claim(run_id(1), Claim::IfFree) {
        Err(ClaimError::Held { holder, .. }) => {
            let who = format!("process {} on this machine, since ", child.id());
            assert!(holder.starts_with(&who), "{holder}");
        }
        other => panic!("the writer holds the run, got {other:?}"),
    }
    verify(&*store, run_id(1)).expect("a run that goes on is verified up to its head");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        store.summary(run_id(1)).unwrap().state,
        RunState::Interrupted
    );
    let before = verify(&*store, run_id(1)).unwrap();
    assert_eq!(before.records % 3, 1, "a batch is there in part");
    let shared: Arc<dyn Store> = Arc::<SqliteStore>::clone(&store);
    let clock = Arc::new(SystemClock);
    let journal = resumed(&shared, clock, run_id(1), Claim::IfFree, "0.1.0");
    assert_eq!(
        (journal.epoch(), journal.head().seq),
        (2, before.head.seq.next())
    );
    verify(&*store, run_id(1)).unwrap();
}

#[test]
fn a_writer_that_was_taken_over_dies_of_it() {
    let (_folder, dir) = place();
    let store = Arc::new(SqliteStore::open(&dir).unwrap());
    let mut child = spawn(&dir);
    wait_for(&store, Seq(10));
    let shared: Arc<dyn Store> = Arc::<SqliteStore>::clone(&store);
    let clock = Arc::new(SystemClock);
    let journal = resumed(&shared, clock, run_id(1), Claim::TakeOver, "0.1.0");
    let ended = child.wait().unwrap();
    assert!(!ended.success(), "the fenced writer must fail");
    let verified = verify(&*store, run_id(1)).unwrap();
    assert_eq!(
        verified.head,
        journal.head(),
        "nothing was written after the take-over"
    );
}
