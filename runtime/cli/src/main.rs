//! The minion-rt command.
fn main() {}
