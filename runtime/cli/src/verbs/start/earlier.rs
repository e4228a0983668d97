//! How many runs a grant has admitted, counted in the journal.

use crate::settings::Settings;
use crate::verbs::drive;
use minion_grants::{Digest, EarlierRuns};
use minion_journal::{Body, Payload, Records, RunFilter, RunId, Store, load};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The runs of this machine's journal. They are read when a grant wants to know, and once.
#[derive(Debug)]
pub(crate) struct RunsMade<'a> {
    settings: &'a Settings,
    but: Option<RunId>,
    counted: OnceLock<Result<BTreeMap<String, u64>, String>>,
}

impl<'a> RunsMade<'a> {
    /// All but one: the run that goes on.
    pub(crate) fn new(settings: &'a Settings, but: Option<RunId>) -> Self {
        Self {
            settings,
            but,
            counted: OnceLock::new(),
        }
    }

    fn count(&self) -> Result<BTreeMap<String, u64>, String> {
        let told = |error: &dyn std::fmt::Display| error.to_string();
        let mut counted = BTreeMap::new();
        let Some(store) = drive::look(self.settings).map_err(|e| e.message().to_owned())? else {
            return Ok(counted);
        };
        for summary in store.runs(&RunFilter::default()).map_err(|e| told(&e))? {
            let run = summary.begun.run;
            // What was made elsewhere spends nothing here.
            if summary.imported || Some(run) == self.but {
                continue;
            }
            for id in grants(&*store, run).map_err(|e| format!("run `{run}`: {e}"))? {
                *counted.entry(id).or_default() += 1;
            }
        }
        Ok(counted)
    }
}

/// The identities of the grants that a run was admitted under.
fn grants(store: &dyn Store, run: RunId) -> Result<Vec<String>, minion_journal::ReadError> {
    let mut records = Records::all(store, run)?;
    let Some(first) = records.next().transpose()? else {
        return Ok(Vec::new());
    };
    let Body::RunStarted(started) = first.body else {
        return Ok(Vec::new());
    };
    let admission = match &started.admission {
        Payload::Inline(value) => value.clone(),
        blob @ Payload::Blob { .. } => load(store, blob)?,
    };
    let used = admission["grants"].as_array().cloned().unwrap_or_default();
    let ids = used.iter().filter_map(|grant| grant["id"].as_str());
    Ok(ids.map(str::to_owned).collect())
}

impl EarlierRuns for RunsMade<'_> {
    fn under(&self, grant: Digest) -> Result<u64, String> {
        let counted = self.counted.get_or_init(|| self.count());
        let of = |counted: &BTreeMap<String, u64>| counted.get(&grant.to_string()).copied();
        counted
            .as_ref()
            .map(|counted| of(counted).unwrap_or(0))
            .map_err(Clone::clone)
    }
}
