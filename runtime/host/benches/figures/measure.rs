//! Clocks, medians and rows.

use rustix::time::{ClockId, Timespec, clock_gettime};
use std::time::Duration;

/// Wall and processor time of one piece of work; processor time of all threads.
#[derive(Clone, Copy)]
pub(crate) struct Took {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
}

/// Measures one piece of work.
pub(crate) fn took<T>(work: impl FnOnce() -> T) -> (Took, T) {
    let (cpu, wall) = (read(ClockId::ProcessCPUTime), read(ClockId::Monotonic));
    let answer = work();
    let took = Took {
        wall: read(ClockId::Monotonic).saturating_sub(wall),
        cpu: read(ClockId::ProcessCPUTime).saturating_sub(cpu),
    };
    (took, answer)
}

/// The machine's clock: the same in every process.
pub(crate) fn now() -> Duration {
    read(ClockId::Monotonic)
}

fn read(clock: ClockId) -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(clock);
    Duration::new(tv_sec.unsigned_abs(), u32::try_from(tv_nsec).unwrap_or(0))
}

/// The middle one.
pub(crate) fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The middle one in microseconds.
pub(crate) fn micros(times: impl Iterator<Item = Duration>) -> f64 {
    median(times.map(|time| time.as_secs_f64() * 1e6).collect())
}

/// One line of a table.
pub(crate) fn row(what: &str, micros: f64, beside: Option<f64>) {
    match beside {
        Some(floor) => println!("{what:<58} {micros:>10.2} µs {:>8.2}", micros / floor),
        None => println!("{what:<58} {micros:>10.2} µs"),
    }
}

/// The heading of a table.
pub(crate) fn heading(what: &str) {
    println!("\n{what}");
}
