//! `minion-rt runs` without a verb: the list.

use crate::exit::{DONE, Fail};
use crate::render::listing::{Status, as_json, table};
use crate::render::{data, say, talk};
use crate::verbs::exec;
use clap::Args;
use minion_journal::{RunFilter, RunSummary, Store};
use std::path::{Path, PathBuf};

/// How many runs are listed where nobody says how many.
const MOST: usize = 40;

/// Which runs to list.
#[derive(Args)]
pub(super) struct List {
    /// Only runs that stand so
    #[arg(long, value_name = "STATUS")]
    status: Option<Status>,
    /// Only runs of this blueprint, `namespace/name`
    #[arg(long, value_name = "NAME")]
    blueprint: Option<String>,
    /// Only runs on this repository; one that was resumed with another --repo is found by the one
    /// that it began on
    #[arg(long, value_name = "FOLDER")]
    repo: Option<PathBuf>,
    /// At most so many [default: 40; with --json all]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

impl List {
    /// An option that was given.
    pub(super) fn named(&self) -> Option<&'static str> {
        let given = [
            (self.status.is_some(), "--status"),
            (self.blueprint.is_some(), "--blueprint"),
            (self.repo.is_some(), "--repo"),
            (self.limit.is_some(), "--limit"),
        ];
        given.into_iter().find(|(is, _)| *is).map(|(_, name)| name)
    }

    pub(super) fn run(&self, store: &dyn Store, json: bool) -> Result<u8, Fail> {
        let limit = match (self.limit, json) {
            (Some(limit), _) => limit as usize,
            (None, true) => usize::MAX,
            (None, false) => MOST,
        };
        let (found, more) = self.found(store, limit)?;
        if json {
            for run in &found {
                data(&as_json(store, run).to_string());
            }
            return Ok(DONE);
        }
        for line in table(store, &found) {
            say(&line);
        }
        if more {
            talk(&format!(
                "and more: these are the newest {limit}; --limit shows others, --status, --blueprint and --repo fewer"
            ));
        } else if found.is_empty() && self.named().is_some() {
            talk("no run is like that");
        }
        Ok(DONE)
    }

    /// The newest that fit, and whether there are others.
    fn found(&self, store: &dyn Store, limit: usize) -> Result<(Vec<RunSummary>, bool), Fail> {
        // An outcome is no state of the store: it is looked for among those that have ended.
        let by_store = self.status.is_none_or(|status| status.outcome().is_none());
        let filter = RunFilter {
            state: self.status.map(Status::state),
            blueprint: self.blueprint.clone(),
            repository: self.repo.as_deref().map(repository),
            limit: by_store.then(|| limit.saturating_add(1)),
        };
        let mut found = store.runs(&filter).map_err(|e| Fail::store(&e))?;
        if let Some(outcome) = self.status.and_then(Status::outcome) {
            found.retain(|run| {
                let ending = run.ending.as_ref();
                ending.is_some_and(|ending| ending.outcome == outcome)
            });
        }
        let more = found.len() > limit;
        found.truncate(limit);
        Ok((found, more))
    }
}

/// As runs name it: the top of the repository that a folder lies in. One that is gone is
/// named as it was.
fn repository(folder: &Path) -> String {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    exec::top(&absolute).display().to_string()
}
