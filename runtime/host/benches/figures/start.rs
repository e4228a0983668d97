//! The way of `exec` with a warm cache, from the start of the process to the first host
//! call: each round starts a process that does what `exec` does, stage by stage, and one
//! that does the same with bare wasmtime.

use crate::measure::{heading, median, now, row};
use crate::raw::{Answers, Raw};
use crate::world::{World, admitted, request};
use minion_host::{Engine, Event, Observer};
use minion_journal::{Body, Records, SqliteStore};
use minion_sandbox::{Sandbox, Toolchains};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const ROUNDS: usize = 40;
const MARK: &str = "--child";
/// The stage that is the workspace's and not ours.
const WORKSPACE: &str = "workspace";

/// A process that this bench starts: what it does, and with which files.
pub(crate) struct Child {
    ours: bool,
    spawned: Duration,
    wasm: PathBuf,
    state: PathBuf,
    repository: PathBuf,
}

/// Names of stages and how long they took.
type Stages = Vec<(String, f64)>;

pub(crate) fn figures(world: &World) {
    let (mut floor, mut ours): (Vec<Stages>, Vec<Stages>) = Default::default();
    for round in 0..=ROUNDS {
        let (bare, own) = (start(world, false), start(world, true));
        // The first round fills the cache of compiled components.
        if round > 0 {
            floor.push(bare);
            ours.push(own);
        }
    }
    heading("exec of a warm component to its first host call, wall time, median");
    let bare = median(floor.iter().map(|stages| total(stages)).collect());
    row("floor: bare wasmtime, the same cache", bare, None);
    let own = median(ours.iter().map(|stages| total(stages)).collect());
    row("ours, workspace preparation apart", own, Some(bare));
    for (at, (name, _)) in ours[0].iter().enumerate() {
        let stage = ours.iter().map(|stages| stages[at].1).collect();
        row(&format!("  {name}"), median(stage), None);
    }
}

fn total(stages: &[(String, f64)]) -> f64 {
    let own = stages.iter().filter(|(name, _)| name != WORKSPACE);
    own.map(|(_, micros)| micros).sum()
}

fn start(world: &World, ours: bool) -> Stages {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([MARK, if ours { "ours" } else { "floor" }])
        .arg(now().as_nanos().to_string())
        .args([&world.fix_bug, &world.state(), &world.repository()])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let stage = |line: &str| {
        let (micros, name) = line.split_once(' ').unwrap();
        (name.to_owned(), micros.parse().unwrap())
    };
    text.lines().map(stage).collect()
}

impl Child {
    pub(crate) fn from_arguments(arguments: &[String]) -> Option<Self> {
        let [mark, what, spawned, wasm, state, repository] = arguments else {
            return None;
        };
        (mark == MARK).then(|| Self {
            ours: what == "ours",
            spawned: Duration::from_nanos(spawned.parse().unwrap()),
            wasm: wasm.into(),
            state: state.into(),
            repository: repository.into(),
        })
    }

    pub(crate) fn run(&self) {
        let mut laps = Laps {
            last: self.spawned,
            stages: Vec::new(),
        };
        laps.lap("start of the process");
        if self.ours {
            self.exec(&mut laps);
        } else {
            self.bare(&mut laps);
        }
        for (name, took) in laps.stages {
            println!("{} {name}", took.as_secs_f64() * 1e6);
        }
    }

    /// The steps of `minion-rt exec`, in its order.
    fn exec(&self, laps: &mut Laps) {
        let probing = Sandbox::probe_beside(std::env::current_exe().unwrap());
        let loaded = minion_host::load(&self.wasm).unwrap();
        laps.lap("load");
        let inspected = minion_host::inspect(loaded).unwrap();
        laps.lap("inspect");
        let admitted = admitted(inspected);
        laps.lap("admit");
        let store = SqliteStore::open(self.state.join("journal")).unwrap();
        laps.lap("journal opened");
        let tools = Toolchains::discover();
        laps.lap("toolchains");
        let engine = Engine::new(Some(&self.compiled())).unwrap();
        laps.lap("engine");
        let linked = minion_host::link(admitted, &engine).unwrap();
        laps.lap("link, 4 components");
        let sandbox = probing.wait().unwrap();
        laps.lap("what is left of the sandbox probe");
        let request = request(&self.state, &self.repository, sandbox, store, tools);
        let (run, store) = (request.run, Arc::clone(&request.means.store));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        laps.lap("async runtime");
        let started = Started::default();
        let offset = since_epoch().saturating_sub(now());
        runtime
            .block_on(minion_host::run(linked, request, &started))
            .unwrap();
        let prepared = started.0.lock().unwrap().unwrap();
        laps.until(WORKSPACE, prepared);
        let first = first_call(&*store, run);
        laps.until(
            "run begun, instance, first call",
            first.saturating_sub(offset),
        );
    }

    fn bare(&self, laps: &mut Laps) {
        let bytes = std::fs::read(&self.wasm).unwrap();
        let engine = Engine::new(Some(&self.compiled())).unwrap();
        let raw = Raw::new(&engine, &bytes, Answers::default());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let first = runtime.block_on(raw.visit("gather", "")).unwrap();
        laps.until("first call", first);
    }

    fn compiled(&self) -> PathBuf {
        Path::new(&self.state).join("compiled")
    }
}

/// When the first call of the guest was recorded, since the epoch.
fn first_call(store: &dyn minion_journal::Store, run: minion_journal::RunId) -> Duration {
    let mut records = Records::all(store, run).unwrap().map(Result::unwrap);
    let first = records.find(|record| matches!(record.body, Body::Call { .. }));
    Duration::from_micros(first.unwrap().at.micros())
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// Time from stage to stage.
struct Laps {
    last: Duration,
    stages: Vec<(&'static str, Duration)>,
}

impl Laps {
    fn lap(&mut self, name: &'static str) {
        self.until(name, now());
    }

    fn until(&mut self, name: &'static str, end: Duration) {
        self.stages.push((name, end.saturating_sub(self.last)));
        self.last = end;
    }
}

/// Hears when the workspace is there.
#[derive(Default)]
struct Started(Mutex<Option<Duration>>);

impl Observer for Started {
    fn hear(&self, event: &Event<'_>) {
        if matches!(event, Event::Started(_)) {
            *self.0.lock().unwrap() = Some(now());
        }
    }
}
