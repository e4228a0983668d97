//! From the command's words to a run request: sandbox, journal, folders.

use super::Exec;
use crate::exit::{Fail, chain};
use crate::settings::Settings;
use minion_grants::{Admission, Date, date_of_unix};
use minion_host::{Budget, RunRequest};
use minion_journal::{IdSource, SqliteStore, SystemClock, SystemIds};
use minion_sandbox::{Level, Sandbox, Toolchains};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

impl Exec {
    pub(super) fn request(
        &self,
        settings: &Settings,
        admission: &Admission,
    ) -> Result<RunRequest, Fail> {
        // Not the path on disk: an upgrade may replace that while a run goes on.
        let stage = PathBuf::from("/proc/self/exe");
        let sandbox = sandbox(stage, admission)?;
        let store = SqliteStore::open(settings.journal()).map_err(|e| Fail::usage(chain(&e)))?;
        let clock = Arc::new(SystemClock);
        let run = SystemIds.next(minion_journal::Clock::now(&*clock));
        Ok(RunRequest {
            repository: self.repo.clone(),
            base: self.base.clone(),
            task: self.task.clone(),
            inputs: self.inputs()?,
            model: self.model.model(settings)?,
            sandbox,
            toolchains: Toolchains::discover(),
            store: Arc::new(store),
            clock,
            folder: settings.runs().join(run.to_string()),
            run,
            budget: Budget::default(),
        })
    }

    fn inputs(&self) -> Result<BTreeMap<String, String>, Fail> {
        let mut inputs = BTreeMap::new();
        for text in &self.inputs {
            let (name, value) = text
                .split_once('=')
                .filter(|(name, _)| !name.is_empty())
                .ok_or_else(|| Fail::usage(format!("the input `{text}` is not `name=value`")))?;
            if inputs.insert(name.to_owned(), value.to_owned()).is_some() {
                return Err(Fail::usage(format!("the input `{name}` is given twice")));
            }
        }
        Ok(inputs)
    }
}

/// The strongest sandbox of this machine. Where there is none, commands run without one only
/// when the grants of every part say so, and the evidence says it too.
fn sandbox(stage: PathBuf, admission: &Admission) -> Result<Sandbox, Fail> {
    let unavailable = match Sandbox::probe(stage.clone()) {
        Ok(sandbox) => return Ok(sandbox),
        Err(unavailable) => unavailable,
    };
    let parts = admission.parts().iter();
    if parts
        .map(|part| admission.authority(part.name(), None))
        .all(|part| part.unsandboxed())
    {
        return Sandbox::at(Level::Unsandboxed, stage).map_err(|e| Fail::refused(chain(&e)));
    }
    Err(Fail::refused(chain(&unavailable)))
}

/// The day, for grants that expire.
pub(super) fn today() -> Date {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    date_of_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
