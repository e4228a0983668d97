//! From the command's words to a run request: sandbox, journal, folders.

use super::Exec;
use crate::exit::{Fail, chain};
use crate::settings::Settings;
use minion_agents::Model;
use minion_grants::{Admission, Date, date_of_unix};
use minion_host::{Budget, RunRequest};
use minion_journal::{IdSource, SqliteStore, SystemClock, SystemIds};
use minion_sandbox::{Level, Probing, Sandbox, Toolchains};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

/// What a run is made with, as far as it does not depend on the sandbox. A mistake in the
/// command's words is told before anything is compiled.
pub(super) struct Means {
    inputs: BTreeMap<String, String>,
    model: Option<Arc<dyn Model>>,
    store: SqliteStore,
    toolchains: Toolchains,
}

impl Means {
    /// Whether somebody is named to play the agents.
    pub(super) fn has_model(&self) -> bool {
        self.model.is_some()
    }
}

impl Exec {
    pub(super) fn means(&self, settings: &Settings) -> Result<Means, Fail> {
        Ok(Means {
            store: SqliteStore::open(settings.journal()).map_err(|e| Fail::usage(chain(&e)))?,
            inputs: self.inputs()?,
            model: self.model.model(settings)?,
            toolchains: Toolchains::discover(),
        })
    }

    pub(super) fn request(
        &self,
        settings: &Settings,
        means: Means,
        sandbox: Sandbox,
    ) -> RunRequest {
        let clock = Arc::new(SystemClock);
        let run = SystemIds.next(minion_journal::Clock::now(&*clock));
        RunRequest {
            repository: self.repo.clone(),
            base: self.base.clone(),
            task: self.task.clone(),
            inputs: means.inputs,
            model: means.model,
            sandbox,
            toolchains: means.toolchains,
            store: Arc::new(means.store),
            clock,
            folder: settings.runs().join(run.to_string()),
            run,
            budget: Budget::default(),
        }
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

/// Begins to find out what this machine offers; that takes about as long as reading the
/// blueprint does.
pub(super) fn probe() -> Probing {
    // Not the path on disk: an upgrade may replace that while a run goes on.
    Sandbox::probe_beside(PathBuf::from("/proc/self/exe"))
}

/// The strongest sandbox of this machine. Where there is none, commands run without one only
/// when the grants of every part say so, and the evidence says it too.
pub(super) fn sandbox(probing: Probing, without: bool) -> Result<Sandbox, Fail> {
    let stage = probing.stage().to_owned();
    let unavailable = match probing.wait() {
        Ok(sandbox) => return Ok(sandbox),
        Err(unavailable) => unavailable,
    };
    if without {
        return Sandbox::at(Level::Unsandboxed, stage).map_err(|e| Fail::refused(chain(&e)));
    }
    Err(Fail::refused(chain(&unavailable)))
}

/// Whether every part may run its commands without a sandbox.
pub(super) fn unsandboxed(admission: &Admission) -> bool {
    let mut parts = admission.parts().iter();
    parts.all(|part| admission.authority(part.name(), None).unsandboxed())
}

/// The day, for grants that expire.
pub(super) fn today() -> Date {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    date_of_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
