//! The one file from outside: what is refused and with which words, what
//! comes back out of it, and what a build makes of a folder.

#![expect(clippy::unwrap_used, reason = "what a test makes has to be made")]

mod bombs;
mod building;
mod damage;
mod made;
mod new;
mod not_ours;
mod parts;
