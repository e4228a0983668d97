//! Before the first visit of a new run: the repository's base, the run's own folders, its
//! workspace and its journal.

use super::assemble::{Means, Place, Run, RunError, assemble, described};
use super::budget;
use super::machine::Begun;
use super::recover::{Inherited, Reading, Setup, misfits, past, recorded, visit_of};
use super::resume;
use super::space::{group, own_folder, workspace};
use crate::event::{Event, Observer, Start};
use crate::link::{Linked, LinkedPlugin};
use minion_door::{Door, Meter};
use minion_grants::shown;
use minion_journal::{
    AppendError, Blob, ClaimError, Enclosed, Forked, Hash, Journal, JournalError, Payload, RunId,
    RunStarted, Seq, StoreError,
};
use minion_workspace::{Base, Kind, Repository, RunStore, TreeId, closed};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

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
    /// The run's id.
    pub run: RunId,
    /// The checkpoint of another run to go on from.
    pub fork: Option<Forking>,
    /// What else a resume will need, in the caller's own words: it is kept in the journal
    /// and given back.
    pub setup: Value,
    /// With what.
    pub means: Means,
}

/// From where a fork goes on.
#[derive(Debug, Clone)]
pub struct Forking {
    /// The run that it comes from.
    pub from: RunId,
    /// The checkpoint there.
    pub checkpoint: Seq,
    /// The folder of that run.
    pub folder: PathBuf,
}

/// Lays everything out and writes the first record.
pub(super) fn begin(
    linked: Linked,
    request: RunRequest,
    observer: &dyn Observer,
) -> Result<Run, RunError> {
    let inherited = match &request.fork {
        Some(fork) => Some(inherit(&linked, &request, fork)?),
        None => None,
    };
    let Grounds {
        repository,
        base,
        objects,
        tree,
    } = match (&request.fork, &inherited) {
        (Some(fork), Some(inherited)) => forked_grounds(&request, fork, inherited)?,
        _ => grounds(&request)?,
    };
    let means = &request.means;
    let view = workspace(means, &objects, tree, &base)?;
    observer.hear(&Event::Started(&start(
        &linked,
        &request,
        &repository,
        &base,
    )));
    // A git repository has the base's objects; those of a plain folder or of another run's
    // tree are the run's own, and on the disk before a record names them.
    if repository.kind() == Kind::Folder || inherited.is_some() {
        objects.sync()?;
    }
    let first = first(&linked, &request, &repository, &base, inherited.as_ref())?;
    let bundle = linked.admitted.inspected().bundle();
    let journal = Arc::new(journal(&request, &first, &bundle.bytes)?);
    let started = journal.started();
    let budget = budget::within(means.budget, linked.admitted.admission().limits());
    let begun = match inherited {
        Some(inherited) => inherited.into(),
        None => Begun::new(linked.admitted.graph()),
    };
    let door = Door::new(journal, Meter::new(budget));
    let place = Place {
        id: request.run,
        repository,
        base,
        objects,
        view,
        task: request.task,
        inputs: request.inputs,
        started,
    };
    assemble(linked, request.means, place, door, begun)
}

/// What a run stands on.
struct Grounds {
    repository: Repository,
    base: Base,
    objects: RunStore,
    /// What the workspace begins with.
    tree: TreeId,
}

fn grounds(request: &RunRequest) -> Result<Grounds, RunError> {
    let repository = Repository::open(&request.repository)?;
    own_folder(&request.means)?;
    let base = repository.base(request.base.as_deref())?;
    let path = request.means.folder.join("objects.git");
    let objects = RunStore::create(&path, &repository, &base)?;
    Ok(Grounds {
        repository,
        tree: base.tree,
        base,
        objects,
    })
}

/// Those of the run that it is forked from, with objects of its own.
fn forked_grounds(
    request: &RunRequest,
    fork: &Forking,
    inherited: &Inherited,
) -> Result<Grounds, RunError> {
    let recorded = recorded(&*request.means.store, fork.from)?;
    let from = fork.folder.join("objects.git");
    let (repository, base, from) = resume::grounds(Some(&request.repository), &recorded, &from)?;
    own_folder(&request.means)?;
    let tree = resume::tree_id(&inherited.tree)?;
    let path = request.means.folder.join("objects.git");
    let objects = RunStore::fork(&path, &from, &repository, &base, tree)?;
    Ok(Grounds {
        repository,
        base,
        objects,
        tree,
    })
}

