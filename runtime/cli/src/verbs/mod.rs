//! One file per verb: its arguments, whose documentation is the help, and `run`.

pub(crate) mod build;
pub(crate) mod exec;
pub(crate) mod inspect;
pub(crate) mod new;
pub(crate) mod runs;
