//! The one file from outside: what is refused and with which words, what
//! comes back out of it, and what a build makes of a folder.

mod bombs;
mod building;
mod damage;
mod made;
mod not_ours;
mod parts;
