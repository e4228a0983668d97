//! The journal's promises, over the real store and over one that fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use crate::conformance::{resumed, run_id, started};
use crate::{
    AppendError, Batch, Body, Claim, ClaimError, Clock, Effect, Ending, Hash, Head, InDoubt,
    Journal, JournalError, Lease, Level, NewRun, Outcome, Payload, Record, Records, RunFilter,
    RunFragment, RunId, RunState, RunSummary, Seq, Signal, SignalError, Size, SqliteStore, Store,
    StoreError, StoredRecord, Swept, Timestamp, Totals, keep, load, load_bytes, verify,
};

/// A clock that goes on by a millisecond at each look.
#[derive(Default)]
struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1000, Ordering::Relaxed))
    }
}

fn open() -> (TempDir, Arc<dyn Store>) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("journal")).unwrap();
    (folder, Arc::new(store))
}

fn begin(store: &Arc<dyn Store>) -> Journal {
    Journal::begin(
        Arc::clone(store),
        Arc::new(Ticking::default()),
        run_id(1),
        started(),
    )
    .unwrap()
}

fn records(store: &dyn Store) -> Vec<Record> {
    Records::all(store, run_id(1))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn line(message: &str) -> Body {
    Body::Log {
        level: Level::Info,
        message: message.into(),
    }
}

fn ending() -> Ending {
    let totals = Totals::from([("turns".into(), 6)]);
    Ending {
        outcome: Outcome::Failed,
        reason: None,
        branch: None,
        tree: None,
        totals,
    }
}

#[test]
fn only_what_was_committed_is_there() {
    let (_folder, store) = open();
    let journal = begin(&store);
    let seq = journal.note(Some(1), None, 5, line("one")).unwrap();
    assert_eq!((seq, journal.head().seq), (Seq(2), Seq(1)));
    assert_eq!(records(&*store).len(), 1);
    journal.commit().unwrap();
    assert_eq!(journal.head().seq, Seq(2));
    journal.note(Some(1), Some(seq), 0, line("never")).unwrap();
    drop(journal);
    let found = records(&*store);
    assert_eq!(found.len(), 2);
    let Record {
        run,
        seq,
        visit,
        parent,
        micros,
        ref body,
        ..
    } = found[1];
    assert_eq!(
        (run, seq, visit, parent, micros),
        (run_id(1), Seq(2), Some(1), None, 5)
    );
    assert_eq!((found[1].prev, body), (found[0].hash, &line("one")));
    assert!(found[1].at > found[0].at);
}

#[test]
fn an_intent_is_durable_before_its_effect() {
    let (_folder, store) = open();
    let journal = begin(&store);
    journal.note(Some(1), None, 0, line("seen before")).unwrap();
    let intent = Body::Intent {
        call: "agent.turn".into(),
        effect: Effect::External,
        request: journal.payload(json!({"messages": []})).unwrap(),
        rule: "agent".into(),
        policy: InDoubt::Again,
        tree: None,
    };
    let seq = journal
        .note_durably(Some(1), None, 0, intent.clone())
        .unwrap();
    let found = records(&*store);
    assert_eq!(
        (found.len(), found[2].seq, &found[2].body),
        (3, seq, &intent)
    );
}

#[test]
fn large_payloads_go_to_blobs_and_come_back() {
    let (_folder, store) = open();
    let journal = begin(&store);
    let fits = json!("x".repeat(Payload::MAX_INLINE - 2));
    let large = json!({"b": "x".repeat(Payload::MAX_INLINE), "a": [1, 2]});
    assert_eq!(
        journal.payload(fits.clone()).unwrap(),
        Payload::Inline(fits.clone())
    );
    let payload = journal.payload(large.clone()).unwrap();
    let Payload::Blob { digest, bytes } = payload else {
        panic!("it is too large for a record")
    };
    assert!(
        matches!(store.get_blob(&digest), Err(StoreError::NoBlob(_))),
        "not before the commit"
    );
    let evidence = Body::Evidence {
        evidence: payload.clone(),
    };
    journal.note_durably(None, None, 0, evidence).unwrap();
    assert_eq!(load(&*store, &payload).unwrap(), large);
    assert_eq!(load_bytes(&*store, &payload).unwrap().len() as u64, bytes);
    assert_eq!(load(&*store, &Payload::Inline(fits.clone())).unwrap(), fits);
    assert_eq!(
        keep(&*store, large).unwrap(),
        payload,
        "the same value is the same blob"
    );
    verify(&*store, run_id(1)).unwrap();
}

#[test]
fn an_ended_journal_takes_nothing_more() {
    let (_folder, store) = open();
    let journal = begin(&store);
    journal.note(None, None, 0, line("last words")).unwrap();
    let head = journal.end(ending()).unwrap();
    assert_eq!((head, head.seq), (store.head(run_id(1)).unwrap(), Seq(3)));
    let summary = store.summary(run_id(1)).unwrap();
    assert_eq!(summary.ending, Some(ending()));
    let last = records(&*store).pop().unwrap();
    assert_eq!(
        (Some(last.at), last.body),
        (summary.ended, Body::Ended(ending()))
    );
    assert!(last.micros > 0, "it tells how long the run took");
    assert!(matches!(
        journal.note(None, None, 0, line("x")),
        Err(JournalError::Ended(_))
    ));
    assert!(matches!(journal.commit(), Err(JournalError::Ended(_))));
    assert!(matches!(journal.end(ending()), Err(JournalError::Ended(_))));
    assert!(verify(&*store, run_id(1)).unwrap().ended);
}

#[test]
fn begin_and_end_cannot_be_noted_in_between() {
    let (_folder, store) = open();
    let journal = begin(&store);
    for body in [Body::Ended(ending()), Body::RunStarted(Box::new(started()))] {
        assert!(matches!(
            journal.note(None, None, 0, body),
            Err(JournalError::NotNoted)
        ));
    }
    journal
        .note_durably(None, None, 0, line("it goes on"))
        .unwrap();
}

#[test]
fn a_buffer_that_grows_is_written_without_being_asked() {
    let (_folder, store) = open();
    let journal = begin(&store);
    let chunk = "x".repeat(30_000);
    for _ in 0..200 {
        journal.note(None, None, 0, line(&chunk)).unwrap();
    }
    let durable = journal.head().seq.0;
    assert!(
        durable > 130,
        "only {durable} of 200 records left the memory"
    );
}

#[test]
fn resuming_goes_on_from_the_last_checkpoint_in_the_same_chain() {
    let (_folder, store) = open();
    let journal = begin(&store);
    let checkpoint = Body::Checkpoint {
        node: "gather".into(),
        visit: 1,
        label: "done".into(),
        state: Payload::Inline(json!({})),
        tree: "5d01".into(),
        findings: None,
        spent: None,
    };
    let at = journal.note_durably(Some(1), None, 0, checkpoint).unwrap();
    journal
        .note_durably(Some(2), None, 0, line("in the next visit"))
        .unwrap();
    drop(journal);
    let clock = Arc::new(Ticking::default());
    let again = resumed(&store, clock, run_id(1), Claim::IfFree, "0.2.0");
    let resumed = records(&*store).pop().unwrap();
    let (epoch, runtime_version) = (2, "0.2.0".to_owned());
    let expected = Body::Resumed {
        epoch,
        runtime_version,
        checkpoint: Some(at),
        void_after: None,
        in_doubt: None,
        moved: None,
    };
    assert_eq!((resumed.body, resumed.hash), (expected, again.head().hash));
    assert_eq!(
        Records::starting(&*store, run_id(1), at).unwrap().count(),
        3
    );
    verify(&*store, run_id(1)).unwrap();
}

#[test]
fn a_run_that_waits_or_was_stopped_stands_so_until_it_goes_on() {
    let (_folder, store) = open();
    let state = || store.summary(run_id(1)).unwrap().state;
    let waiting = Body::Waiting {
        node: "approve".into(),
        visit: 1,
        tree: "5d01".into(),
    };
    let journal = begin(&store);
    journal
        .note_durably(None, None, 0, waiting.clone())
        .unwrap();
    drop(journal);
    assert_eq!(state(), RunState::Waiting);
    verify(&*store, run_id(1)).unwrap();
    let again = || {
        let clock = Arc::new(Ticking::default());
        resumed(&store, clock, run_id(1), Claim::IfFree, "0.2.0")
    };
    drop(again());
    assert_eq!(state(), RunState::Interrupted, "it went on and died");
    let journal = again();
    journal.note(None, None, 0, waiting).unwrap();
    let reason = "ctrl-c".into();
    journal
        .note_durably(None, None, 0, Body::Stopped { reason })
        .unwrap();
    drop(journal);
    assert_eq!(state(), RunState::Stopped);
    verify(&*store, run_id(1)).unwrap();
}

#[test]
fn a_stream_from_the_middle_knows_the_hash_before() {
    let (_folder, store) = open();
    let journal = begin(&store);
    for n in 0..200 {
        journal.note(None, None, n, line("x")).unwrap();
    }
    journal.commit().unwrap();
    let all = records(&*store);
    assert_eq!(all.len(), 201);
    let from = Records::starting(&*store, run_id(1), Seq(150)).unwrap();
    assert_eq!(from.map(Result::unwrap).collect::<Vec<_>>(), all[149..]);
}

/// A store whose appends fail once `left` of them were taken.
struct Failing {
    inner: Arc<dyn Store>,
    left: AtomicU64,
}

impl Store for Failing {
    fn create(&self, run: &NewRun, first: Batch) -> Result<Lease, AppendError> {
        self.inner.create(run, first)
    }

    fn claim(&self, run: RunId, claim: Claim) -> Result<Lease, ClaimError> {
        self.inner.claim(run, claim)
    }

    fn append(&self, lease: &Lease, head: Head, batch: Batch) -> Result<Head, AppendError> {
        let left = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        match left {
            Ok(_) => self.inner.append(lease, head, batch),
            Err(_) => Err(StoreError::Failed("input/output error".into()).into()),
        }
    }

    fn head(&self, run: RunId) -> Result<Head, StoreError> {
        self.inner.head(run)
    }

    fn read(&self, run: RunId, from: Seq, limit: usize) -> Result<Vec<StoredRecord>, StoreError> {
        self.inner.read(run, from, limit)
    }

    fn summary(&self, run: RunId) -> Result<RunSummary, StoreError> {
        self.inner.summary(run)
    }

    fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        self.inner.runs(filter)
    }

    fn candidates(&self, fragment: &RunFragment, limit: usize) -> Result<Vec<RunId>, StoreError> {
        self.inner.candidates(fragment, limit)
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Hash, StoreError> {
        self.inner.put_blob(bytes)
    }

    fn get_blob(&self, digest: &Hash) -> Result<Vec<u8>, StoreError> {
        self.inner.get_blob(digest)
    }

    fn adopt(&self, run: &NewRun, whole: Batch) -> Result<(), AppendError> {
        self.inner.adopt(run, whole)
    }

    fn has_blob(&self, digest: &Hash) -> Result<bool, StoreError> {
        self.inner.has_blob(digest)
    }

    fn references(&self, run: RunId) -> Result<Vec<Hash>, StoreError> {
        self.inner.references(run)
    }

    fn signal(&self, run: RunId, signal: &Signal) -> Result<u64, SignalError> {
        self.inner.signal(run, signal)
    }

    fn signals(&self, run: RunId, after: u64) -> Result<Vec<(u64, Signal)>, StoreError> {
        self.inner.signals(run, after)
    }

    fn remove(&self, run: RunId) -> Result<(), ClaimError> {
        self.inner.remove(run)
    }

    fn size(&self, runs: &[RunId]) -> Result<Size, StoreError> {
        self.inner.size(runs)
    }

    fn sweep(&self, dry: bool) -> Result<Swept, StoreError> {
        self.inner.sweep(dry)
    }
}

#[test]
fn after_a_failed_write_every_call_fails_even_when_the_disk_is_back() {
    let (_folder, inner) = open();
    let failing = Arc::new(Failing {
        inner,
        left: AtomicU64::new(1),
    });
    let store: Arc<dyn Store> = Arc::<Failing>::clone(&failing);
    let journal = begin(&store);
    journal.note_durably(None, None, 0, line("kept")).unwrap();
    journal.note(None, None, 0, line("lost")).unwrap();
    assert!(matches!(journal.commit(), Err(JournalError::Append(_))));
    failing.left.store(u64::MAX, Ordering::SeqCst);
    let poisoned = |answer: Option<JournalError>| {
        let error = answer.expect("must fail");
        assert!(matches!(error, JournalError::Poisoned { .. }), "{error:?}");
    };
    poisoned(journal.note(None, None, 0, line("x")).err());
    poisoned(journal.note_durably(None, None, 0, line("x")).err());
    poisoned(journal.commit().err());
    poisoned(journal.blob(b"x").err());
    poisoned(journal.end(ending()).err());
    assert_eq!(journal.head(), store.head(run_id(1)).unwrap());
    assert_eq!(verify(&*store, run_id(1)).unwrap().records, 2);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Note(bool),
    Commit(bool),
    TakeOver(bool),
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    /// Two writers that take the run from each other, in any order; each has the store
    /// open for itself, as two processes do.
    #[test]
    fn any_interleaving_of_two_writers_leaves_one_chain(steps in proptest::collection::vec(
        prop_oneof![
            4 => any::<bool>().prop_map(Step::Note),
            2 => any::<bool>().prop_map(Step::Commit),
            1 => any::<bool>().prop_map(Step::TakeOver),
        ], 1..40)
    ) {
        let (folder, store) = open();
        let other: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path().join("journal")).unwrap());
        let mut writers = [Some(begin(&store)), None];
        let mut owner = 0;
        for step in steps {
            match step {
                Step::Note(who) => {
                    let _ = writers[usize::from(who)].as_ref().map(|j| j.note(None, None, 0, line("x")));
                }
                Step::Commit(who) => {
                    let who = usize::from(who);
                    let before = store.head(run_id(1)).unwrap();
                    let done = writers[who].as_ref().map(Journal::commit);
                    if who != owner {
                        prop_assert_eq!(store.head(run_id(1)).unwrap(), before, "a fenced writer wrote: {:?}", done);
                    } else if let Some(done) = done {
                        prop_assert!(done.is_ok());
                    }
                }
                Step::TakeOver(who) => {
                    owner = usize::from(who);
                    let clock = Arc::new(Ticking::default());
                    writers[owner] = None;
                    let own = [&store, &other][owner];
                    writers[owner] = Some(resumed(own, clock, run_id(1), Claim::TakeOver, "0"));
                }
            }
        }
        verify(&*store, run_id(1)).unwrap();
    }
}
