//! `minion-rt runs gc`: gives space back, after saying which.
//!
//! The journal goes first, then the folder: whoever is killed between the two leaves a folder
//! that no journal knows, which the next one takes.

use super::At;
use super::folders::{Folder, beneath, bytes_of};
use crate::exit::{DONE, Fail, chain};
use crate::render::listing::Status;
use crate::render::{bytes, data, plural, say, talk};
use crate::verbs::drive;
use clap::Args;
use jiff::{Span, SpanRelativeTo};
use minion_grants::shown;
use minion_journal::{
    Clock, RunFilter, RunId, RunState, RunSummary, Size, Store, Swept, SystemClock, Timestamp,
    resolve,
};
use minion_workspace::{RunStore, discard};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// How old runs are that go where nobody says it.
const OLD: &str = "30d";
/// How old a folder is before it counts as left behind: a run that begins has one before it
/// has a journal.
const LEFT: Duration = Duration::from_hours(1);

/// Says which runs could go and what that would free; with --yes they go
///
/// Runs that are held, wait, were stopped or interrupted stay, unless they are named; a held
/// one stays in any case. So do runs on a plain folder that made a branch, which is in the run's
/// own objects and goes with them. What another run needs stays, too. Branches in your
/// repository are not touched.
#[derive(Args)]
pub(super) struct Gc {
    /// These runs alone, however they stand
    #[arg(value_name = "RUN", conflicts_with_all = ["older_than", "keep"])]
    runs: Vec<String>,
    /// Runs that ended longer ago, `30d`, `12h` [default: 30d, or with --keep any]
    #[arg(long, value_name = "TIME", value_parser = age)]
    older_than: Option<Duration>,
    /// Keep the newest so many of those that have ended, without counting imported ones
    #[arg(long, value_name = "NUMBER")]
    keep: Option<usize>,
    /// Do it
    #[arg(long)]
    yes: bool,
}

/// What would go.
struct Plan {
    runs: Vec<RunSummary>,
    folders: Vec<Folder>,
    size: Size,
    /// Blobs that no run refers to already.
    loose: Swept,
    /// The branches that go, being nowhere else.
    branches: BTreeMap<RunId, String>,
    /// How many runs stay because of theirs.
    spared: u64,
}

impl Gc {
    pub(super) fn run(&self, at: &At) -> Result<u8, Fail> {
        if drive::look(&at.settings)?.is_none() {
            return self.nothing(at);
        }
        let store = drive::store(&at.settings)?;
        let plan = self.plan(&*store, at)?;
        if !at.json {
            told(&plan);
        }
        if self.yes {
            free(&*store, &plan)?;
        }
        if at.json {
            data(&as_json(&plan, self.yes).to_string());
        } else if self.yes {
            say("freed");
        } else if !plan.is_empty() {
            talk("nothing was freed; --yes does it");
        }
        Ok(DONE)
    }

    fn nothing(&self, at: &At) -> Result<u8, Fail> {
        if let Some(run) = self.runs.first() {
            return Err(Fail::usage(format!("there is no run `{}`", shown(run))));
        }
        if !at.json {
            say("nothing to free");
        }
        Ok(DONE)
    }

    fn plan(&self, store: &dyn Store, at: &At) -> Result<Plan, Fail> {
        let failed = |error: minion_journal::StoreError| Fail::refused(chain(&error));
        let all = store.runs(&RunFilter::default()).map_err(failed)?;
        let mut runs = if self.runs.is_empty() {
            self.old(&all, SystemClock.now())
        } else {
            named(store, &self.runs)?
        };
        let mut branches = only_copies(&runs, &at.settings.runs());
        let mut spared = 0;
        if self.runs.is_empty() {
            spared = branches.len() as u64;
            runs.retain(|run| !branches.contains_key(&run.begun.run));
            branches.clear();
        }
        let ids: Vec<_> = runs.iter().map(|run| run.begun.run).collect();
        let known: BTreeSet<_> = all.iter().map(|run| run.begun.run).collect();
        let mut folders = beneath(&at.settings.runs())?;
        let left = self.older_than.unwrap_or(LEFT).max(LEFT);
        folders.retain(|folder| {
            let orphan = self.runs.is_empty() && !known.contains(&folder.run) && folder.age >= left;
            orphan || ids.contains(&folder.run)
        });
        for folder in &mut folders {
            folder.bytes = bytes_of(&folder.path);
        }
        Ok(Plan {
            size: store.size(&ids).map_err(failed)?,
            loose: store.sweep(true).map_err(failed)?,
            runs,
            folders,
            branches,
            spared,
        })
    }

