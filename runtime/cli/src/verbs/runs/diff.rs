//! `minion-rt runs diff`: what changed in the workspace between two visits.

use super::At;
use crate::exit::{DONE, Fail, chain};
use crate::render::patch::{shown_patch, stat};
use crate::render::{data, say, say_lines, short, talk, tell};
use crate::verbs::drive;
use crate::verbs::visits::{Place, Visit, checkpoints};
use clap::Args;
use minion_grants::shown;
use minion_host::recorded;
use minion_journal::{RunId, Store};
use minion_workspace::{ChangeKind, Patch, PatchFile, PatchOptions, RunStore, Shown, TreeId};
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::path::Path;

/// The most bytes of a patch: on a terminal, where people read, and elsewhere.
const MOST_READ: usize = 1 << 20;
const MOST_PIPED: usize = 64 << 20;

/// Where a run's workspace was before its first visit.
const START: &str = "start";

/// Shows what changed in the workspace between two visits
///
/// `<run>@gather..implement-2` is from the end of one visit to the end of the other,
/// `<run>@start..lint` from the beginning, `<run>@implement-2` what that visit changed, and
/// `<run>` alone everything. Piped, it is a patch as git makes them: `… | git apply`.
#[derive(Args)]
pub(super) struct Diff {
    /// The run, and which visits of it
    #[arg(value_name = "RUN@VISITS")]
    what: String,
    /// Count lines in place of showing them
    #[arg(long)]
    stat: bool,
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
        let between = between(&*store, run, places)?;
        let folder = at.settings.runs().join(run.to_string()).join("objects.git");
        let terminal = std::io::stdout().is_terminal();
        let most = if terminal { MOST_READ } else { MOST_PIPED };
        let patch = patch(&folder, run, &between, most)?;
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
fn between(store: &dyn Store, run: RunId, places: Option<&str>) -> Result<Between, Fail> {
    let visits = checkpoints(store, run)?;
    let places = match places {
        None => format!("{START}.."),
        Some("") => return Err(Fail::usage("no visit is named after the `@`")),
        Some(places) => places.to_owned(),
    };
    let Some((from, to)) = places.split_once("..") else {
        let visit = Place::parse(&places)?.find(run, &visits)?;
        return Ok(Between {
            from: (
                format!("before {}", shown(&visit.name())),
                tree(&visit.begun)?,
            ),
            to: end(visit)?,
        });
    };
    let from = match from {
        "" | START => start(store, run, &visits)?,
        from => end(Place::parse(from)?.find(run, &visits)?)?,
    };
    let to = match (to, visits.last()) {
        (START, _) | ("", None) => start(store, run, &visits)?,
        ("", Some(last)) => end(last)?,
        (to, _) => end(Place::parse(to)?.find(run, &visits)?)?,
    };
    Ok(Between { from, to })
}

fn end(visit: &Visit) -> Result<(String, TreeId), Fail> {
    Ok((shown(&visit.name()), tree(&visit.tree)?))
}

/// The tree of the first visit: that of the base, or where a fork begins.
fn start(store: &dyn Store, run: RunId, visits: &[Visit]) -> Result<(String, TreeId), Fail> {
    let begun = match visits.first() {
        Some(first) => first.begun.clone(),
        None => {
            recorded(store, run)
                .map_err(|e| drive::failed(&e))?
                .started
                .base_tree
        }
    };
    Ok((START.to_owned(), tree(&begun)?))
}

fn tree(text: &str) -> Result<TreeId, Fail> {
    text.parse()
        .map_err(|_| Fail::refused(format!("`{}` is no tree", shown(text))))
}

fn patch(folder: &Path, run: RunId, between: &Between, max_bytes: usize) -> Result<Patch, Fail> {
    let (name, run) = (shown(&folder.display().to_string()), run.short());
    if !folder.exists() {
        return Err(Fail::usage(format!(
            "the files of run {run} are not here any more: there is no `{name}`; its journal tells only the ids \
             of its trees"
        )));
    }
    let unread = |error: &dyn std::error::Error| {
        Fail::refused(format!(
            "the files of run {run} cannot be read: {}; those of its base are in its repository, which has to be \
             where it was",
            chain(error)
        ))
    };
    let objects = RunStore::open(folder).map_err(|e| unread(&e))?;
    let options = PatchOptions {
        max_bytes,
        ..PatchOptions::default()
    };
    objects
        .patch(between.from.1, between.to.1, options)
        .map_err(|e| unread(&e))
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
