//! `--fork <run>@<node>-<visit>`: the checkpoint of another run.

use crate::exit::Fail;
use crate::settings::Settings;
use crate::verbs::drive;
use crate::verbs::start::Kept;
use crate::verbs::visits::{Place, checkpoints};
use minion_host::{Forking, Inspected, Loaded, Recorded, RunError, recorded};
use minion_journal::{RunId, Seq, Store, resolve};
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
        may_be(settings, &*store, run)?;
        let recorded = recorded(&*store, run).map_err(|e| drive::failed(&e))?;
        let mut kept: Kept = serde_json::from_value(recorded.setup.clone()).unwrap_or_default();
        let found = checkpoints(&*store, run)?;
        let checkpoint = Place::parse(place)?.find(run, &found)?;
        // A version that the run was moved to was not built by its command.
        kept.source = kept
            .source
            .filter(|_| checkpoint.component == recorded.started.component);
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

    /// What the run was granted because it asked for it, another version was not.
    pub(super) fn same_version(&self, inspected: &Inspected) -> Result<(), Fail> {
        if inspected.bundle().digest.to_string() == self.recorded.started.component {
            return Ok(());
        }
        let run = self.recorded.run.short();
        Err(Fail::usage(format!(
            "the --allow-asked of run {run} was given for another version of its blueprint; say what this one is granted, \
             with --allow-asked, --grants or --allow"
        )))
    }

    pub(super) fn forking(self, settings: &Settings) -> Forking {
        Forking {
            from: self.recorded.run,
            checkpoint: self.checkpoint,
            folder: settings.runs().join(self.recorded.run.to_string()),
        }
    }
}

/// Told before anything else is done or said.
fn may_be(settings: &Settings, store: &dyn Store, run: RunId) -> Result<(), Fail> {
    let found = store.summary(run).map_err(|e| Fail::store(&e))?;
    if found.imported {
        let run = run.short();
        return Err(Fail::usage(format!(
            "run {run} was imported: its evidence, its grants and its model are the word of whoever made the file, and \
             nothing is begun from them; `minion-rt replay {run}` does it again"
        )));
    }
    if settings
        .runs()
        .join(run.to_string())
        .join("objects.git")
        .is_dir()
    {
        return Ok(());
    }
    Err(drive::failed(&RunError::NoOrigin(run)))
}
