//! With what a run is done: model, walls, programs, journal, folders.

use super::{Kept, way};
use crate::exit::{Fail, chain};
use crate::settings::Settings;
use clap::ValueEnum;
use minion_agents::Model;
use minion_grants::Admission;
use minion_host::{Budget, Means, Network};
use minion_journal::{Clock, RunId, Store};
use minion_sandbox::{Level, Probing, Sandbox, Toolchains};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// The levels that a command can demand. It demands walls, never their absence: that takes a
/// grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Walls {
    /// Namespaces, Landlock and seccomp; refused where the machine does not give them
    Full,
    /// Landlock and seccomp alone, also where the machine gives more
    Basic,
}

impl Walls {
    fn level(self) -> Level {
        match self {
            Self::Full => Level::Full,
            Self::Basic => Level::Basic,
        }
    }
}

/// Begins to find out what this machine offers, unless a level is demanded; that takes about
/// as long as reading the blueprint does.
pub(crate) fn probe(demanded: Option<Walls>) -> Option<Probing> {
    demanded.is_none().then(|| Sandbox::probe_beside(stage()))
}

/// Not the path on disk: an upgrade may replace that while a run goes on.
fn stage() -> PathBuf {
    PathBuf::from("/proc/self/exe")
}

/// What stands before anything is compiled, so that a mistake in it is told at once.
pub(crate) struct Ready {
    pub(crate) model: Option<Arc<dyn Model>>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Everything together, for a run with this admission.
pub(crate) fn means(
    settings: &Settings,
    ready: Ready,
    kept: &Kept,
    probing: Option<Probing>,
    unsandboxed: bool,
    run: RunId,
) -> Result<Means, Fail> {
    let sandbox = sandbox(kept.sandbox, probing, unsandboxed)?;
    way::open(settings, &sandbox)?;
    Ok(Means {
        model: ready.model,
        sandbox,
        toolchains: Toolchains::discover(),
        network: Network::of_this_machine(),
        store: ready.store,
        clock: ready.clock,
        folder: settings.runs().join(run.to_string()),
        budget: Budget::default(),
    })
}

/// The level that is demanded, or the strongest of this machine. Where there is none, commands
/// run without one only when the grants of every part say so, and the evidence says it too.
fn sandbox(
    demanded: Option<Walls>,
    probing: Option<Probing>,
    unsandboxed: bool,
) -> Result<Sandbox, Fail> {
    if let Some(walls) = demanded {
        return Sandbox::at(walls.level(), stage()).map_err(|e| Fail::refused(chain(&e)));
    }
    let found = match probing {
        Some(probing) => probing.wait(),
        None => Sandbox::probe(stage()),
    };
    match found {
        Ok(sandbox) => Ok(sandbox),
        Err(_) if unsandboxed => {
            Sandbox::at(Level::Unsandboxed, stage()).map_err(|e| Fail::refused(chain(&e)))
        }
        Err(unavailable) => Err(Fail::refused(chain(&unavailable))),
    }
}

/// Whether every part may run its commands without a sandbox.
pub(crate) fn unsandboxed(admission: &Admission) -> bool {
    let mut parts = admission.parts().iter();
    parts.all(|part| admission.authority(part.name(), None).unsandboxed())
}
