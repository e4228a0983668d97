//! `minion-rt exec`.

mod fork;
mod inputs;

use super::start::{
    Admitting, Authority, Kept, ModelArguments, Ready, Walls, means, probe, unsandboxed,
};
use crate::exit::{Fail, REFUSED, chain, lines};
use crate::render::progress::Progress;
use crate::render::talk;
use crate::settings::Settings;
use crate::verbs::build;
use crate::verbs::drive;
use clap::Args;
use fork::Fork;
use minion_grants::NodeKind;
use minion_host::{Admitted, Loaded, RunRequest};
use minion_journal::{Clock, IdSource, SystemClock, SystemIds};
use minion_sandbox::Probing;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs a blueprint on a repository
///
/// Authority comes from a grants file and from --allow, never from the blueprint. Without
/// enough of it the command lists everything that is missing and exits with 3.
#[derive(Args)]
pub(crate) struct Exec {
    /// The blueprint: a .wasm file, or a folder of source, which is built first
    #[arg(required_unless_present = "fork")]
    blueprint: Option<PathBuf>,
    /// The repository to work on, or a plain folder
    /// [default: here; with --fork that of the run]
    #[arg(long, value_name = "FOLDER")]
    repo: Option<PathBuf>,
    /// The commit or branch to start from [default: what is checked out]
    #[arg(long, value_name = "REVISION", conflicts_with = "fork")]
    base: Option<String>,
    /// Begin where a visit of another run ended, `<run>@<node>-<visit>`: its state, its tree
    /// and its evidence; what is not named here is as it was there
    #[arg(long, value_name = "RUN@VISIT")]
    fork: Option<String>,
    /// What to do, in your words
    #[arg(long, value_parser = inputs::task)]
    task: Option<String>,
    /// An input that the blueprint declares, `name=value`
    #[arg(long = "input", value_name = "NAME=VALUE")]
    inputs: Vec<String>,
    #[command(flatten)]
    authority: Authority,
    #[command(flatten)]
    model: ModelArguments,
    /// Demand this level of the sandbox, in place of the strongest that the machine gives
    #[arg(long, value_name = "LEVEL")]
    sandbox: Option<Walls>,
    /// Where journal, workspaces and compiled components are kept
    /// [default: $MINION_RT_STATE, else $XDG_DATA_HOME/minion-rt]
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
    /// Print the outcome as JSON, and no progress
    #[arg(long)]
    json: bool,
    /// Use no network when a blueprint is built from its source
    #[arg(long)]
    offline: bool,
}

/// What to do about a blueprint with an agent and nobody to play it.
const NO_MODEL: &str = "the blueprint has an agent, and no model is named for it: give --cassette, or --model-url and \
--model, or a `[default]` in agents.toml beside the grants";

/// What to do about an agent that nobody told anything.
const NO_TASK: &str = "the blueprint has an agent, and nobody says what it is to do: give --task, e.g. \
--task \"the parser drops the last line\"";

impl Exec {
    pub(crate) fn run(&self) -> Result<u8, Fail> {
        let settings = Settings::new(self.state.as_deref())?;
        let probing = probe(self.sandbox);
        let fork = match &self.fork {
            Some(typed) => Some(Fork::read(&settings, typed)?),
            None => None,
        };
        let mut kept = self.kept(&settings, fork.as_ref());
        let loaded = self.load(&settings, fork.as_ref())?;
        kept.source = loaded.source.clone().or(kept.source);
        let loaded = loaded.from_source(kept.source.as_deref());
        let inspected = minion_host::inspect(loaded).map_err(|e| Fail::refused(lines(&e)))?;
        if let Some(fork) = &fork
            && kept.authority.is_asked()
            && !self.authority.is_named()
        {
            fork.same_version(&inspected)?;
        }
        let repository = self.repository(fork.as_ref());
        let by = Admitting {
            settings: &settings,
            repository: &top(&repository),
            component: self.blueprint.as_deref(),
            resumed: None,
            json: self.json,
            before: None,
            run: None,
        };
        let Some(admitted) = kept.authority.admit(inspected, &by)? else {
            return Ok(REFUSED);
        };
        kept.model = kept.model.resolved(&settings)?;
        self.go(admitted, &settings, &kept, fork, probing)
    }

