//! Going on with a run that another process left: its workspace is set to the tree that its
//! journal names, the records after its last checkpoint answer what they can, and then it
//! is live again.

use super::assemble::{Means, Place, Run, RunError, assemble, described};
use super::begin::hash_of;
use super::budget;
use super::recover::{Past, Reading, Recorded, misfits, past, recorded};
use super::space::{own_folder, workspace};
use crate::event::{Event, Observer, Start};
use crate::link::Linked;
use minion_agents::Model;
use minion_door::{Door, Meter};
use minion_grants::shown;
use minion_journal::{
    Body, Claim, Clock, Effective, Journal, Moved, Parked, Payload, ReadError, Record, Resumption,
    RunId, Seq, Standing, Store, load,
};
use minion_workspace::{Base, CommitId, Repository, RunStore, TreeId};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A run that this process has, and nobody else goes on with.
pub struct Resumable {
    journal: Arc<Journal>,
    recorded: Recorded,
    standing: Standing,
}

/// With what a run goes on.
pub struct ResumeRequest {
    /// The repository, if it is not where it was.
    pub repository: Option<PathBuf>,
    /// Where the run is moved to another version: what a later resume will need, in the
    /// caller's own words, in place of what was kept before.
    pub setup: Value,
    /// With what.
    pub means: Means,
}

/// Takes a run that nobody holds: a lease fences the journal, and no folder that another process
/// works in. Nothing is written of it yet, so one that turns out not to fit is left as it was.
///
/// # Errors
/// [`RunError::Journal`] names who has it, or says that it has ended.
pub fn take_up(
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    run: RunId,
) -> Result<Resumable, RunError> {
    let recorded = recorded(&**store, run)?;
    let journal = Journal::claim(Arc::clone(store), Arc::clone(clock), run, Claim::IfFree)?;
    // Read only now: nobody else writes it any more.
    let standing = Standing::of(&**store, run)?;
    Ok(Resumable {
        journal: Arc::new(journal),
        recorded,
        standing,
    })
}

impl Resumable {
    /// What the run is made of.
    pub fn recorded(&self) -> &Recorded {
        &self.recorded
    }

    /// Digest of the component that it goes on with.
    pub fn component(&self) -> &str {
        let moved = self.standing.component.as_deref();
        moved.unwrap_or(&self.recorded.started.component)
    }

    /// What the caller had kept for a resume, when the run began or was moved last.
    ///
    /// # Errors
    /// [`RunError`] when it cannot be read.
    pub fn setup(&self, store: &dyn Store) -> Result<Value, RunError> {
        match &self.standing.setup {
            Some(setup) => Ok(load(store, setup)?),
            None => Ok(self.recorded.setup.clone()),
        }
    }

    /// The approval that it waits for, or waited for.
    pub fn parked(&self) -> Option<&Parked> {
        self.standing.parked.as_ref()
    }

    /// Writes one fact into the journal, durably; for what a human says to a run that waits.
    ///
    /// # Errors
    /// [`RunError::Journal`] when it cannot be written.
    pub fn note(&self, fact: Body) -> Result<(), RunError> {
        self.journal.note_durably(None, None, 0, fact)?;
        Ok(())
    }

    /// What was admitted, as the journal has it.
    fn admission(&self) -> &Payload {
        let moved = self.standing.admission.as_ref();
        moved.unwrap_or(&self.recorded.started.admission)
    }

    /// The last record that counts. A question that nobody has answered is asked anew.
    fn counts_to(&self) -> Seq {
        let unanswered = self
            .parked()
            .is_some_and(|parked| parked.decision.is_none());
        if unanswered {
            self.standing.checkpoint.unwrap_or(Seq::FIRST)
        } else {
            self.standing.mark
        }
    }

    /// Whether effects on the world stand after the last checkpoint.
    fn is_within_a_visit(&self) -> bool {
        let parked = self.standing.parked.is_some();
        !parked && self.standing.mark > self.standing.checkpoint.unwrap_or(Seq::FIRST)
    }
}

