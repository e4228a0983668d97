//! Killed at instants that nobody chose, while running and while resuming; and stopped by the
//! signals with which people and machines stop things.

use super::stage::{Stage, UNGATED, id};
use crate::world::{Ran, World, component};
use minion_host::recorded;
use minion_journal::{Body, Records, RunFilter, Store};
use rustix::process::{Pid, Signal, kill_process};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Trials of the random family.
const TRIALS: u64 = 12;

impl Stage {
    /// The run whose model is asked under this name.
    fn run_of(&self, name: &str) -> Option<String> {
        let store = self.store();
        let url = self.model.url(name);
        let runs = store.runs(&RunFilter::default()).unwrap();
        let found = runs.into_iter().map(|run| run.begun.run).find(|run| {
            let setup = recorded(&store, *run).unwrap().setup;
            setup["model"]["model-url"] == *url
        });
        found.map(|run| run.to_string())
    }

    /// Begins a run and waits until its model was asked so often.
    fn begun(&self, name: &str, turns: u64) -> Child {
        let child = started(&mut self.exec(name));
        let since = Instant::now();
        while self.model.asked(name) < turns {
            assert!(since.elapsed() < Duration::from_secs(30), "never asked");
            std::thread::sleep(Duration::from_millis(2));
        }
        child
    }

    fn stops(&self, signal: Signal, name: &str, turns: u64) {
        let child = self.begun(name, turns);
        kill_process(Pid::from_child(&child), signal).unwrap();
        let ran = Ran::of(child.wait_with_output().unwrap());
        ran.expect(5, &["\"outcome\":\"stopped\""]);
        let run = self.run_of(name).unwrap();
        let store = self.store();
        let records = Records::all(&store, id(&run)).unwrap();
        let last = records.last().unwrap().unwrap().body;
        assert!(matches!(last, Body::Stopped { .. }), "{last:?}");
        assert!(self.branches(&run).is_empty());
        // It replays as far as it came, and goes on.
        self.world
            .minion(&["replay", &run])
            .expect(0, &["not ended"]);
        let ran = self.resume(&run);
        ran.expect(0, &["delivered"]);
        self.same(&run, name, &ran, name);
    }
}

fn started(command: &mut Command) -> Child {
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    piped.spawn().unwrap()
}

/// SIGKILL after so long; how it ended when it was faster.
fn killed_after(command: &mut Command, delay: Duration) -> Option<Ran> {
    let mut child = started(command);
    std::thread::sleep(delay);
    let over = child.try_wait().unwrap().is_some();
    if !over {
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    output.status.code().is_some().then(|| Ran::of(output))
}

/// Numbers that a seed gives.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, below: u64) -> u64 {
        // Splitmix: any seed will do.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }

    fn delay(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.throw(to - from))
    }
}

#[test]
fn killed_at_random_while_running_and_resuming_a_run_comes_to_the_same_end() {
    let stage = Stage::new();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let chosen = std::env::var("SURVIVAL_SEED").ok();
    let seed = chosen.map_or_else(|| now.unwrap().as_secs(), |seed| seed.parse().unwrap());
    println!("SURVIVAL_SEED={seed}");
    for trial in 0..TRIALS {
        let mut dice = Dice(seed.wrapping_add(trial << 32));
        let name = format!("random-{trial}");
        let what = format!("SURVIVAL_SEED={seed}, {name}");
        let mut ran = killed_after(&mut stage.exec(&name), dice.delay(50, 600));
        let Some(run) = stage.run_of(&name) else {
            continue;
        };
        while ran.is_none() && !stage.has_ended(&run) {
            let mut resume = stage.world.command();
            resume.args(["resume", &run, "--json"]);
            ran = if dice.throw(2) == 0 {
                killed_after(&mut resume, dice.delay(20, 400))
            } else {
                Some(Ran::of(resume.output().unwrap()))
            };
        }
        let ran = ran.unwrap_or_else(|| stage.resume(&run));
        assert!([0, 2].contains(&ran.code), "{what}: {}", ran.all());
        stage.same(&run, &name, &ran, &what);
    }
}

#[test]
fn a_terminated_run_stops_cleanly_and_goes_on() {
    let stage = Stage::new();
    stage.stops(Signal::TERM, "terminated", 2);
    stage.stops(Signal::TERM, "terminated-late", 5);
}

#[test]
fn a_run_interrupted_from_the_keyboard_stops_cleanly_and_goes_on() {
    Stage::new().stops(Signal::INT, "interrupted", 4);
}

/// Processes whose command line holds this word.
fn processes(word: &str) -> usize {
    let lines = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| {
            let line = std::fs::read(entry.path().join("cmdline")).ok()?;
            Some(String::from_utf8_lossy(&line).replace('\0', " "))
        });
    lines
        .filter(|line| line.starts_with("sleep") && line.contains(word))
        .count()
}

#[test]
fn a_run_terminated_in_a_command_takes_the_command_with_it() {
    let world = World::new();
    let repository = world.repository("project", &[]);
    let mut command = world.command();
    command.arg("exec").arg(component("tests/guests/asking"));
    command.arg("--repo").arg(repository).args(UNGATED);
    command.args([
        "--input",
        r#"prepare-1={"run":["sh","-c","exec sleep 97531"]}"#,
    ]);
    let child = started(&mut command);
    let since = Instant::now();
    while processes("97531") == 0 {
        assert!(since.elapsed() < Duration::from_secs(30), "no command");
        std::thread::sleep(Duration::from_millis(5));
    }
    let since = Instant::now();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    Ran::of(child.wait_with_output().unwrap()).expect(
        5,
        &["stopped  asked to stop", "next       minion-rt resume"],
    );
    assert!(
        since.elapsed() < Duration::from_secs(3),
        "{:?}",
        since.elapsed()
    );
    assert_eq!(processes("97531"), 0);
}