    /// What the journal keeps of this command; a fork takes what is not named from its run.
    fn kept(&self, settings: &Settings, fork: Option<&Fork>) -> Kept {
        let of_fork = || fork.map(|fork| fork.kept.clone()).unwrap_or_default();
        let authority = if fork.is_some() && !self.authority.is_named() {
            of_fork().authority
        } else {
            self.authority.clone().absolute(settings)
        };
        let model = if fork.is_some() && !self.model.is_named() {
            of_fork().model
        } else {
            self.model.clone()
        };
        Kept {
            authority,
            model,
            sandbox: self.sandbox.or(of_fork().sandbox),
            source: of_fork().source.filter(|_| self.blueprint.is_none()),
        }
    }

    fn repository(&self, fork: Option<&Fork>) -> PathBuf {
        let of_fork = fork.map(|fork| PathBuf::from(&fork.recorded.started.repository));
        let named = self.repo.clone().or(of_fork);
        named.unwrap_or_else(|| PathBuf::from("."))
    }

    /// The file as it is, the folder as this command builds it, or what a fork's run is of.
    fn load(&self, settings: &Settings, fork: Option<&Fork>) -> Result<Loaded, Fail> {
        let Some(blueprint) = &self.blueprint else {
            return match fork {
                Some(fork) => fork.component(),
                None => Err(Fail::usage("no blueprint is named")),
            };
        };
        if !blueprint.is_dir() {
            return minion_host::load(blueprint).map_err(|e| Fail::usage(chain(&e)));
        }
        if !self.json {
            talk(&format!("building {}", blueprint.display()));
        }
        let built = build::build(blueprint, Some(settings), self.offline, true)?;
        if !self.json {
            let digest = built.bundle.digest;
            talk(&format!("built  {}  {digest}", blueprint.display()));
        }
        Ok(Loaded::built(built.wasm, blueprint))
    }

    fn go(
        &self,
        admitted: Admitted,
        settings: &Settings,
        kept: &Kept,
        fork: Option<Fork>,
        probing: Option<Probing>,
    ) -> Result<u8, Fail> {
        let agentic = admitted
            .graph()
            .nodes
            .iter()
            .any(|node| node.kind == NodeKind::Agentic);
        if agentic && self.task.is_none() && fork.is_none() {
            return Err(Fail::usage(NO_TASK));
        }
        let declared = &admitted.inspected().bundle().manifest.inputs;
        let mut inputs = inputs::inputs(&self.inputs, declared)?;
        let ready = Ready {
            model: kept.model.model(settings)?,
            store: drive::store(settings)?,
            clock: Arc::new(SystemClock),
        };
        if agentic && ready.model.is_none() && !self.json {
            talk(&format!("note   {NO_MODEL}"));
        }
        let unsandboxed = unsandboxed(admitted.admission());
        let linked = drive::link(admitted, settings)?;
        let run = SystemIds.next(SystemClock.now());
        let repository = self.repository(fork.as_ref());
        let mut task = self.task.clone();
        if let Some(fork) = &fork {
            for (name, value) in &fork.recorded.inputs {
                inputs.entry(name.clone()).or_insert_with(|| value.clone());
            }
            task = task.or_else(|| Some(fork.recorded.started.task.clone()));
        }
        let whole = top(&repository);
        let inside = is_inside(&repository, &whole).then(|| whole.clone());
        let request = RunRequest {
            repository,
            base: self.base.clone(),
            task: task.unwrap_or_default(),
            inputs,
            run,
            fork: fork.map(|fork| fork.forking(settings)),
            setup: json!(kept),
            means: means(settings, ready, kept, probing, unsandboxed, run)?,
        };
        let progress = Progress::new(self.json, inside);
        drive::finish(
            minion_host::run(linked, request, &progress),
            self.json,
            Some(&whole),
        )
    }
}

/// The repository's top as far as it can be told before it is opened.
pub(super) fn top(path: &Path) -> PathBuf {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let found = path.ancestors().find(|folder| folder.join(".git").exists());
    found.unwrap_or(&path).to_owned()
}

/// Whether a folder lies in a repository without being its top.
fn is_inside(path: &Path, top: &Path) -> bool {
    path.canonicalize().is_ok_and(|path| path != top)
}