/// Lays everything out as the journal says it was.
pub(super) fn resume(
    linked: Linked,
    taken: &Resumable,
    request: ResumeRequest,
    observer: &dyn Observer,
) -> Result<Run, RunError> {
    let store = Arc::clone(&request.means.store);
    // First of all: what is in it is believed.
    own_folder(&request.means)?;
    let Resumable {
        recorded, standing, ..
    } = taken;
    same_model(recorded, request.means.model.as_deref())?;
    let component = linked.admitted.inspected().bundle().digest.to_string();
    let moving = component != taken.component();
    let past = past(
        &Reading {
            store: &*store,
            component: &component,
            graph: linked.admitted.graph(),
            plugins: &linked.plugins,
            folder: &request.means.folder,
        },
        recorded,
        standing.checkpoint,
    )?;
    if moving {
        may_move(&linked, taken, &past)?;
    } else {
        same_authority(&linked, taken, &*store)?;
    }
    let path = request.means.folder.join("objects.git");
    let (repository, base, objects) = grounds(request.repository.as_deref(), recorded, &path)?;
    let tree = match (&standing.tree, &recorded.inherited) {
        (Some(tree), _) => tree_id(tree)?,
        (None, Some(inherited)) => tree_id(&inherited.tree)?,
        (None, None) => base.tree,
    };
    let view = workspace(&request.means, &objects, tree, &base)?;
    let start = start(&linked, taken, &request, &past, &base);
    observer.hear(&Event::Started(&start));
    let moved = moving.then(|| moved(&linked, &taken.journal, request.setup.clone()));
    let moved = moved.transpose()?;
    taken.journal.resume(Resumption {
        runtime_version: env!("CARGO_PKG_VERSION").to_owned(),
        checkpoint: standing.checkpoint,
        void_after: Some(taken.counts_to()),
        in_doubt: standing.in_doubt,
        moved,
    })?;
    let records = unfinished(&*store, taken)?;
    let budget = budget::within(request.means.budget, linked.admitted.admission().limits());
    let meter = Meter::resumed(budget, past.spent);
    let door = Door::new(Arc::clone(&taken.journal), meter).resuming(
        Box::new(records.into_iter().map(Ok::<Record, ReadError>)),
        store,
        past.denied,
    );
    let place = Place {
        id: recorded.run,
        repository,
        base,
        objects,
        view,
        task: recorded.started.task.clone(),
        inputs: recorded.inputs.clone(),
        started: taken.journal.started(),
    };
    assemble(linked, request.means, place, door, past.begun)
}

/// The records after the last checkpoint that still count: what the visit that was left
/// unfinished has answers for.
fn unfinished(store: &dyn Store, taken: &Resumable) -> Result<Vec<Record>, RunError> {
    let after = taken.standing.checkpoint.unwrap_or(Seq::FIRST);
    let mut records = Vec::new();
    for record in Effective::until(store, taken.recorded.run, taken.counts_to())? {
        let record = record?;
        if record.seq > after {
            records.push(record);
        }
    }
    records.retain(|record| !matches!(record.body, Body::Resumed { .. }));
    Ok(records)
}

/// Repository, base and objects, as the first record names them.
pub(super) fn grounds(
    moved: Option<&Path>,
    recorded: &Recorded,
    objects: &Path,
) -> Result<(Repository, Base, RunStore), RunError> {
    let started = &recorded.started;
    let named = Path::new(&started.repository);
    let repository = match moved {
        Some(moved) => Repository::open(moved)?,
        None => Repository::open(named).map_err(RunError::Gone)?,
    };
    if !objects.is_dir() {
        return Err(RunError::Lost {
            run: recorded.run,
            path: objects.to_owned(),
        });
    }
    let objects = RunStore::open_for(objects, &repository)?;
    let commit = started.base_commit.as_deref().map(|text| {
        text.parse::<CommitId>()
            .map_err(|_| RunError::Unfit(format!("`{}` is no commit", shown(text))))
    });
    let (tree, branch) = (tree_id(&started.base_tree)?, recorded.branch.clone());
    let base = match commit.transpose()? {
        Some(commit) => repository.base_at(commit, tree, branch)?,
        None => Base {
            commit: None,
            tree,
            branch,
        },
    };
    Ok((repository, base, objects))
}

