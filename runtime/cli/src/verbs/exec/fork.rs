//! `--fork <run>@<node>-<visit>`: the checkpoint of another run.

use crate::exit::Fail;
use crate::settings::Settings;
use crate::verbs::drive;
use crate::verbs::start::Kept;
use crate::verbs::visits::{Place, checkpoints};
use minion_host::{Forking, Loaded, Recorded, recorded};
use minion_journal::{Seq, Store, resolve};
use std::sync::Arc;

/// A run to begin from, at one of its checkpoints.
pub(super) struct Fork {
    pub(super) recorded: Recorded,
    pub(super) kept: Kept,
    checkpoint: Seq,
    component: String,
    store: Arc<dyn Store>,
}

impl Fork {
    pub(super) fn read(settings: &Settings, typed: &str) -> Result<Self, Fail> {
        let (run, place) = typed.split_once('@').ok_or_else(|| {
            Fail::usage(format!(
                "`{typed}` names no visit: --fork wants `<run>@<node>-<visit>`, as `runs show <run>` lists them"
            ))
        })?;
        let store = drive::store(settings)?;
        let run = resolve(&*store, run).map_err(|e| Fail::lookup(&e))?;
        let recorded = recorded(&*store, run).map_err(|e| drive::failed(&e))?;
        let kept = serde_json::from_value(recorded.setup.clone()).unwrap_or_default();
        let found = checkpoints(&*store, run)?;
        let checkpoint = Place::parse(place)?.find(run, &found)?;
        Ok(Self {
            component: checkpoint.component.clone(),
            checkpoint: checkpoint.seq,
            recorded,
            kept,
            store,
        })
    }

    /// The blueprint that the run was of at the time.
    pub(super) fn component(&self) -> Result<Loaded, Fail> {
        let bytes =
            Recorded::component(&*self.store, &self.component).map_err(|e| drive::failed(&e))?;
        Ok(Loaded::kept(bytes, &self.recorded.started.blueprint))
    }

    pub(super) fn forking(self, settings: &Settings) -> Forking {
        Forking {
            from: self.recorded.run,
            checkpoint: self.checkpoint,
            folder: settings.runs().join(self.recorded.run.to_string()),
        }
    }
}
