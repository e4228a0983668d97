//! Many runs, many processes, many visits.

use std::env;
use std::fs;
use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use minion_journal::{Journal, SqliteStore, Store, verify};

use super::{begin, empty_visit, enter, left, median, row, timed};

const DIR: &str = "MINION_BENCH_STORE";
const RUNS: u32 = 64;
const PROCESSES: usize = 8;
const WHILE: Duration = Duration::from_millis(700);

/// Bytes that bring a log past its first checkpoint, so that it is written over from then on.
const WARM: usize = 6 * 1024 * 1024;

/// An empty visit of many runs in one process at the same time, beside one run alone.
pub(super) fn grouped(store: &Arc<dyn Store>, one: Duration) {
    let (visits, together) = (60, Barrier::new(RUNS as usize + 1));
    let took = thread::scope(|scope| {
        for _ in 0..RUNS {
            scope.spawn(|| {
                let journal = begin(store);
                together.wait();
                (1..=u64::from(visits)).for_each(|visit| empty_visit(&journal, visit));
                together.wait();
            });
        }
        together.wait();
        timed(|| {
            together.wait();
        })
    });
    let what = format!("an empty visit, {RUNS} runs at a time");
    row(&what, took / (RUNS * visits), Some(("one run", one)));
}

pub(super) fn is_worker() -> bool {
    env::var_os(DIR).is_some()
}

/// In a worker: begins a run, says so, waits for the word, does visits for a while and
/// tells how many.
pub(super) fn work() {
    let dir = env::var_os(DIR).unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir).unwrap());
    let journal = begin(&store);
    empty_visit(&journal, 1);
    std::io::stdout().write_all(b"r").unwrap();
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_exact(&mut [0]).unwrap();
    let (begun, mut visits) = (Instant::now(), 0);
    while begun.elapsed() < WHILE {
        visits += 1;
        empty_visit(&journal, visits);
    }
    println!("{visits}");
}

/// Visits of several processes on one store in the same time as of one.
pub(super) fn processes(folder: &Path) {
    let dir = folder.join("processes");
    // Kept open: the last to close removes the log, and one that grows costs more to flush.
    let store = SqliteStore::open(&dir).unwrap();
    store.put_blob(&vec![7; WARM]).unwrap();
    let (mut one, mut many) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        one.push(WHILE / by(&dir, 1));
        many.push(WHILE / by(&dir, PROCESSES));
    }
    let (one, many) = (median(one), median(many));
    row("an empty visit, 1 process", one, None);
    let what = format!("an empty visit, {PROCESSES} processes");
    row(&what, many, Some(("one process", one)));
}

/// How many visits they all do.
fn by(dir: &Path, processes: usize) -> u32 {
    let mut workers: Vec<_> = (0..processes).map(|_| worker(dir)).collect();
    for worker in &mut workers {
        let ready = worker.stdout.as_mut().unwrap();
        ready.read_exact(&mut [0]).unwrap();
    }
    for worker in &mut workers {
        worker.stdin.as_mut().unwrap().write_all(b"g").unwrap();
    }
    let visits = workers.into_iter().map(|worker| {
        let output = worker.wait_with_output().unwrap();
        assert!(output.status.success());
        let visits: u32 = std::str::from_utf8(&output.stdout)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        visits
    });
    visits.sum()
}

fn worker(dir: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .env(DIR, dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A visit at place 1,000 and at place 100,000, in turns; and what one takes in the file.
pub(super) fn long(folder: &Path) {
    let (short, _) = filled(folder, 1_000);
    let (long, store) = filled(folder, 100_000);
    let (mut early, mut late) = (Vec::new(), Vec::new());
    for visit in 0..1_200 {
        // A flush may also pay for what the one before it left to the file system.
        for turn in 0..2 {
            if (visit + turn) % 2 == 0 {
                early.push(timed(|| empty_visit(&short, 1_001 + visit)));
            } else {
                late.push(timed(|| empty_visit(&long, 100_001 + visit)));
            }
        }
    }
    let (early, late) = (median(early), median(late));
    row("an empty visit, the 1,000th", early, None);
    let beside = Some(("the 1,000th", early));
    row("an empty visit, the 100,000th", late, beside);
    let run = long.run();
    let checked = timed(|| {
        black_box(verify(&*store, run).unwrap());
    });
    row("verify, a record", checked / (2 * 101_200), None);
    drop((long, store));
    let file = folder.join("filled-100000/journal.sqlite");
    let bytes = fs::metadata(file).unwrap().len() - WARM as u64;
    println!(
        "{:<44} {:>10} bytes",
        "an empty visit in the file",
        bytes / 101_200
    );
}

/// A run of so many visits, in a store of its own; filled without a flush for each.
fn filled(folder: &Path, visits: u64) -> (Journal, Arc<dyn Store>) {
    let dir = folder.join(format!("filled-{visits}"));
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir).unwrap());
    store.put_blob(&vec![7; WARM]).unwrap();
    let journal = begin(&store);
    for visit in 1..=visits {
        enter(&journal, visit);
        journal.note(Some(visit), None, 41, left(visit)).unwrap();
        if visit.is_multiple_of(100) {
            journal.commit().unwrap();
        }
    }
    journal.commit().unwrap();
    (journal, store)
}