pub(super) fn tree_id(text: &str) -> Result<TreeId, RunError> {
    text.parse()
        .map_err(|_| RunError::Unfit(format!("`{}` is no tree", shown(text))))
}

/// One run has one model, or none.
fn same_model(recorded: &Recorded, model: Option<&dyn Model>) -> Result<(), RunError> {
    let began = recorded.started.model.as_deref();
    let now = model.map(Model::label);
    if began == now.as_deref() {
        return Ok(());
    }
    let named =
        |label: Option<&str>| label.map_or("no model".to_owned(), |m| format!("`{}`", shown(m)));
    Err(RunError::Unfit(format!(
        "the run began with {} and would go on with {}; begin anew from its last visit with `exec --fork`, where a model \
         can be named",
        named(began),
        named(now.as_deref())
    )))
}

/// A run goes on with the authority that it began with, neither more nor less.
fn same_authority(linked: &Linked, taken: &Resumable, store: &dyn Store) -> Result<(), RunError> {
    let recorded = load(store, taken.admission())?;
    if json!(linked.admitted.admission()) == recorded {
        return Ok(());
    }
    Err(RunError::Unfit(
        "the grants are not those that the run began with; give it the same ones again, or begin \
         anew from its last visit with `exec --fork`"
            .to_owned(),
    ))
}

/// What stands against going on with another version, told before anything is touched.
fn may_move(linked: &Linked, taken: &Resumable, past: &Past) -> Result<(), RunError> {
    let bundle = linked.admitted.inspected().bundle();
    let started = &taken.recorded.started;
    let mut problems = misfits(past, linked.admitted.graph(), &linked.schema);
    let name = bundle.manifest.name.to_string();
    if name != started.blueprint {
        problems.push(format!(
            "it is `{name}`, and the run is of `{}`",
            started.blueprint
        ));
    }
    if let Some(decision) = taken.parked().and_then(|parked| parked.decision.as_ref()) {
        problems.push(format!(
            "{} has decided at `{}` under the version that it is of; resume it with that one first",
            shown(&decision.by),
            shown(&decision.node)
        ));
    }
    if taken.is_within_a_visit() {
        problems.push(format!(
            "a visit of `{}` is under way; resume it with its own version first, or fork from its last checkpoint",
            past.begun.at.node
        ));
    }
    if problems.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = problems.iter().map(|why| format!("  {why}")).collect();
    let version = &bundle.manifest.version;
    Err(RunError::Unfit(format!(
        "the run cannot go on with version {version}; nothing was touched\n{}",
        list.join("\n")
    )))
}

fn moved(linked: &Linked, journal: &Journal, setup: Value) -> Result<Moved, RunError> {
    let bundle = linked.admitted.inspected().bundle();
    let component = bundle.digest.to_string();
    if journal.store().has_blob(&hash_of(&component)?)? {
        journal.refer(hash_of(&component)?)?;
    } else {
        journal.blob(&bundle.bytes)?;
    }
    Ok(Moved {
        version: bundle.manifest.version.to_string(),
        component,
        admission: journal.payload(json!(linked.admitted.admission()))?,
        setup: Some(journal.payload(setup)?),
    })
}

fn start(
    linked: &Linked,
    taken: &Resumable,
    request: &ResumeRequest,
    past: &Past,
    base: &Base,
) -> Start {
    let manifest = &linked.admitted.inspected().bundle().manifest;
    let at = match &past.begun.at.last {
        Some((node, label)) => format!("after {node}: {label}"),
        None => "from its beginning".to_owned(),
    };
    Start {
        run: taken.recorded.run.short(),
        blueprint: format!("{} {}", manifest.name, manifest.version),
        base: described(base),
        dirty: false,
        sandbox: request.means.sandbox.level().to_string(),
        model: request.means.model.as_ref().map(|model| model.label()),
        resumed: Some(at),
        forked: None,
    }
}
