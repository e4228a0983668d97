//! `minion-rt cancel`: stops a run in another process.
//!
//! First the mark, so that the process knows by whom it is stopped; then the polite signal,
//! and two seconds later the other one. A process is signalled by its descriptor, after a look
//! at when it was born, so no other that got its number is ever hit.

use crate::exit::{DONE, Fail, chain};
use crate::render::standing::Stands;
use crate::render::{data, say};
use crate::settings::Settings;
use crate::verbs::{decide, drive};
use clap::Args;
use minion_grants::shown;
use minion_host::{Cancel as Mark, take_up};
use minion_journal::{
    Body, Claim, Clock, Holder, Pause, RunId, RunState, RunSummary, SignalError, Store,
    SystemClock, resolve,
};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a process has to stop by itself.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long one that was killed may take to be gone.
const BURIAL: Duration = Duration::from_millis(800);
/// How often the store is asked meanwhile.
const LOOK: Duration = Duration::from_millis(20);

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
    if found.state != RunState::Running {
        note(store, run, mark.to_string())?;
        return Ok(How::Unheld);
    }
    let holder = found.holder.filter(Holder::lives).ok_or_else(|| {
        let run = run.short();
        Fail::stopped(format!(
            "run {run} is held by a process that cannot be seen from here; cancel it where it runs"
        ))
    })?;
    let killed = !asked(&**store, run, holder)?;
    if killed {
        kill(&**store, run, holder)?;
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

/// Asks the process to stop; whether it did in time.
fn asked(store: &dyn Store, run: RunId, holder: Holder) -> Result<bool, Fail> {
    signal(holder, Signal::TERM)?;
    gone(store, run, holder, PATIENCE)
}

fn kill(store: &dyn Store, run: RunId, holder: Holder) -> Result<(), Fail> {
    signal(holder, Signal::KILL)?;
    if gone(store, run, holder, BURIAL)? {
        return Ok(());
    }
    let (run, process) = (run.short(), holder.process);
    Err(Fail::stopped(format!(
        "process {process}, which has run {run}, was killed and is still there; the system waits for its disk"
    )))
}

/// Whether the process let go of the run, or died, within that time.
fn gone(store: &dyn Store, run: RunId, holder: Holder, within: Duration) -> Result<bool, Fail> {
    let since = Instant::now();
    loop {
        if !holder.lives() || summary(store, run)?.state != RunState::Running {
            return Ok(true);
        }
        if since.elapsed() >= within {
            return Ok(false);
        }
        std::thread::sleep(LOOK);
    }
}

/// To this very process and no other; one that is gone already needs none.
fn signal(holder: Holder, signal: Signal) -> Result<(), Fail> {
    let failed = |error: rustix::io::Errno| {
        let process = holder.process;
        Fail::stopped(format!("process {process} could not be stopped: {error}"))
    };
    let Some(pid) = i32::try_from(holder.process).ok().and_then(Pid::from_raw) else {
        return Ok(());
    };
    let process = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(rustix::io::Errno::SRCH) => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    // Looked at only now: what the descriptor means cannot change any more.
    if !holder.lives() {
        return Ok(());
    }
    match pidfd_send_signal(process, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// Takes the run to write why it stands still.
fn note(store: &Arc<dyn Store>, run: RunId, reason: String) -> Result<(), Fail> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let taken = take_up(store, &clock, run, Claim::IfFree).map_err(|e| drive::failed(&e))?;
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

fn summary(store: &dyn Store, run: RunId) -> Result<RunSummary, Fail> {
    store.summary(run).map_err(|error| Fail::store(&error))
}
