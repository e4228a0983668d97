//! What a call that observes costs above the raw import call: processor time of a visit
//! with many calls, less that of the same visit with none, through the door and through an
//! import that only answers. What the files themselves cost stands apart.

use crate::measure::{heading, median, took};
use crate::raw::{Answers, Raw};
use crate::world::{World, linked};
use minion_host::bench::Prepared;
use minion_host::{Engine, Silent};
use minion_workspace::{FileOp, Files};
use std::hint::black_box;

const ROUNDS: usize = 60;

/// A node of the blueprint, and how often it calls.
const KINDS: [(&str, &str, u32); 4] = [
    ("log", "logs", 500),
    ("workspace.list, 20 entries", "lists", 500),
    ("workspace.read, 1.1 KB", "reads", 500),
    ("workspace.changes, 20 files", "changes", 500),
];

pub(crate) fn figures(world: &World) {
    let engine = Engine::new(None).unwrap();
    let request = world.request();
    let ours = Prepared::new(linked(&world.calls, &engine), request, &Silent).unwrap();
    let files = Files::open(&ours.root()).unwrap();
    let raw = Raw::new(
        &engine,
        &std::fs::read(&world.calls).unwrap(),
        answers(&files),
    );
    let mut bench = Bench {
        runtime: tokio::runtime::Runtime::new().unwrap(),
        ours,
        raw,
        files,
    };
    heading("a call that observes; processor time of one call, median, µs");
    println!(
        "{:<30} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "", "raw", "files", "ours", "commit", "added"
    );
    for kind in KINDS {
        bench.kind(kind);
    }
}

fn answers(files: &Files) -> Answers {
    let entries = files.list("src", &yes).unwrap().value;
    Answers {
        content: files.read("src/lib.rs", &yes).unwrap().value,
        names: entries.into_iter().map(|entry| entry.name).collect(),
        first: None,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what a judge looks like")]
fn yes(_: FileOp, _: &str) -> Result<(), ()> {
    Ok(())
}

struct Bench {
    runtime: tokio::runtime::Runtime,
    ours: Prepared,
    raw: Raw,
    files: Files,
}

impl Bench {
    /// Raw, the files, ours, the share of the commit; and what we add: ours and the commit
    /// less raw and files.
    fn kind(&mut self, (name, node, calls): (&str, &str, u32)) {
        let mut columns: [Vec<f64>; 5] = Default::default();
        for _ in 0..ROUNDS {
            let raw = self.raw(node, calls) - self.raw(node, 0);
            let files = self.io(node, calls);
            let ours = self.own(node, calls);
            let commit = took(|| self.ours.commit().unwrap()).0;
            let ours = ours - self.own(node, 0);
            let commit = commit.cpu.as_secs_f64() * 1e6;
            let added = ours + commit - raw - files;
            for (column, value) in columns.iter_mut().zip([raw, files, ours, commit, added]) {
                column.push(value / f64::from(calls));
            }
        }
        let [raw, files, ours, commit, added] = columns.map(median);
        println!("{name:<30} {raw:>9.2} {files:>9.2} {ours:>9.2} {commit:>9.2} {added:>9.2}");
    }

    fn raw(&self, node: &str, calls: u32) -> f64 {
        let task = calls.to_string();
        let work = || self.runtime.block_on(self.raw.visit(node, &task));
        took(work).0.cpu.as_secs_f64() * 1e6
    }

    fn own(&mut self, node: &str, calls: u32) -> f64 {
        self.ours.set_task(calls.to_string());
        let (took, label) = took(|| self.runtime.block_on(self.ours.visit(node)));
        assert_eq!(label.unwrap().unwrap(), "done");
        took.cpu.as_secs_f64() * 1e6
    }

    /// The same work on the files, with a judge that always says yes.
    fn io(&self, node: &str, calls: u32) -> f64 {
        let work = || {
            for _ in 0..calls {
                match node {
                    "lists" => drop(black_box(self.files.list("src", &yes).unwrap())),
                    "reads" => drop(black_box(self.files.read("src/lib.rs", &yes).unwrap())),
                    "changes" => drop(black_box(self.ours.changes())),
                    _ => {}
                }
            }
        };
        took(work).0.cpu.as_secs_f64() * 1e6
    }
}