    /// Those that have ended, long enough ago and not among the newest. What an imported one
    /// says of its time displaces none of our own.
    fn old(&self, all: &[RunSummary], now: Timestamp) -> Vec<RunSummary> {
        let usual = age(OLD).unwrap_or_default();
        let own = self.keep.map_or(usual, |_| Duration::ZERO);
        let is_old = |run: &&RunSummary| {
            let least = if run.imported { usual } else { own };
            let least = self.older_than.unwrap_or(least).as_micros();
            let since = now.micros_since(run.ended.unwrap_or(run.begun.started));
            u128::from(since) >= least
        };
        let (imported, own): (Vec<_>, Vec<_>) = all
            .iter()
            .filter(|run| matches!(run.state, RunState::Ended | RunState::Imported))
            .partition(|run| run.imported);
        let own = own.into_iter().skip(self.keep.unwrap_or(0));
        let over = own.chain(imported).filter(is_old);
        over.cloned().collect()
    }
}

/// The branches of these runs that are in the run's own objects and nowhere else: those of runs
/// on a plain folder.
fn only_copies(runs: &[RunSummary], folders: &Path) -> BTreeMap<RunId, String> {
    let copy = |run: &RunSummary| {
        let branch = run.ending.as_ref()?.branch.clone()?;
        let objects = folders.join(run.begun.run.to_string()).join("objects.git");
        let there = RunStore::stands_alone(&objects) && !run.imported;
        there.then_some((run.begun.run, branch))
    };
    runs.iter().filter_map(copy).collect()
}

impl Plan {
    fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.folders.is_empty() && self.loose.blobs == 0
    }
}

fn named(store: &dyn Store, typed: &[String]) -> Result<Vec<RunSummary>, Fail> {
    let mut runs: Vec<RunSummary> = Vec::new();
    for typed in typed {
        let run = resolve(store, typed).map_err(|e| Fail::usage(chain(&e)))?;
        let found = store.summary(run).map_err(|e| Fail::refused(chain(&e)))?;
        if found.state == RunState::Running {
            let run = run.short();
            return Err(Fail::refused(format!(
                "run {run} goes on in a process; minion-rt cancel {run} stops it"
            )));
        }
        if !runs.contains(&found) {
            runs.push(found);
        }
    }
    Ok(runs)
}

fn told(plan: &Plan) {
    if plan.spared > 0 {
        let runs = plural(plan.spared, "run");
        talk(&format!(
            "note   {runs} kept: their branches are in their own objects alone; name a run to free it with its branch"
        ));
    }
    if plan.is_empty() {
        return say("nothing to free");
    }
    let folder = |run: RunId| plan.folders.iter().find(|folder| folder.run == run);
    for run in &plan.runs {
        let begun = &run.begun;
        let on_disk = folder(begun.run).map_or(0, |folder| folder.bytes);
        let (status, blueprint) = (Status::of(run).name(), shown(&begun.blueprint));
        let started: String = begun.started.to_string().chars().take(10).collect();
        say(&format!(
            "run     {}  {started}  {status:<11}  {blueprint}  {}",
            begun.run.short(),
            bytes(on_disk)
        ));
        if let Some(branch) = plan.branches.get(&begun.run) {
            let objects = folder(begun.run).map(|folder| folder.path.join("objects.git"));
            let objects = objects.unwrap_or_default();
            say(&format!(
                "        and with it the only copy of branch {}; `git fetch {} {}` keeps it",
                shown(branch),
                shown(&objects.display().to_string()),
                shown(branch)
            ));
        }
    }
    let known: BTreeSet<_> = plan.runs.iter().map(|run| run.begun.run).collect();
    for left in plan
        .folders
        .iter()
        .filter(|folder| !known.contains(&folder.run))
    {
        let (path, size) = (shown(&left.path.display().to_string()), bytes(left.bytes));
        say(&format!(
            "folder  {path}  {size}, of no run that the journal knows"
        ));
    }
    let (size, loose) = (&plan.size, &plan.loose);
    let folders: u64 = plan.folders.iter().map(|folder| folder.bytes).sum();
    say(&format!(
        "in all  {}, {} ({}), {} ({}), folders {}",
        plural(plan.runs.len() as u64, "run"),
        plural(size.records, "record"),
        bytes(size.record_bytes),
        plural(size.blobs + loose.blobs, "blob"),
        bytes(size.blob_bytes + loose.bytes),
        bytes(folders),
    ));
}

