//! What every run is made of, whether it is new, resumed or forked.

use super::ledger::Ledger;
use super::machine::{Begun, Machine, Position, Told, Visits};
use super::space::Beside;
use crate::link::Linked;
use crate::network::Network;
use crate::project::{self, ProjectError};
use crate::services::{Services, World};
use crate::view::{Seen, View};
use minion_agents::Model;
use minion_door::{Budget, Door, Halt};
use minion_grants::{PathChange, SteeringChange};
use minion_journal::{Clock, JournalError, ReadError, RunId, Store, StoreError, Timestamp};
use minion_sandbox::{Sandbox, Toolchains};
use minion_workspace::{
    Base, CheckoutError, ClosedError, Repository, RepositoryError, RunStore, RunStoreError,
    TreeError, TreeId,
};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// With what a run is done, whichever process does it.
pub struct Means {
    /// The model of agentic nodes.
    pub model: Option<Arc<dyn Model>>,
    /// Where commands run.
    pub sandbox: Sandbox,
    /// Where programs are found.
    pub toolchains: Toolchains,
    /// The way out to the network.
    pub network: Network,
    /// Where the journal is kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
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
    /// The repository of a run that was left is not where it was.
    #[error("{0}; if it is elsewhere now, name it with `--repo`")]
    Gone(#[source] RepositoryError),
    /// The folder of a run that was left is gone, and its trees with it.
    #[error(
        "the files of run {} are gone: there is no `{}`; only `minion-rt runs show` and `minion-rt replay` remain",
        run.short(), path.display()
    )]
    Lost {
        /// Which run.
        run: RunId,
        /// Where its objects were.
        path: PathBuf,
    },
    /// The run's own objects cannot be kept.
    #[error(transparent)]
    Objects(#[from] RunStoreError),
    /// A tree cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A tree cannot be checked out.
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
    /// A folder of the run could be somebody else's.
    #[error(transparent)]
    Closed(#[from] ClosedError),
    /// Nothing can be recorded.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was recorded cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The run cannot be taken up again, for the reason given.
    #[error("{0}")]
    Unfit(String),
    /// A run cannot be forked without its files.
    #[error(
        "the files of run `{0}` are not here any more, and a fork begins with them; its journal tells only the ids of its trees"
    )]
    NoOrigin(RunId),
    /// The host had to stop.
    #[error(transparent)]
    Halt(#[from] Halt),
}

/// Where a run takes place.
pub(super) struct Place {
    pub(super) id: RunId,
    pub(super) repository: Repository,
    pub(super) base: Base,
    pub(super) objects: RunStore,
    pub(super) view: View,
    pub(super) task: String,
    pub(super) inputs: BTreeMap<String, String>,
    /// When the run began: what guests see as the time.
    pub(super) started: Timestamp,
}

/// One run, while it goes.
pub(super) struct Run {
    pub(super) id: RunId,
    pub(super) machine: Machine,
    pub(super) services: Arc<Services>,
    pub(super) repository: Repository,
    pub(super) base: Base,
    pub(super) view: Arc<View>,
    pub(super) folder: PathBuf,
    pub(super) at: Position,
    pub(super) visits: Visits,
    pub(super) ledger: Ledger,
    /// The workspace's tree when it was last looked at.
    pub(super) tree: TreeId,
    /// What that tree changes, each under every name that the tree gives it.
    pub(super) changes: Vec<PathChange>,
    /// What of it can steer a verdict.
    pub(super) steering: Vec<SteeringChange>,
    /// What was left in the workspace but is in no tree.
    pub(super) beside: Beside,
    /// What the four above were made from.
    pub(super) seen: Arc<Seen>,
    /// What was spent, as the last checkpoint told it.
    pub(super) told: Option<Told>,
    /// How long earlier processes were at it.
    pub(super) ran: Duration,
}

impl Run {
    /// What the run acts on.
    pub(super) fn world(&self) -> Result<&World, Halt> {
        let world = self.services.world.as_ref();
        world.ok_or_else(|| Halt::Stopped("a replay has no workspace".to_owned()))
    }
}

/// Puts a run together at the position that it begins or goes on with.
pub(super) fn assemble(
    linked: Linked,
    means: Means,
    place: Place,
    door: Door,
    begun: Begun,
) -> Result<Run, RunError> {
    let project = match place.objects.read_file(place.base.tree, project::PATH)? {
        Some(content) => project::parse(&content)?,
        None => Vec::new(),
    };
    let (admitted, engine) = (linked.admitted, linked.engine);
    let (inspected, graph, admission) = admitted.into_parts();
    let world = World {
        admission,
        model: means.model,
        sandbox: means.sandbox,
        toolchains: means.toolchains,
        network: means.network,
        objects: place.objects,
        base: place.base.tree,
    };
    let services = Arc::new(Services {
        engine,
        door,
        plugins: linked.plugins,
        prompts: inspected.bundle().prompts.clone(),
        project,
        world: Some(world),
        started: Duration::from_micros(place.started.micros()),
        seed: seed(place.id),
        visit_spent: Mutex::default(),
        agents: Mutex::new(begun.agents),
    });
    let machine = Machine {
        services: Arc::clone(&services),
        blueprint: linked.blueprint,
        graph,
        schema: linked.schema,
        task: place.task,
        inputs: place.inputs,
    };
    // A workspace that begins with the base has no changes to be looked for.
    let seen = match place.view.look() {
        Ok(seen) if seen.tree == place.base.tree => seen,
        _ => Seen::fresh(place.base.tree),
    };
    let mut run = Run {
        id: place.id,
        machine,
        services,
        repository: place.repository,
        tree: place.base.tree,
        base: place.base,
        view: Arc::new(place.view),
        folder: means.folder,
        at: begun.at,
        visits: begun.visits,
        ledger: begun.ledger,
        changes: Vec::new(),
        steering: Vec::new(),
        beside: Beside::default(),
        seen,
        told: begun.told,
        ran: begun.ran,
    };
    run.look()?;
    Ok(run)
}

/// `main@8c1f0e2`, for people.
pub(super) fn described(base: &Base) -> String {
    let branch = base.branch.as_deref().unwrap_or("detached");
    match base.commit {
        Some(commit) => format!("{branch}@{:.7}", commit.to_string()),
        None => format!("folder@{:.7}", base.tree.to_string()),
    }
}

/// What guests see as randomness comes from the run's id, so that it is the same again.
pub(super) fn seed(run: RunId) -> u64 {
    let bytes = run.to_bytes();
    let (high, low) = bytes.split_at(8);
    let word = |half: &[u8]| {
        half.iter()
            .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte))
    };
    word(high) ^ word(low)
}
