//! Killed at every record and at every append: before it, and after it.

use super::child::At;
use super::stage::Stage;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

/// Kills at the first, the second … until a run comes to its end; two at a time.
fn family(at: fn(u64) -> At) -> u64 {
    let stage = Stage::new();
    let (next, over) = (AtomicU64::new(1), AtomicBool::new(false));
    let failed = AtomicU64::new(0);
    let work = || {
        while !over.load(SeqCst) {
            let n = next.fetch_add(1, SeqCst);
            let (run, killed) = stage.killed(at(n));
            over.fetch_or(!killed, SeqCst);
            // The others are tried as well: which of them fail says why.
            let what = format!("{:?} of {run}", at(n));
            if catch_unwind(AssertUnwindSafe(|| goes_on(&stage, &run, &what))).is_err() {
                failed.fetch_add(1, SeqCst);
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    assert_eq!(failed.load(SeqCst), 0, "trials failed");
    next.load(SeqCst)
}

/// The killed run is resumed, and is the undisturbed one; but for one that had not begun or
/// was over.
fn goes_on(stage: &Stage, run: &str, what: &str) {
    if !stage.is_there(run) {
        assert!(stage.branches(run).is_empty(), "{what}");
        stage.resume(run).expect(2, &["no run begins"]);
        return;
    }
    let over = stage.has_ended(run);
    let ran = stage.resume(run);
    let code = if over { 2 } else { 0 };
    assert_eq!(ran.code, code, "{what}: {}", ran.all());
    let told = stage.same(run, run, &ran, what);
    assert_eq!(told.resumes, u64::from(!over), "{what}");
}

#[test]
fn killed_at_any_record_a_run_comes_to_the_same_end() {
    assert!(family(At::Record) > 70);
}

#[test]
fn killed_before_any_append_a_run_comes_to_the_same_end() {
    assert!(family(At::Before) > 15);
}

#[test]
fn killed_after_any_append_a_run_comes_to_the_same_end() {
    assert!(family(At::After) > 15);
}
