//! Appends and commits beside the floor.
fn main() {}
