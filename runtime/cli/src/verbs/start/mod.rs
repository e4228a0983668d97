//! What `exec` and `resume` have in common: who may do what, with which model, behind which
//! walls. What a resume has to know of it again is [`Kept`], which stands in the journal.

mod authority;
mod earlier;
mod files;
mod means;
mod model;
mod way;

pub(crate) use authority::{Admitting, Authority, More, today};
pub(crate) use earlier::RunsMade;
pub(crate) use files::Files;
pub(crate) use means::{Ready, Walls, means, probe, unsandboxed};
pub(crate) use model::ModelArguments;
pub(super) use way::distrusted;

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The command's words that a resume needs again, with absolute paths.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Kept {
    pub(crate) authority: Authority,
    pub(crate) model: ModelArguments,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sandbox: Option<Walls>,
    /// The folder of source that the blueprint was built from by the command itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<PathBuf>,
}
