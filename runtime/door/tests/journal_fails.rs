//! No effect without its record: when the journal cannot be written, the effect does not
//! happen, or nobody hears of it, and nothing more happens afterwards.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod run;

use minion_door::{Budget, Call, Caller, Door, Failure, Halt, Meter, calls};
use minion_grants::Verdict;
use minion_journal::{
    AppendError, Batch, Claim, ClaimError, Hash, Head, IdSource, Journal, Lease, NewRun, RunFilter,
    RunFragment, RunId, RunSummary, Seq, Signal, SignalError, Size, SqliteStore, Store, StoreError,
    StoredRecord, Swept, SystemClock, SystemIds,
};
use run::{caller, start};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

/// A delivery whose answer is a number.
static DELIVER: Call<u32> = Call {
    kind: &calls::DELIVER_BRANCH,
    read: |_| Some(7),
};

/// A real store whose disk can be taken away.
struct Disk {
    store: SqliteStore,
    full: AtomicBool,
}

impl Store for Disk {
    fn create(&self, run: &NewRun, first: Batch) -> Result<Lease, AppendError> {
        self.store.create(run, first)
    }
    fn claim(&self, run: RunId, claim: Claim) -> Result<Lease, ClaimError> {
        self.store.claim(run, claim)
    }
    fn append(&self, lease: &Lease, expected: Head, batch: Batch) -> Result<Head, AppendError> {
        if self.full.load(SeqCst) {
            return Err(AppendError::Store(StoreError::ReadOnly));
        }
        self.store.append(lease, expected, batch)
    }
    fn head(&self, run: RunId) -> Result<Head, StoreError> {
        self.store.head(run)
    }
    fn read(&self, run: RunId, from: Seq, limit: usize) -> Result<Vec<StoredRecord>, StoreError> {
        self.store.read(run, from, limit)
    }
    fn summary(&self, run: RunId) -> Result<RunSummary, StoreError> {
        self.store.summary(run)
    }
    fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        self.store.runs(filter)
    }
    fn candidates(&self, fragment: &RunFragment, limit: usize) -> Result<Vec<RunId>, StoreError> {
        self.store.candidates(fragment, limit)
    }
    fn put_blob(&self, bytes: &[u8]) -> Result<Hash, StoreError> {
        self.store.put_blob(bytes)
    }
    fn get_blob(&self, digest: &Hash) -> Result<Vec<u8>, StoreError> {
        self.store.get_blob(digest)
    }
    fn adopt(&self, run: &NewRun, whole: Batch) -> Result<(), AppendError> {
        self.store.adopt(run, whole)
    }
    fn has_blob(&self, digest: &Hash) -> Result<bool, StoreError> {
        self.store.has_blob(digest)
    }
    fn references(&self, run: RunId) -> Result<Vec<Hash>, StoreError> {
        self.store.references(run)
    }
    fn signal(&self, run: RunId, signal: &Signal) -> Result<u64, SignalError> {
        self.store.signal(run, signal)
    }
    fn signals(&self, run: RunId, after: u64) -> Result<Vec<(u64, Signal)>, StoreError> {
        self.store.signals(run, after)
    }
    fn remove(&self, run: RunId) -> Result<(), ClaimError> {
        self.store.remove(run)
    }
    fn size(&self, runs: &[RunId]) -> Result<Size, StoreError> {
        self.store.size(runs)
    }
    fn sweep(&self, dry: bool) -> Result<Swept, StoreError> {
        self.store.sweep(dry)
    }
}

struct World {
    door: Door,
    disk: Arc<Disk>,
    caller: Caller,
    done: AtomicU32,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("journal")).unwrap();
        let disk = Arc::new(Disk {
            store,
            full: AtomicBool::new(false),
        });
        let run = SystemIds.next(minion_journal::Clock::now(&SystemClock));
        let journal = Journal::begin(disk.clone(), Arc::new(SystemClock), run, start()).unwrap();
        let caller = caller();
        let door = Door::new(Arc::new(journal), Meter::new(Budget::default()));
        Self {
            door,
            disk,
            caller,
            done: AtomicU32::new(0),
            _folder: folder,
        }
    }

    /// An external effect that counts how often it happened.
    async fn deliver(&self, fill_in_the_middle: bool) -> Result<Result<u32, Failure>, Halt> {
        let verdict = Verdict::Allow {
            rule: "test".to_owned(),
        };
        let effect = |_permit| async {
            self.done.fetch_add(1, SeqCst);
            self.disk.full.store(fill_in_the_middle, SeqCst);
            Ok((7, json!({ "done": true })))
        };
        self.door
            .pass_external(
                &self.caller,
                &DELIVER,
                Value::Null,
                verdict,
                || Ok("5d01".to_owned()),
                effect,
            )
            .await
    }
}

#[tokio::test]
async fn an_external_effect_without_a_written_intent_does_not_happen() {
    let world = World::new();
    world.disk.full.store(true, SeqCst);
    assert!(matches!(world.deliver(true).await, Err(Halt::Journal(_))));
    assert_eq!(world.done.load(SeqCst), 0);
}

#[tokio::test]
async fn an_effect_whose_result_cannot_be_written_is_not_heard_of_and_is_the_last() {
    let world = World::new();
    assert!(matches!(world.deliver(true).await, Err(Halt::Journal(_))));
    world.disk.full.store(false, SeqCst);
    assert!(matches!(world.deliver(false).await, Err(Halt::Journal(_))));
    assert_eq!(world.done.load(SeqCst), 1);
}

#[tokio::test]
async fn a_written_intent_stands_before_the_effect() {
    let world = World::new();
    assert!(matches!(world.deliver(false).await, Ok(Ok(7))));
    let run = world.door.run().unwrap();
    let stored = world.disk.read(run, Seq::FIRST, 10).unwrap();
    let kind = |record: &StoredRecord| {
        let stored: Value = serde_json::from_slice(&record.bytes).unwrap();
        stored["body"]
            .as_object()
            .unwrap()
            .keys()
            .next()
            .unwrap()
            .clone()
    };
    let kinds: Vec<String> = stored.iter().map(kind).collect();
    assert_eq!(kinds, ["run-started", "intent", "result"]);
}
