//! The blueprint of the benches: a node for each kind of call, made as often as the task
//! says, and one that makes none.

use minion_sdk::prelude::*;

/// Nothing goes from visit to visit.
#[state]
pub struct Nothing {}

blueprint! {
    state: Nothing,
    start: nothing,

    deterministic nothing { done => logs }
    deterministic logs { done => lists }
    deterministic lists { needs: [source], done => reads }
    deterministic reads { needs: [source], done => changes }
    deterministic changes { needs: [source], done => failed }
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
