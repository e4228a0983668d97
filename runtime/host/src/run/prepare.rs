//! Before the first visit: the repository's base, the run's own folders, its workspace and
//! its journal.

use super::ledger::Ledger;
use super::space::{Beside, folder, workspace};
use crate::bindings::blueprint::BlueprintWorldPre;
use crate::event::{Event, Observer, Start};
use crate::guest::Guest;
use crate::link::{Linked, LinkedPlugin};
use crate::project::{self, ProjectError};
use crate::services::Services;
use crate::view::View;
use minion_agents::Model;
use minion_door::{Budget, Door, Halt, Meter};
use minion_grants::{Graph, Node, PathChange, SteeringChange};
use minion_journal::{Clock, Journal, JournalError, Payload, RunId, RunStarted, Store};
use minion_sandbox::{Sandbox, Toolchains};
use minion_workspace::{
    Base, CheckoutError, Repository, RepositoryError, RunStore, RunStoreError, TreeError, TreeId,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a run is asked to do, and with what.
pub struct RunRequest {
    /// The repository, or a plain folder.
    pub repository: PathBuf,
    /// The commit or branch to start from; none: what is checked out.
    pub base: Option<String>,
    /// What to do, in a person's words.
    pub task: String,
    /// Named inputs.
    pub inputs: BTreeMap<String, String>,
    /// The model of agentic nodes.
    pub model: Option<Arc<dyn Model>>,
    /// Where commands run.
    pub sandbox: Sandbox,
    /// Where programs are found.
    pub toolchains: Toolchains,
    /// Where the journal is kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The run's id.
    pub run: RunId,
    /// A folder for the run's own files: objects, workspace, gates.
    pub folder: PathBuf,
    /// What the run may spend.
    pub budget: Budget,
}

/// The run cannot begin, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The repository cannot be used.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The run's own objects cannot be kept.
    #[error(transparent)]
    Objects(#[from] RunStoreError),
    /// A tree cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The base cannot be checked out.
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    /// The project's own file is wrong.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// A folder cannot be made.
    #[error("`{}` cannot be used: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Nothing can be recorded.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The host had to stop.
    #[error(transparent)]
    Halt(#[from] Halt),
}

impl RunError {
    /// The exit code of the command that met it: 2 for what the user can mend, 5 for a run
    /// that had to stop, 70 for a bug of ours.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Repository(_) | Self::Checkout(_) | Self::Project(_) | Self::Folder { .. } => 2,
            Self::Journal(_) | Self::Halt(_) | Self::Objects(_) | Self::Tree(_) => 5,
        }
    }
}

/// One run, while it goes.
pub(super) struct Run {
    pub(super) id: RunId,
    pub(super) services: Arc<Services>,
    pub(super) blueprint: BlueprintWorldPre<Guest>,
    pub(super) graph: Graph,
    pub(super) schema: minion_grants::Schema,
    pub(super) repository: Repository,
    pub(super) base: Base,
    pub(super) view: Arc<View>,
    pub(super) folder: PathBuf,
    pub(super) task: String,
    pub(super) inputs: BTreeMap<String, String>,
    pub(super) ledger: Ledger,
    pub(super) visits: u64,
    pub(super) rounds: BTreeMap<String, u32>,
    /// The workspace's tree when it was last looked at.
    pub(super) tree: TreeId,
    /// What that tree changes, each under every name that the tree gives it.
    pub(super) changes: Vec<PathChange>,
    /// What of it can steer a verdict.
    pub(super) steering: Vec<SteeringChange>,
    /// What was left in the workspace but is in no tree.
    pub(super) beside: Beside,
}