/// What the other run had come to at its checkpoint.
fn inherit(linked: &Linked, request: &RunRequest, fork: &Forking) -> Result<Inherited, RunError> {
    let store = &*request.means.store;
    if store.summary(fork.from)?.imported {
        // Evidence, authority and model would be the word of whoever made the file.
        return Err(JournalError::from(ClaimError::Imported(fork.from)).into());
    }
    // What is in it is believed.
    if !fork.folder.is_dir() {
        return Err(RunError::NoOrigin(fork.from));
    }
    closed(&fork.folder, group(&request.means))?;
    let recorded = recorded(store, fork.from)?;
    let reading = Reading {
        store,
        component: &linked.admitted.inspected().bundle().digest.to_string(),
        graph: linked.admitted.graph(),
        plugins: &linked.plugins,
        folder: &request.means.folder,
    };
    let past = past(&reading, &recorded, Some(fork.checkpoint))?;
    let problems = misfits(&past, linked.admitted.graph(), &linked.schema);
    if !problems.is_empty() {
        let list = problems.join("\n  ");
        return Err(RunError::Unfit(format!(
            "run `{}` cannot be forked with this blueprint\n  {list}",
            fork.from.short()
        )));
    }
    past.inherited()
}

/// The first record.
fn first(
    linked: &Linked,
    request: &RunRequest,
    repository: &Repository,
    base: &Base,
    inherited: Option<&Inherited>,
) -> Result<RunStarted, RunError> {
    let (means, bundle) = (&request.means, linked.admitted.inspected().bundle());
    let setup = Setup {
        branch: base.branch.clone(),
        caller: request.setup.clone(),
        inherited: inherited.cloned(),
    };
    Ok(RunStarted {
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
        sandbox: means.sandbox.level().to_string(),
        runtime_version: env!("CARGO_PKG_VERSION").to_owned(),
        model: means.model.as_ref().map(|model| model.label()),
        parts: linked.plugins.iter().map(part).collect(),
        setup: Some(minion_journal::keep(&*means.store, json!(setup))?),
        forked: request
            .fork
            .as_ref()
            .map(|fork| forked(means, fork))
            .transpose()?,
    })
}

fn forked(means: &Means, fork: &Forking) -> Result<Forked, RunError> {
    let found = means.store.read(fork.from, fork.checkpoint, 1)?;
    let hash = found.first().map(|record| record.hash).ok_or_else(|| {
        RunError::Unfit(format!(
            "run `{}` has no record {}",
            fork.from.short(),
            fork.checkpoint
        ))
    })?;
    Ok(Forked {
        run: fork.from,
        checkpoint: fork.checkpoint,
        hash,
    })
}

/// Writes the first record. The component's bytes are kept for as long as a run is pinned to
/// them: with this record, unless an earlier run brought them.
fn journal(request: &RunRequest, first: &RunStarted, bytes: &[u8]) -> Result<Journal, RunError> {
    let means = &request.means;
    let digest = hash_of(&first.component)?;
    let begin = |enclosed| {
        let (store, clock) = (Arc::clone(&means.store), Arc::clone(&means.clock));
        Journal::begin_with(store, clock, request.run, first.clone(), enclosed)
    };
    let enclosing = || Enclosed {
        blobs: vec![Blob::new(bytes.to_vec())],
        refs: Vec::new(),
    };
    if !means.store.has_blob(&digest)? {
        return Ok(begin(enclosing())?);
    }
    let known = Enclosed {
        blobs: Vec::new(),
        refs: vec![digest],
    };
    match begin(known) {
        // Swept in between.
        Err(JournalError::Append(AppendError::Store(StoreError::NoBlob(_)))) => {
            Ok(begin(enclosing())?)
        }
        answer => Ok(answer?),
    }
}

/// The blob that a component's digest names.
pub(super) fn hash_of(component: &str) -> Result<Hash, RunError> {
    let digest = component.strip_prefix("sha256:").unwrap_or(component);
    let unfit = |_| {
        RunError::Unfit(format!(
            "`{}` is no digest of a component",
            shown(component)
        ))
    };
    digest.parse().map_err(unfit)
}

fn part((name, plugin): (&minion_grants::PartName, &LinkedPlugin)) -> minion_journal::Part {
    minion_journal::Part {
        name: name.to_string(),
        digest: plugin.digest.to_string(),
        origin: crate::outcome::origin(plugin.origin).to_owned(),
    }
}

fn start(linked: &Linked, request: &RunRequest, repository: &Repository, base: &Base) -> Start {
    let (manifest, means) = (
        &linked.admitted.inspected().bundle().manifest,
        &request.means,
    );
    Start {
        run: request.run.short(),
        blueprint: format!("{} {}", manifest.name, manifest.version),
        base: described(base),
        dirty: repository.is_dirty(),
        sandbox: means.sandbox.level().to_string(),
        model: means.model.as_ref().map(|model| model.label()),
        resumed: None,
        forked: request.fork.as_ref().map(|fork| {
            let store = &*means.store;
            visit_of(store, fork.from, fork.checkpoint)
        }),
    }
}
