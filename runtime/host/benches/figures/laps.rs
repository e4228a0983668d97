//! Whole runs of many small visits, each with its durable checkpoint: beside the floor of an
//! append with `fdatasync` on the same disk, beside a loop of as many steps in `LangGraph`, and
//! done again from their journals.

use crate::measure::{Took, heading, row, took};
use crate::world::{World, linked};
use minion_host::{Engine, Outcome, Silent};
use minion_journal::{RunId, Store};
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// Visits of a run.
const LAPS: u32 = 1_000;
/// Runs of each kind; the median is told.
const ROUNDS: usize = 5;
/// Calls of each visit in the runs that are replayed.
const CALLS: u32 = 100;

struct Laps<'w> {
    world: &'w World,
    engine: Engine,
    runtime: tokio::runtime::Runtime,
}

pub(crate) fn figures(world: &World) {
    let laps = Laps {
        world,
        engine: Engine::new(None).unwrap(),
        runtime: tokio::runtime::Runtime::new().unwrap(),
    };
    let (mut floor, mut empty, mut changing) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        floor.push(appends(&world.state()));
        empty.push(laps.run(&LAPS.to_string()).0);
        changing.push(laps.run(&format!("{LAPS} writes 1")).0);
    }
    heading("a run of 1,000 visits: one visit, wall; ratio to the floor");
    let (floor, empty, changing) = (visit(&floor), visit(&empty), visit(&changing));
    row("floor: append of 400 bytes + fdatasync", floor, None);
    row("an empty visit", empty, Some(floor));
    row(
        "a visit that changes a file, its snapshot included",
        changing,
        Some(floor),
    );
    beside_langgraph(&world.state(), empty);
    replays(&laps);
}

impl Laps<'_> {
    fn run(&self, task: &str) -> (Took, RunId, Arc<dyn Store>) {
        let linked = linked(&self.world.calls, &self.engine);
        let mut request = self.world.request();
        task.clone_into(&mut request.task);
        let (run, store) = (request.run, Arc::clone(&request.means.store));
        let (took, finished) = took(|| {
            let run = minion_host::run(linked, request, &Silent);
            self.runtime.block_on(run).unwrap()
        });
        assert!(
            matches!(finished.outcome, Outcome::Failed { .. }),
            "its last edge"
        );
        (took, run, store)
    }

    fn replay(&self, run: RunId, store: &Arc<dyn Store>) -> Took {
        let replay = minion_host::replay(Arc::clone(store), run, &self.engine);
        let (took, replayed) = took(|| self.runtime.block_on(replay).unwrap());
        assert_eq!(replayed.visits, u64::from(LAPS));
        took
    }
}

/// As many appends as a run has visits.
fn appends(folder: &Path) -> Took {
    std::fs::create_dir_all(folder).unwrap();
    let mut file = File::create(folder.join("floor")).unwrap();
    let block = [b'x'; 400];
    let append = || {
        for _ in 0..LAPS {
            file.write_all(&block).unwrap();
            file.sync_data().unwrap();
        }
    };
    took(append).0
}

/// Microseconds of one visit, the median of the runs.
fn visit(runs: &[Took]) -> f64 {
    crate::measure::micros(runs.iter().map(|took| took.wall)) / f64::from(LAPS)
}

/// The same loop in `LangGraph`, checkpointed in its durable mode, if its Python is named.
fn beside_langgraph(folder: &Path, ours: f64) {
    let Some(python) = std::env::var_os("LANGGRAPH_PYTHON") else {
        println!("LangGraph: not measured; LANGGRAPH_PYTHON names a Python that has it");
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/beside_langgraph.py");
    let said = Command::new(python)
        .arg(script)
        .args([LAPS.to_string(), ROUNDS.to_string()])
        .arg(folder)
        .output()
        .unwrap();
    assert!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    let micros: f64 = String::from_utf8_lossy(&said.stdout)
        .trim()
        .parse()
        .unwrap();
    row(
        "LangGraph with its SQLite checkpointer, one step",
        micros,
        None,
    );
    println!(
        "{:<58} {:>10.2} times as fast",
        "an empty visit beside it",
        micros / ours
    );
}

/// A call is the difference between runs that make many and runs that make none.
fn replays(laps: &Laps<'_>) {
    let (_, empty, store) = laps.run(&LAPS.to_string());
    let (_, calling, _) = laps.run(&format!("{LAPS} reads {CALLS}"));
    let (mut none, mut many) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        none.push(laps.replay(empty, &store));
        many.push(laps.replay(calling, &store));
    }
    let (none, many) = (visit(&none), visit(&many));
    heading("replay");
    row("an empty visit", none, None);
    row(
        "a call of `workspace.read`, 1.1 KB",
        (many - none) / f64::from(CALLS),
        None,
    );
}