pub(super) fn prepare(
    linked: Linked,
    request: RunRequest,
    observer: &dyn Observer,
) -> Result<Run, RunError> {
    let repository = Repository::open(&request.repository)?;
    folder(&request.folder)?;
    let base = repository.base(request.base.as_deref())?;
    let objects = RunStore::create(&request.folder.join("objects.git"), &repository, &base)?;
    let project = match objects.read_file(base.tree, project::PATH)? {
        Some(content) => project::parse(&content)?,
        None => Vec::new(),
    };
    let view = workspace(&request, &objects, &base)?;
    observer.hear(&Event::Started(&start(
        &linked,
        &request,
        &repository,
        &base,
    )));
    let journal = journal(&linked, &request, &repository, &base)?;
    let (admitted, engine) = (linked.admitted, linked.engine);
    let (inspected, graph, admission) = admitted.into_parts();
    let services = Services {
        engine,
        door: Door::new(Arc::new(journal), Meter::new(request.budget)),
        admission,
        plugins: linked.plugins,
        prompts: inspected.bundle().prompts.clone(),
        project,
        model: request.model,
        sandbox: request.sandbox,
        toolchains: request.toolchains,
        objects,
        base: base.tree,
        started: Duration::from_micros(request.clock.now().micros()),
        seed: seed(request.run),
        visit_spent: Mutex::default(),
        agents: Mutex::default(),
    };
    Ok(Run {
        id: request.run,
        services: Arc::new(services),
        blueprint: linked.blueprint,
        schema: linked.schema,
        graph,
        repository,
        tree: base.tree,
        base,
        view: Arc::new(view),
        folder: request.folder,
        task: request.task,
        inputs: request.inputs,
        ledger: Ledger::default(),
        visits: 0,
        rounds: BTreeMap::new(),
        changes: Vec::new(),
        steering: Vec::new(),
        beside: Beside::default(),
    })
}

fn journal(
    linked: &Linked,
    request: &RunRequest,
    repository: &Repository,
    base: &Base,
) -> Result<Journal, RunError> {
    let bundle = linked.admitted.inspected().bundle();
    let start = RunStarted {
        blueprint: bundle.manifest.name.to_string(),
        version: bundle.manifest.version.to_string(),
        component: bundle.digest.to_string(),
        contract: bundle.contract.to_string(),
        base_commit: base.commit.map(|commit| commit.to_string()),
        base_tree: base.tree.to_string(),
        repository: repository.top().display().to_string(),
        task: request.task.clone(),
        inputs: Payload::Inline(json!(request.inputs)),
        admission: Payload::Inline(json!(linked.admitted.admission())),
        sandbox: request.sandbox.level().to_string(),
        runtime_version: env!("CARGO_PKG_VERSION").to_owned(),
        model: request.model.as_ref().map(|model| model.label()),
        parts: linked.plugins.iter().map(part).collect(),
        setup: None,
        forked: None,
    };
    Ok(Journal::begin(
        Arc::clone(&request.store),
        Arc::clone(&request.clock),
        request.run,
        start,
    )?)
}

fn part((name, plugin): (&minion_grants::PartName, &LinkedPlugin)) -> minion_journal::Part {
    minion_journal::Part {
        name: name.to_string(),
        digest: plugin.digest.to_string(),
        origin: crate::outcome::origin(plugin.origin).to_owned(),
    }
}

fn start(linked: &Linked, request: &RunRequest, repository: &Repository, base: &Base) -> Start {
    let manifest = &linked.admitted.inspected().bundle().manifest;
    Start {
        run: request.run.short(),
        blueprint: format!("{} {}", manifest.name, manifest.version),
        base: described(base),
        dirty: repository.is_dirty(),
        sandbox: request.sandbox.level().to_string(),
        model: request.model.as_ref().map(|model| model.label()),
    }
}

/// `main@8c1f0e2`, for people.
pub(super) fn described(base: &Base) -> String {
    let branch = base.branch.as_deref().unwrap_or("detached");
    match base.commit {
        Some(commit) => format!("{branch}@{:.7}", commit.to_string()),
        None => format!("folder@{:.7}", base.tree.to_string()),
    }
}

fn seed(run: RunId) -> u64 {
    let bytes = run.to_bytes();
    let (high, low) = bytes.split_at(8);
    let word = |half: &[u8]| {
        half.iter()
            .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte))
    };
    word(high) ^ word(low)
}

impl Run {
    /// Where the graph sends the run when the node's visits are spent.
    pub(super) fn spent_visits(&self, node: &Node) -> Option<minion_grants::NodeId> {
        let bound = node.max_visits.as_ref()?;
        let had = self
            .rounds
            .get(node.id.as_str())
            .copied()
            .unwrap_or_default();
        (had >= bound.visits).then(|| bound.then.clone())
    }

    /// A state that a step returned: JSON within its size that fits the graph's schema.
    pub(super) fn checked_state(&self, text: &str, most: usize) -> Result<Value, String> {
        super::step::checked(text, most, &self.schema)
    }
}
