//! `minion-rt resume`.

use super::exec;
use super::start::{Admitting, Kept, More, Ready, means, probe, unsandboxed};
use crate::exit::{ESCALATED, Fail, REFUSED, chain, lines};
use crate::render::progress::Progress;
use crate::render::standing::{look_at, next};
use crate::render::{data, talk};
use crate::settings::Settings;
use crate::verbs::holder::Held;
use crate::verbs::{drive, trees};
use clap::Args;
use minion_grants::shown;
use minion_host::{Inspected, Loaded, Recorded, Resumable, ResumeRequest, take_up};
use minion_journal::{Clock, Parked, RunState, Store, SystemClock, resolve};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

/// Goes on with a run that was killed, stopped or approved
///
/// The run goes on from its last checkpoint with the grants, the model and the blueprint that
/// it began with; what happened since is taken from its journal, not done again.
#[derive(Args)]
pub(crate) struct Resume {
    /// The run's id, or the part of it that screens show
    run: String,
    /// Go on with this version of the blueprint, if it fits where the run stands
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
    #[command(flatten)]
    more: More,
    /// The repository, if it is not where it was
    #[arg(long, value_name = "FOLDER")]
    repo: Option<PathBuf>,
    /// Kill the process that has the run and does not answer any more, with all that it started,
    /// and go on with the run
    #[arg(long)]
    take_over: bool,
    /// Where the journal is kept
    /// [default: $MINION_RT_STATE, else $XDG_DATA_HOME/minion-rt]
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
    /// Print the outcome as JSON, and no progress
    #[arg(long)]
    json: bool,
}

impl Resume {
    pub(crate) fn run(&self) -> Result<u8, Fail> {
        let settings = Settings::new(self.state.as_deref())?;
        let store = drive::store(&settings)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let run = resolve(&*store, &self.run).map_err(|e| Fail::lookup(&e))?;
        if self.take_over
            && let Some(held) = Held::of(&*store, run)?
        {
            held.kill(&*store)?;
        }
        let taken = take_up(&store, &clock, run).map_err(|e| drive::failed(&e))?;
        trees::folder(&settings, taken.recorded())?;
        if let Some(parked) = taken.parked().filter(|parked| parked.decision.is_none())
            && self.with.is_none()
        {
            return Ok(self.waits(&taken, parked));
        }
        let kept = taken.setup(&*store).map_err(|e| drive::failed(&e))?;
        let mut kept: Kept = serde_json::from_value(kept)
            .map_err(|e| Fail::refused(format!("the run's setup cannot be read: {e}")))?;
        kept.authority = kept.authority.and(&self.more);
        // A file that is named was not built by the run's command.
        kept.source = kept.source.filter(|_| self.with.is_none());
        let ready = Ready {
            model: kept.model.model(&settings)?,
            store,
            clock,
        };
        self.go(&settings, taken, &kept, ready)
    }

    fn go(
        &self,
        settings: &Settings,
        taken: Resumable,
        kept: &Kept,
        ready: Ready,
    ) -> Result<u8, Fail> {
        let probing = probe(kept.sandbox);
        let loaded = self.load(&taken, kept, &*ready.store)?;
        let inspected = minion_host::inspect(loaded).map_err(|e| Fail::refused(lines(&e)))?;
        let before = began_with(&taken, &inspected, &*ready.store)?;
        let recorded = taken.recorded();
        let (run, repository) = (recorded.run, PathBuf::from(&recorded.started.repository));
        let top = exec::top(self.repo.as_ref().unwrap_or(&repository));
        let by = Admitting {
            settings,
            repository: &top,
            component: self.with.as_deref(),
            resumed: Some(&run.short()),
            json: self.json,
            before: before.as_ref(),
            run: Some(run),
        };
        let Some(admitted) = kept.authority.admit(inspected, &by)? else {
            return Ok(REFUSED);
        };
        let unsandboxed = unsandboxed(admitted.admission());
        let linked = drive::link(admitted, settings)?;
        let request = ResumeRequest {
            repository: self.repo.clone(),
            setup: json!(kept),
            means: means(settings, ready, kept, probing, unsandboxed, run)?,
        };
        let progress = Progress::new(self.json, None);
        let resumed = minion_host::resume(linked, taken, request, &progress);
        drive::finish(resumed, self.json, Some(&top))
    }

    /// The version that is named, or the one that the run is pinned to.
    fn load(&self, taken: &Resumable, kept: &Kept, store: &dyn Store) -> Result<Loaded, Fail> {
        if let Some(file) = &self.with {
            if file.is_dir() {
                let name = shown(&file.display().to_string());
                return Err(Fail::usage(format!(
                    "`{name}` is a folder: --with wants the .wasm file that `minion-rt build {name}` makes of it"
                )));
            }
            return minion_host::load(file).map_err(|e| Fail::usage(chain(&e)));
        }
        let bytes = Recorded::component(store, taken.component()).map_err(|e| drive::failed(&e))?;
        let name = &taken.recorded().started.blueprint;
        Ok(Loaded::kept(bytes, name).from_source(kept.source.as_deref()))
    }

    /// Nobody has decided yet.
    fn waits(&self, taken: &Resumable, parked: &Parked) -> u8 {
        let (run, tree) = (taken.recorded().run, &parked.tree);
        let node = &parked.node;
        if self.json {
            let run = run.to_string();
            let outcome = json!({ "run": run, "outcome": "waiting", "node": node, "tree": tree });
            data(&outcome.to_string());
        } else {
            let run = run.short();
            talk(&format!("waiting  for a human at {}", shown(node)));
            talk(&format!("  look at    {}", look_at(&run, tree)));
            talk(&format!("  next       {}", next(&run, RunState::Waiting)));
        }
        ESCALATED
    }
}

/// The version that the run began with, where it goes on with another: the words of its command
/// were given for that one.
fn began_with(
    taken: &Resumable,
    inspected: &Inspected,
    store: &dyn Store,
) -> Result<Option<Inspected>, Fail> {
    let started = &taken.recorded().started;
    if inspected.bundle().digest.to_string() == started.component {
        return Ok(None);
    }
    let bytes = Recorded::component(store, &started.component).map_err(|e| drive::failed(&e))?;
    let first = Loaded::kept(bytes, &started.blueprint);
    let first = minion_host::inspect(first).map_err(|e| Fail::refused(lines(&e)))?;
    Ok(Some(first))
}
