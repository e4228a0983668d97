//! The process that is killed: this very program, started again with an [`Order`], does one
//! run through the host's own way, and ends itself with SIGKILL where the order says.

use minion_agents::{OpenAi, Timeouts};
use minion_grants::{Allow, GrantSources, date_of_unix};
use minion_host::{
    Budget, Engine, Finished, Loaded, Means, Network, Recorded, RunRequest, Silent, admit, inspect,
    link, recorded,
};
use minion_journal::{
    AppendError, Batch, Claim, ClaimError, Clock, Hash, Head, Lease, NewRun, RunFilter,
    RunFragment, RunId, RunSummary, Seq, Signal, SignalError, Size, SqliteStore, Store, StoreError,
    StoredRecord, Swept, SystemClock, Timestamp,
};
use minion_sandbox::{Sandbox, Toolchains};
use rustix::process::{Signal as Kill, getpid, kill_process};
use serde::{Deserialize, Serialize};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// The variable that an order comes in.
const ORDER: &str = "SURVIVAL_ORDER";

/// Where the process ends itself. Records and appends are counted from 1, the run's creation
/// among them.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum At {
    /// When this record is about to be made, with all that was only noted before it.
    Record(u64),
    /// Before this append.
    Before(u64),
    /// After this append, before anybody heard of it.
    After(u64),
    /// After the branch was announced, before it is made.
    Announced,
    /// After the branch was made, before the journal says so.
    Made,
    /// Nowhere.
    Never,
}

/// What the process is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) state: PathBuf,
    pub(super) repository: PathBuf,
    pub(super) run: String,
    /// The run that it is to be like: its setup is what the command kept.
    pub(super) like: String,
    /// Where its model is asked.
    pub(super) url: String,
    pub(super) at: At,
    /// How many visits it may have.
    pub(super) visits: Option<u64>,
}

/// Starts the process and waits for its end; whether it was killed.
pub(super) fn obey(order: &Order) -> bool {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "survival::child::does_what_it_is_told",
            "--ignored",
        ])
        .env(ORDER, serde_json::to_string(order).unwrap())
        .output()
        .unwrap();
    let killed = output.status.signal() == Some(9);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(killed || output.status.success(), "{order:?}: {said}");
    killed
}

#[test]
#[ignore = "no test by itself: the tests beside it start it as a process and kill it"]
fn does_what_it_is_told() {
    let Ok(order) = std::env::var(ORDER) else {
        return;
    };
    let finished = run(&serde_json::from_str(&order).unwrap());
    let limited = finished.outcome.exit_code() == 5;
    assert!(
        limited || finished.outcome.exit_code() == 0,
        "{:?}",
        finished.outcome
    );
}

fn run(order: &Order) -> Finished {
    let store = SqliteStore::open(order.state.join("journal")).unwrap();
    let like: Recorded = recorded(&store, order.like.parse().unwrap()).unwrap();
    let component = Recorded::component(&store, &like.started.component).unwrap();
    let mut setup = like.setup;
    setup["model"]["model-url"] = order.url.clone().into();
    let clock = Arc::new(Killing::new(order.at, SystemClock));
    let model = OpenAi::new(&order.url, "m", None, Timeouts::default()).unwrap();
    let means = Means {
        model: Some(Arc::new(model)),
        sandbox: Sandbox::probe(PathBuf::from(env!("CARGO_BIN_EXE_minion-rt"))).unwrap(),
        toolchains: Toolchains::discover(),
        network: Network::of_this_machine(),
        store: Arc::new(Killing::new(order.at, store)),
        clock,
        folder: order.state.join("runs").join(&order.run),
        budget: Budget {
            visits: order.visits.unwrap_or(Budget::default().visits),
            ..Budget::default()
        },
    };
    let request = RunRequest {
        repository: order.repository.clone(),
        base: None,
        task: like.started.task,
        inputs: like.inputs,
        run: order.run.parse().unwrap(),
        fork: None,
        setup: setup.clone(),
        means,
    };
    let engine = Engine::new(Some(&order.state.join("compiled"))).unwrap();
    let linked = link(admitted(component, &setup), &engine);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime
        .block_on(minion_host::run(linked.unwrap(), request, &Silent))
        .unwrap()
}

