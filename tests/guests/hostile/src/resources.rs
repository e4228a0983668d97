//! Tricks that want more than there is: time, stack, memory, room in the journal.

use crate::bindings::minion::host::types::Failure;
use crate::bindings::minion::host::{command, log};
use std::hint::black_box;

const MIB: usize = 1 << 20;

/// Never comes back.
pub(crate) fn spin() {
    let mut count = 0_u64;
    loop {
        count = black_box(count.wrapping_add(1));
    }
}

/// Never comes back, each time deeper.
pub(crate) fn recurse() {
    black_box(deeper(black_box(1)));
}

fn deeper(depth: u64) -> u64 {
    if black_box(depth) == 0 {
        return 0;
    }
    deeper(depth + 1) + black_box(depth)
}

/// Takes memory until there is none.
pub(crate) fn allocate() {
    let mut kept = Vec::new();
    loop {
        kept.push(black_box(vec![1_u8; MIB]));
    }
}

/// One line of 100 MiB.
pub(crate) fn shout() {
    log::log(log::Level::Info, &"A".repeat(100 * MIB));
}

/// 64 GiB of arguments that all are the same bytes.
pub(crate) fn repeat() -> Result<(), Failure> {
    let one = "a".repeat(MIB);
    let arguments = vec![one.as_str(); 65_536];
    command::run("true", &arguments).map(drop)
}

/// A million lines.
pub(crate) fn chatter() {
    for number in 0..1_000_000 {
        log::log(log::Level::Info, &format!("line {number}"));
    }
}

/// Two hundred warnings, every other an error.
pub(crate) fn warn_often() {
    for number in 1..=100 {
        log::log(log::Level::Warn, &format!("warning {number}"));
        log::log(log::Level::Error, &format!("error {number}"));
    }
}

/// A state of so many MiB that is JSON and fits the schema.
pub(crate) fn bloated(mib: &str) -> String {
    let mib: usize = mib.parse().expect("a number of MiB");
    let mut state = String::with_capacity(mib * MIB + 16);
    state.push_str(r#"{"text":""#);
    state.extend(std::iter::repeat_n('A', mib * MIB));
    state.push_str(r#""}"#);
    state
}
