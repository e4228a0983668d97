//! The blueprint of the benches: a node for each kind of call, made as often as the task
//! says, one that makes none, and one that is visited in laps.

use minion_sdk::prelude::*;

/// What goes from visit to visit.
#[state]
pub struct Nothing {
    /// Laps that were had.
    laps: u32,
}

blueprint! {
    state: Nothing,
    start: lap,

    deterministic lap {
        needs: [source, change],
        max_visits: 1_000_000, then: failed,
        again => lap, calls => nothing, done => failed,
    }
    deterministic nothing { done => logs }
    deterministic logs { done => lists }
    deterministic lists { needs: [source], done => reads }
    deterministic reads { needs: [source], done => changes }
    deterministic changes { needs: [source], done => failed }
}

/// One of as many visits as the task says, `1000`: of each, so many reads, `1000 reads 10`, or
/// one changed file, `1000 writes 1`.
fn lap(mut state: Nothing, cx: &Context) -> Step<Nothing> {
    let words: Vec<_> = cx.task().split(' ').collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<u32>().ok());
    let (laps, calls) = (number(0).unwrap_or(0), number(2).unwrap_or(0));
    for _ in 0..calls {
        if words.get(1) == Some(&"writes") {
            let text = format!("lap {}\n", state.laps);
            cx.workspace().write("src/lap.txt", text.as_bytes())?;
        } else {
            cx.workspace().read("src/lib.rs")?;
        }
    }
    state.laps += 1;
    let label = if state.laps < laps { "again" } else { "done" };
    Ok(state.then(label))
}

#[expect(clippy::unnecessary_wraps, reason = "what a step looks like")]
fn nothing(state: Nothing, _cx: &Context) -> Step<Nothing> {
    Ok(state.then("done"))
}

fn logs(state: Nothing, cx: &Context) -> Step<Nothing> {
    for _ in 0..times(cx)? {
        cx.log("a line of a usual length, for whoever reads it");
    }
    Ok(state.then("done"))
}

fn lists(state: Nothing, cx: &Context) -> Step<Nothing> {
    for _ in 0..times(cx)? {
        cx.workspace().list("src")?;
    }
    Ok(state.then("done"))
}

fn reads(state: Nothing, cx: &Context) -> Step<Nothing> {
    for _ in 0..times(cx)? {
        cx.workspace().read("src/lib.rs")?;
    }
    Ok(state.then("done"))
}

fn changes(state: Nothing, cx: &Context) -> Step<Nothing> {
    for _ in 0..times(cx)? {
        cx.workspace().changes()?;
    }
    Ok(state.then("done"))
}

fn times(cx: &Context) -> Result<u32, Failure> {
    let times = cx.task().parse();
    times.map_err(|_| Failure::Invalid("the task is a number here".to_owned()))
}