fn admitted(bytes: Vec<u8>, setup: &serde_json::Value) -> minion_host::Admitted {
    let inspected = inspect(Loaded::kept(bytes, "survivor")).unwrap();
    let allow: Vec<String> = serde_json::from_value(setup["authority"]["allow"].clone()).unwrap();
    let allow: Vec<_> = allow
        .iter()
        .map(|text| Allow::parse(text).unwrap())
        .collect();
    let sources = GrantSources {
        allow: &allow,
        allow_asked: true,
        ..Default::default()
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    admit(
        inspected,
        &sources,
        date_of_unix(now.unwrap().as_secs().cast_signed()),
    )
    .unwrap()
}

/// Counts what goes through, and ends the process where it is told.
struct Killing<T> {
    at: At,
    count: AtomicU64,
    within: T,
}

impl<T> Killing<T> {
    fn new(at: At, within: T) -> Self {
        Self {
            at,
            count: AtomicU64::new(0),
            within,
        }
    }

    fn next(&self) -> u64 {
        self.count.fetch_add(1, SeqCst) + 1
    }
}

fn die() {
    kill_process(getpid(), Kill::KILL).unwrap();
    loop {
        std::thread::park();
    }
}

impl Clock for Killing<SystemClock> {
    fn now(&self) -> Timestamp {
        if matches!(self.at, At::Record(record) if self.next() == record) {
            die();
        }
        self.within.now()
    }
}

impl Killing<SqliteStore> {
    fn around<T>(&self, batch: &Batch, append: impl FnOnce() -> T) -> T {
        let number = self.next();
        let says = |word: &str| {
            let mut records = batch.records.iter();
            records.any(|record| String::from_utf8_lossy(&record.bytes).contains(word))
        };
        let made = says("\"commit\"") && says("\"repository\"") && says("\"result\"");
        if matches!(self.at, At::Before(n) if n == number) || (matches!(self.at, At::Made) && made)
        {
            die();
        }
        let done = append();
        let announced = says("delivery.branch") && matches!(self.at, At::Announced);
        if matches!(self.at, At::After(n) if n == number) || announced {
            die();
        }
        done
    }
}

impl Store for Killing<SqliteStore> {
    fn create(&self, run: &NewRun, first: Batch) -> Result<Lease, AppendError> {
        let batch = first.clone();
        self.around(&batch, || self.within.create(run, first))
    }

    fn append(&self, lease: &Lease, expected: Head, batch: Batch) -> Result<Head, AppendError> {
        let shown = batch.clone();
        self.around(&shown, || self.within.append(lease, expected, batch))
    }

    fn claim(&self, run: RunId, claim: Claim) -> Result<Lease, ClaimError> {
        self.within.claim(run, claim)
    }

    fn adopt(&self, run: &NewRun, whole: Batch) -> Result<(), AppendError> {
        self.within.adopt(run, whole)
    }

    fn head(&self, run: RunId) -> Result<Head, StoreError> {
        self.within.head(run)
    }

    fn read(&self, run: RunId, from: Seq, limit: usize) -> Result<Vec<StoredRecord>, StoreError> {
        self.within.read(run, from, limit)
    }

    fn summary(&self, run: RunId) -> Result<RunSummary, StoreError> {
        self.within.summary(run)
    }

    fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        self.within.runs(filter)
    }

    fn candidates(&self, fragment: &RunFragment, limit: usize) -> Result<Vec<RunId>, StoreError> {
        self.within.candidates(fragment, limit)
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Hash, StoreError> {
        self.within.put_blob(bytes)
    }

    fn get_blob(&self, digest: &Hash) -> Result<Vec<u8>, StoreError> {
        self.within.get_blob(digest)
    }

    fn has_blob(&self, digest: &Hash) -> Result<bool, StoreError> {
        self.within.has_blob(digest)
    }

    fn references(&self, run: RunId) -> Result<Vec<Hash>, StoreError> {
        self.within.references(run)
    }

    fn signal(&self, run: RunId, signal: &Signal) -> Result<u64, SignalError> {
        self.within.signal(run, signal)
    }

    fn signals(&self, run: RunId, after: u64) -> Result<Vec<(u64, Signal)>, StoreError> {
        self.within.signals(run, after)
    }

    fn remove(&self, run: RunId) -> Result<(), ClaimError> {
        self.within.remove(run)
    }

    fn size(&self, runs: &[RunId]) -> Result<Size, StoreError> {
        self.within.size(runs)
    }

    fn sweep(&self, dry: bool) -> Result<Swept, StoreError> {
        self.within.sweep(dry)
    }
}
