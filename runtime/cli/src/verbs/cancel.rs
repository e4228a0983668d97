//! `minion-rt cancel`: stops a run in another process.
//!
//! First the mark, so that the process knows by whom it is stopped; then the polite signal,
//! and two seconds later the other one.

use crate::exit::{DONE, Fail, chain};
use crate::render::standing::Stands;
use crate::render::{data, say};
use crate::settings::Settings;
use crate::verbs::holder::{Held, summary};
use crate::verbs::{decide, drive};
use clap::Args;
use minion_grants::shown;
use minion_host::{Cancel as Mark, take_up};
use minion_journal::{
    Body, Clock, Pause, RunId, RunState, RunSummary, SignalError, Store, SystemClock, resolve,
};
use rustix::process::Signal;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long a process has to stop by itself.
const PATIENCE: Duration = Duration::from_secs(2);

/// Stops a run, whichever process it is in
///
/// The process is asked to stop and after two seconds killed, with its commands and all that
/// they started. The run says by whom it was stopped, and `minion-rt resume` goes on with it.
#[derive(Args)]
pub(crate) struct Cancel {
    /// The run's id, or the part of it that screens show
    run: String,
    /// Why, in your words
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// Who stops it, if it is not the user of this machine
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Where the journal is kept
    /// [default: $MINION_RT_STATE, else $XDG_DATA_HOME/minion-rt]
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

/// How a run came to stand still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// It was stopped before.
    Already,
    /// Nobody held it.
    Unheld,
    /// Its process stopped by itself.
    Asked,
    /// Its process had to be killed.
    Killed,
}

impl Cancel {
    pub(crate) fn run(&self) -> Result<u8, Fail> {
        let settings = Settings::new(self.state.as_deref())?;
        if drive::look(&settings)?.is_none() {
            let run = shown(&self.run);
            return Err(Fail::usage(format!("there is no run `{run}`")));
        }
        let store = drive::store(&settings)?;
        let run = resolve(&*store, &self.run).map_err(|e| Fail::lookup(&e))?;
        let mark = Mark {
            by: self.by.clone().unwrap_or_else(decide::user),
            why: self.comment.clone(),
        };
        let how = stop(&store, run, &mark)?;
        let before = match how {
            How::Already => Stands::of(&*store, &summary(&*store, run)?).why,
            _ => None,
        };
        self.told(run, &mark, how, before);
        Ok(DONE)
    }

    /// `before` is how the run says that it was stopped before.
    fn told(&self, run: RunId, mark: &Mark, how: How, before: Option<String>) {
        let (word, how) = match how {
            How::Already => ("already", "it had been stopped before; nothing was written"),
            How::Unheld => ("unheld", "no process had it"),
            How::Asked => ("asked", "its process stopped by itself"),
            How::Killed => ("killed", "its process did not stop, and was killed"),
        };
        let ours = before.is_none();
        let reason = before.unwrap_or_else(|| mark.to_string());
        if self.json {
            let told = json!({
                "run": run.to_string(), "outcome": "stopped", "how": word, "reason": reason,
                "by": ours.then_some(&mark.by), "comment": mark.why.as_ref().filter(|_| ours),
            });
            return data(&told.to_string());
        }
        let run = run.short();
        say(&format!("stopped  {run}, {}", shown(&reason)));
        say(&format!("  how        {how}"));
        say(&format!("  next       minion-rt resume {run}"));
    }
}

/// Until the run stands still and says so.
fn stop(store: &Arc<dyn Store>, run: RunId, mark: &Mark) -> Result<How, Fail> {
    let found = summary(&**store, run)?;
    if found.state == RunState::Stopped {
        return Ok(How::Already);
    }
    store
        .signal(run, &mark.signal())
        .map_err(|error| match error {
            SignalError::Ended(_) => ended(run, &found),
            SignalError::Store(error) => Fail::store(&error),
            other => Fail::usage(chain(&other)),
        })?;
    let Some(held) = Held::of(&**store, run)? else {
        note(store, run, mark.to_string())?;
        return Ok(How::Unheld);
    };
    held.signal(Signal::TERM)?;
    let killed = !held.gone(&**store, PATIENCE)?;
    if killed {
        held.kill(&**store)?;
    }
    let now = summary(&**store, run)?;
    match (now.state, now.pause) {
        (RunState::Ended, _) => return Err(ended(run, &now)),
        (_, Some(Pause::Stopped)) => return Ok(How::Asked),
        _ => {}
    }
    let how = if killed {
        "; its process did not stop and was killed"
    } else {
        ""
    };
    note(store, run, format!("{mark}{how}"))?;
    Ok(if killed { How::Killed } else { How::Asked })
}

/// Takes the run to write why it stands still.
fn note(store: &Arc<dyn Store>, run: RunId, reason: String) -> Result<(), Fail> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let taken = take_up(store, &clock, run).map_err(|e| drive::failed(&e))?;
    let fact = Body::Stopped { reason };
    taken.note(fact).map_err(|e| drive::failed(&e))
}

fn ended(run: RunId, found: &RunSummary) -> Fail {
    let run = run.short();
    let how = found.ending.as_ref().map(|ending| ending.outcome);
    let how = how.map_or_else(String::new, |outcome| format!(", {outcome}"));
    Fail::usage(format!(
        "run {run} has ended{how}; there is nothing to stop"
    ))
}
