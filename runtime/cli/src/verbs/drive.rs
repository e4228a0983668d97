//! From an admitted component to the exit code of its run: what `exec`, `resume` and `replay`
//! do alike.

use crate::exit::{BUG, DIVERGED, Fail, REFUSED, STOPPED, chain, lines};
use crate::render::{data, summary};
use crate::settings::Settings;
use crate::verbs::start::distrusted;
use minion_host::{Admitted, Engine, Finished, Linked, RunError};
use minion_journal::{ClaimError, JournalError, SqliteStore, Store};
use minion_workspace::kept;
use std::path::Path;
use std::sync::Arc;

/// The journal, to write: in a folder in which nobody else does.
pub(crate) fn store(settings: &Settings) -> Result<Arc<dyn Store>, Fail> {
    kept(settings.state(), None).map_err(|error| distrusted(&error))?;
    let store = SqliteStore::open(settings.journal()).map_err(|e| Fail::open(&e))?;
    Ok(Arc::new(store))
}

/// The journal, to look at; none when nothing ever ran.
pub(crate) fn look(settings: &Settings) -> Result<Option<Arc<dyn Store>>, Fail> {
    let folder = settings.journal();
    if !folder.exists() {
        return Ok(None);
    }
    let store = SqliteStore::open_read_only(&folder).map_err(|e| Fail::open(&e))?;
    Ok(Some(Arc::new(store)))
}

/// The engine with the cache of compiled components.
pub(crate) fn engine(settings: &Settings) -> Result<Engine, Fail> {
    Engine::new(Some(&settings.compiled())).map_err(|e| Fail::usage(chain(&e)))
}

/// Compiles what was admitted.
pub(crate) fn link(admitted: Admitted, settings: &Settings) -> Result<Linked, Fail> {
    minion_host::link(admitted, &engine(settings)?).map_err(|e| Fail::refused(chain(&e)))
}

/// Waits for what comes.
pub(crate) fn wait<T>(work: impl Future<Output = T>) -> Result<T, Fail> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Fail::bug)?;
    Ok(runtime.block_on(work))
}

/// Waits for a run and tells how it ended.
pub(crate) fn finish(
    run: impl Future<Output = Result<Finished, RunError>>,
    json: bool,
    repository: Option<&Path>,
) -> Result<u8, Fail> {
    let finished = wait(run)?.map_err(|error| failed(&error))?;
    if json {
        let mut outcome = finished.to_json();
        if let Some(repository) = repository {
            outcome["repository"] = repository.display().to_string().into();
        }
        data(&outcome.to_string());
    } else {
        summary::summary(&finished);
    }
    Ok(finished.outcome.exit_code())
}

/// What to say of a run that could not begin or go on.
pub(crate) fn failed(error: &RunError) -> Fail {
    if let RunError::Journal(JournalError::Claim(ClaimError::Held { run, .. })) = error {
        return Fail::stopped(format!("{}; {}", chain(error), held(&run.short())));
    }
    match error.exit_code() {
        BUG => Fail::bug(chain(error)),
        STOPPED => Fail::stopped(chain(error)),
        REFUSED => Fail::refused(lines(error)),
        DIVERGED => Fail::diverged(lines(error)),
        _ => Fail::usage(chain(error)),
    }
}

/// What one can do about a run that another process has.
fn held(run: &str) -> String {
    format!(
        "`minion-rt runs watch {run}` shows it, `minion-rt cancel {run}` stops it, and `minion-rt resume {run} \
         --take-over` kills a process that does not answer any more, and goes on"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use minion_journal::RunId;

    #[test]
    fn a_run_that_is_held_tells_what_can_be_done_about_it() {
        let held = ClaimError::Held {
            run: RunId::from_bits(1),
            holder: "process 7".to_owned(),
        };
        let told = format!("{:?}", failed(&JournalError::from(held).into()));
        for words in [
            "`000001` is held by process 7; ",
            "runs watch 000001",
            "cancel 000001",
            "--take-over",
        ] {
            assert!(told.contains(words), "{words}: {told}");
        }
    }
}
