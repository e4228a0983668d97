//! One file per verb; what several of them do alike stands beside them.

pub(crate) mod audit;
pub(crate) mod build;
pub(crate) mod cancel;
pub(crate) mod decide;
pub(crate) mod diff;
mod drive;
pub(crate) mod exec;
pub(crate) mod grants;
mod holder;
pub(crate) mod inspect;
mod moment;
pub(crate) mod new;
pub(crate) mod replay;
pub(crate) mod resume;
pub(crate) mod runs;
mod start;
mod trees;
mod visits;
