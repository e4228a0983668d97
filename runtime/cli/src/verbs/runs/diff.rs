//! `minion-rt runs diff`: what changed in the workspace between two visits.

use super::At;
use crate::exit::{DONE, Fail};
use crate::render::patch::{shown_patch, stat};
use crate::render::{data, say, say_lines, short, talk, tell};
use crate::verbs::drive;
use crate::verbs::trees::{Trees, tree};
use crate::verbs::visits::{Place, Visit, checkpoints};
use clap::Args;
use minion_grants::shown;
use minion_host::{Recorded, recorded};
use minion_journal::{Body, Records, RunId, Standing, Store};
use minion_workspace::{ChangeKind, Patch, PatchFile, PatchOptions, Shown, TreeId};
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

/// The most bytes of a patch: on a terminal, where people read, and elsewhere.
const MOST_READ: usize = 1 << 20;
const MOST_PIPED: usize = 64 << 20;

/// Where a run's workspace was before its first visit.
const START: &str = "start";

/// Shows what changed in the workspace between two visits
///
/// `<run>@gather..implement-2` is from the end of one visit to the end of the other,
/// `<run>@start..lint` from the beginning, `<run>@implement-2` what that visit changed, and
/// `<run>` alone everything from its base to now: the last tree that its journal names. Piped, it is a patch as git makes them: `… | git apply`.
#[derive(Args)]
pub(super) struct Diff {
    /// The run, and which visits of it
    #[arg(value_name = "RUN@VISITS")]
    what: String,
    /// Count lines in place of showing them
    #[arg(long)]
    stat: bool,
    /// The repository, if it is not where it was
    #[arg(long, value_name = "FOLDER")]
    repo: Option<PathBuf>,
}

/// From one tree to another, with the names that they have.
struct Between {
    from: (String, TreeId),
    to: (String, TreeId),
}

impl Diff {
    pub(super) fn run(&self, at: &At) -> Result<u8, Fail> {
        let (run, places) = match self.what.split_once('@') {
            Some((run, places)) => (run, Some(places)),
            None => (self.what.as_str(), None),
        };
        let (store, run) = at.find(run)?;
        let recorded = recorded(&*store, run).map_err(|e| drive::failed(&e))?;
        let between = between(&*store, &recorded, places)?;
        let trees = Trees::open(&at.settings, &recorded, self.repo.as_deref())?;
        let terminal = std::io::stdout().is_terminal();
        let most = if terminal { MOST_READ } else { MOST_PIPED };
        let options = PatchOptions {
            max_bytes: most,
            ..PatchOptions::default()
        };
        let patch = trees.look(|objects| objects.patch(between.from.1, between.to.1, options))?;
        if at.json {
            data(&as_json(run, &between, &patch).to_string());
        } else if self.stat {
            let (from, to) = (&between.from, &between.to);
            say(&format!(
                "{} {} → {} {}",
                from.0,
                short(&from.1.to_string()),
                to.0,
                short(&to.1.to_string())
            ));
            tell(&stat(&patch));
        } else if terminal {
            say_lines(&shown_patch(&patch.text));
        } else {
            // A closed pipe is not worth an error.
            let _ = std::io::stdout().lock().write_all(&patch.text);
        }
        if !at.json && !self.stat {
            left_out(&patch);
        }
        Ok(DONE)
    }
}

/// What a person means, as trees.
fn between(store: &dyn Store, recorded: &Recorded, places: Option<&str>) -> Result<Between, Fail> {
    let run = recorded.run;
    let places = match places {
        None => return whole(store, recorded),
        Some("") => return Err(Fail::usage("no visit is named after the `@`")),
        Some(places) => places,
    };
    let visits = checkpoints(store, run)?;
    let Some((from, to)) = places.split_once("..") else {
        let visit = Place::parse(places)?.find(run, &visits)?;
        return Ok(Between {
            from: (
                format!("before {}", shown(&visit.name())),
                tree(&visit.begun)?,
            ),
            to: end(visit)?,
        });
    };
    let from = match from {
        "" | START => start(store, recorded, &visits)?,
        from => end(Place::parse(from)?.find(run, &visits)?)?,
    };
    let to = match (to, visits.last()) {
        (START, _) | ("", None) => start(store, recorded, &visits)?,
        ("", Some(last)) => end(last)?,
        (to, _) => end(Place::parse(to)?.find(run, &visits)?)?,
    };
    Ok(Between { from, to })
}

/// From the base to where it stands, or ended.
fn whole(store: &dyn Store, recorded: &Recorded) -> Result<Between, Fail> {
    let base = &recorded.started.base_tree;
    let summary = store.summary(recorded.run).map_err(|e| Fail::store(&e))?;
    let now = if let Some(ending) = summary.ending {
        ending.tree
    } else {
        let standing = Standing::of(store, recorded.run).map_err(|e| Fail::read(&e))?;
        standing.tree.or(begun(store, recorded.run)?)
    };
    let now = now.as_ref().unwrap_or(base);
    Ok(Between {
        from: ("base".to_owned(), tree(base)?),
        to: ("now".to_owned(), tree(now)?),
    })
}

fn end(visit: &Visit) -> Result<(String, TreeId), Fail> {
    Ok((shown(&visit.name()), tree(&visit.tree)?))
}

/// The tree of the first visit: that of the base, or where a fork begins.
fn start(
    store: &dyn Store,
    recorded: &Recorded,
    visits: &[Visit],
) -> Result<(String, TreeId), Fail> {
    let first = match visits.first() {
        Some(first) => Some(first.begun.clone()),
        None => begun(store, recorded.run)?,
    };
    let first = first.as_ref().unwrap_or(&recorded.started.base_tree);
    Ok((START.to_owned(), tree(first)?))
}

/// The tree that the first visit began with, if one did.
fn begun(store: &dyn Store, run: RunId) -> Result<Option<String>, Fail> {
    for record in Records::all(store, run).map_err(|e| Fail::store(&e))? {
        if let Body::VisitStarted { tree, .. } = record.map_err(|e| Fail::read(&e))?.body {
            return Ok(Some(tree));
        }
    }
    Ok(None)
}

/// Says which files the text does not hold whole.
fn left_out(patch: &Patch) {
    let not_whole = |file: &&PatchFile| file.shown != Shown::Text;
    for file in patch.files.iter().filter(not_whole).take(20) {
        let why = match file.shown {
            Shown::Omitted => "is too large to be shown",
            _ => "is binary, and not in the patch",
        };
        talk(&format!("note   {} {why}", shown(&file.change.path)));
    }
}

fn as_json(run: RunId, between: &Between, patch: &Patch) -> Value {
    let files = patch.files.iter().map(|file| {
        let change = &file.change;
        let kind = match change.kind {
            ChangeKind::Added => "added",
            ChangeKind::Modified => "modified",
            ChangeKind::Deleted => "deleted",
        };
        json!({
            "path": change.path, "change": kind, "binary": file.shown == Shown::Binary,
            "omitted": file.shown == Shown::Omitted,
            "added": change.lines.map(|lines| lines.added),
            "removed": change.lines.map(|lines| lines.removed),
        })
    });
    let at = |(name, tree): &(String, TreeId)| json!({ "visit": name, "tree": tree.to_string() });
    json!({
        "run": run.to_string(), "from": at(&between.from), "to": at(&between.to),
        "files": files.collect::<Vec<_>>(), "patch": String::from_utf8_lossy(&patch.text),
    })
}