fn free(store: &dyn Store, plan: &Plan) -> Result<(), Fail> {
    for run in &plan.runs {
        let removed = store.remove(run.begun.run);
        removed.map_err(|e| Fail::refused(chain(&e)))?;
    }
    for folder in &plan.folders {
        discard(&folder.path).map_err(|error| {
            let path = shown(&folder.path.display().to_string());
            Fail::refused(format!("`{path}` cannot be removed: {error}"))
        })?;
    }
    store.sweep(false).map_err(|e| Fail::refused(chain(&e)))?;
    Ok(())
}

fn as_json(plan: &Plan, done: bool) -> serde_json::Value {
    let runs = plan.runs.iter().map(|run| run.begun.run.to_string());
    let folders = plan
        .folders
        .iter()
        .map(|folder| json!({ "path": folder.path.display().to_string(), "bytes": folder.bytes }));
    json!({
        "freed": done, "runs": runs.collect::<Vec<_>>(), "folders": folders.collect::<Vec<_>>(),
        "records": plan.size.records, "record-bytes": plan.size.record_bytes,
        "blobs": plan.size.blobs + plan.loose.blobs,
        "blob-bytes": plan.size.blob_bytes + plan.loose.bytes,
        "branches": plan.branches.values().collect::<Vec<_>>(), "spared": plan.spared,
    })
}

/// `30d`, `2 weeks`, `12h`; a day has 24 hours.
fn age(text: &str) -> Result<Duration, String> {
    let cure = || {
        format!(
            "`{}` is no length of time: write `30d`, `2w` or `12h`",
            shown(text)
        )
    };
    let span: Span = text.parse().map_err(|_| cure())?;
    let long = span.to_duration(SpanRelativeTo::days_are_24_hours());
    Duration::try_from(long.map_err(|_| cure())?).map_err(|_| cure())
}

#[cfg(test)]
mod tests {
    use super::*;
    use minion_journal::{Hash, Head, NewRun, Seq};

    fn run(number: u128, ended: u64, imported: bool) -> RunSummary {
        RunSummary {
            begun: NewRun {
                run: RunId::from_bits(number),
                started: Timestamp(ended),
                blueprint: "test/run".to_owned(),
                version: "1.0.0".to_owned(),
                repository: "/project".to_owned(),
                task: String::new(),
            },
            state: RunState::Ended,
            epoch: 1,
            head: Head {
                seq: Seq::FIRST,
                hash: Hash::ZERO,
            },
            holder: None,
            pause: None,
            imported,
            checkpoint: None,
            ended: Some(Timestamp(ended)),
            ending: None,
        }
    }

    #[test]
    fn imported_runs_displace_none_of_our_own_whatever_their_times() {
        const DAY: u64 = 86_400_000_000;
        let now = Timestamp(100 * DAY);
        let all = [
            run(5, 200 * DAY, true),
            run(4, 99 * DAY, false),
            run(3, 98 * DAY, true),
            run(2, 97 * DAY, false),
            run(1, 10 * DAY, true),
        ];
        let old = |keep, days: Option<u64>| {
            let gc = Gc {
                runs: Vec::new(),
                older_than: days.map(|days| Duration::from_hours(24 * days)),
                keep,
                yes: false,
            };
            let old = gc.old(&all, now).into_iter();
            old.map(|run| run.begun.run.to_bytes()[15])
                .collect::<Vec<_>>()
        };
        assert_eq!(old(Some(2), None), [1]);
        assert_eq!(old(Some(1), None), [2, 1]);
        assert_eq!(old(None, None), [1]);
        assert_eq!(old(Some(0), Some(2)), [2, 3, 1]);
    }

    #[test]
    fn lengths_of_time_are_read_as_people_write_them() {
        let hours = |text| age(text).map(|long| long.as_secs() / 3600);
        assert_eq!(hours("30d"), Ok(720));
        assert_eq!(hours("2 weeks"), Ok(336));
        assert_eq!(hours("1d 12h"), Ok(36));
        for wrong in ["", "30", "-3d", "soon", "1 month"] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
    }
}
