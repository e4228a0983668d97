//! A run outlives its process: killed anywhere, it is resumed and comes to the same end, once.
//!
//! The blueprint is `tests/guests/survivor`, which does something of every kind; every
//! comparison is with a run of it that nobody disturbed.

mod approval;
mod asking;
mod boundaries;
mod child;
mod contended;
mod counting;
mod doubt;
mod faults;
mod folders;
mod forged;
mod fork;
mod instants;
mod replay;
mod same;
mod same_model;
mod stage;
mod upgrade;
mod variant;
