//! What is told of a run without reading its records.

use std::str::FromStr;

use super::{Head, Holder, LookupError, Store};
use crate::{Body, Ending, RunFragment, RunId, RunStarted, Seq, Timestamp};

/// What a store is told of a run when it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRun {
    /// Its id.
    pub run: RunId,
    /// When it began.
    pub started: Timestamp,
    /// Name of the blueprint.
    pub blueprint: String,
    /// Version of the blueprint.
    pub version: String,
    /// Path of the repository.
    pub repository: String,
    /// What is to be done.
    pub task: String,
}

impl NewRun {
    /// From the facts of its first record.
    pub fn of(run: RunId, at: Timestamp, started: &RunStarted) -> Self {
        Self {
            run,
            started: at,
            blueprint: started.blueprint.clone(),
            version: started.version.clone(),
            repository: started.repository.clone(),
            task: started.task.clone(),
        }
    }
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunState {
    /// Somebody holds it.
    Running,
    /// Nobody holds it; it waits for a human.
    Waiting,
    /// Nobody holds it; a human has decided, and it can be resumed.
    Decided,
    /// Nobody holds it; somebody stopped it, and it can be resumed.
    Stopped,
    /// Nobody holds it, and it says nothing of why: its process died.
    Interrupted,
    /// It was imported before it had ended: it is there to be read.
    Imported,
    /// It has ended.
    Ended,
}

/// How a writer leaves a run that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pause {
    /// It waits for a human.
    Waiting,
    /// A human has decided what it waited for.
    Decided,
    /// Somebody stopped it.
    Stopped,
}

impl Pause {
    /// Its name, as stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Decided => "decided",
            Self::Stopped => "stopped",
        }
    }

    /// The pause of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Waiting, Self::Decided, Self::Stopped]
            .into_iter()
            .find(|pause| pause.name() == name)
    }

    /// The pause that a record makes when it is the last one.
    pub(crate) const fn after(body: &Body) -> Option<Self> {
        match body {
            Body::Waiting { .. } => Some(Self::Waiting),
            Body::Decided(_) => Some(Self::Decided),
            Body::Stopped { .. } => Some(Self::Stopped),
            _ => None,
        }
    }
}

/// One line of the list of runs. It repeats what the first and the last record
/// say; [`crate::verify`] compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// What it was told at its beginning.
    pub begun: NewRun,
    /// Where it stands.
    pub state: RunState,
    /// Epoch of the last claim.
    pub epoch: u64,
    /// Its last record.
    pub head: Head,
    /// The process that holds it, while it does.
    pub holder: Option<Holder>,
    /// How its last batch left it.
    pub pause: Option<Pause>,
    /// Whether it was written elsewhere.
    pub imported: bool,
    /// Its last checkpoint: where it would go on.
    pub checkpoint: Option<Seq>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How it ended.
    pub ending: Option<Ending>,
}

/// Which runs to list; by default all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Only those that stand so.
    pub state: Option<RunState>,
    /// Only those of this blueprint.
    pub blueprint: Option<String>,
    /// Only those on this repository.
    pub repository: Option<String>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// Finds the one run that a person means: by the whole id, or by its beginning
/// or end when only one run fits.
pub fn resolve(store: &dyn Store, typed: &str) -> Result<RunId, LookupError> {
    let fragment = RunFragment::from_str(typed)?;
    let candidates = store.candidates(&fragment, 5)?;
    match *candidates.as_slice() {
        [run] => Ok(run),
        [] => Err(LookupError::None(typed.to_owned())),
        _ => Err(LookupError::Ambiguous {
            fragment: typed.to_owned(),
            candidates,
        }),
    }
}
