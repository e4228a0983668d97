//! The host's side of one command: starts the stages, listens, keeps the time, and sees to it
//! that nothing is left.

use std::future::Future;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::OwnedReadHalf;
use tokio::process::{Child, ChildStderr, ChildStdout};

use crate::error::SandboxError;
use crate::level::Level;
use crate::limits::Exceeded;
use crate::output::Kept;
use crate::plan;
use crate::sandbox::Sandbox;
use crate::spec::Spec;
use crate::wire::{self, Order, Report, STAGE_WORD};

/// How long the stages may take to kill everything before they are killed themselves.
const GRACE: Duration = Duration::from_secs(10);

/// A command that is over, with everything that it started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The exit code, when the program ended by itself.
    pub exit: Option<i32>,
    /// The signal that ended it, otherwise.
    pub signal: Option<i32>,
    /// Standard output: all of it, or beginning and end around a line that says what is missing.
    pub stdout: Vec<u8>,
    /// Standard error, likewise.
    pub stderr: Vec<u8>,
    /// Bytes written to standard output, kept or not.
    pub stdout_bytes: u64,
    /// Bytes written to standard error, kept or not.
    pub stderr_bytes: u64,
    /// Whether either stream was longer than the limit.
    pub truncated: bool,
    /// Whether the wall time ran out.
    pub timed_out: bool,
    /// Whether the caller's `cancel` came first.
    pub cancelled: bool,
    /// The limit for which everything was killed, if one was.
    pub exceeded: Option<Exceeded>,
    /// From start to the end of the last process.
    pub duration: Duration,
    /// Processor time of all processes together, the sandbox's own few milliseconds included.
    pub cpu: Duration,
    /// The walls it ran behind.
    pub level: Level,
}

impl Finished {
    /// Whether the program ended by itself with code 0 and within all limits.
    pub fn is_success(&self) -> bool {
        self.exit == Some(0)
    }
}

impl Sandbox {
    /// Runs one command to its end, or to the end of its limits, or until `cancel` is ready.
    ///
    /// When this returns, every process of the command is gone. Dropping the future orders the
    /// same and does not wait for it. Needs a tokio runtime with I/O and time.
    pub async fn run<C>(&self, spec: Spec, cancel: C) -> Result<Finished, SandboxError>
    where
        C: Future<Output = ()>,
    {
        if !spec.overlay.is_empty() && !self.has_overlay() {
            return Err(SandboxError::NoOverlay(self.level));
        }
        let order = plan::order(spec, self.level, self.identity)?;
        let started = Instant::now();
        let mut running = Running::start(&self.stage, &order)
            .await
            .map_err(|source| SandboxError::Stage {
                stage: self.stage.clone(),
                source,
            })?;
        let why = running.wait(order.limits.wall, cancel).await;
        running.finished(why, started.elapsed(), order)
    }
}

/// Why waiting ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stopped {
    ByItself,
    WallTime,
    Cancelled,
}

struct Running {
    stage: Child,
    /// Dropped to order the end: by us, by the caller dropping us, by the death of the host.
    control: Option<tokio::net::unix::OwnedWriteHalf>,
    listening: Option<Listening>,
    stdout: Kept,
    stderr: Kept,
    reports: Vec<u8>,
    status: Option<std::io::Result<ExitStatus>>,
}

struct Listening {
    stdout: ChildStdout,
    stderr: ChildStderr,
    reports: OwnedReadHalf,
}

impl Running {
    async fn start(stage: &Path, order: &Order) -> std::io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = tokio::process::Command::from(stage_command(stage, order, theirs));
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        drop(command); // it holds the stage's end of the socket
        ours.set_nonblocking(true)?;
        let (reports, mut control) = tokio::net::UnixStream::from_std(ours)?.into_split();
        // A stage that dies at once leaves a broken pipe here and its reason in the status.
        let _ = control.write_all(&wire::frame(order)?).await;
        let missing = || std::io::Error::other("no pipe");
        let listening = Listening {
            stdout: child.stdout.take().ok_or_else(missing)?,
            stderr: child.stderr.take().ok_or_else(missing)?,
            reports,
        };
        Ok(Self {
            stage: child,
            control: Some(control),
            listening: Some(listening),
            stdout: Kept::new(order.limits.output_bytes),
            stderr: Kept::new(order.limits.output_bytes),
            reports: Vec::new(),
            status: None,
        })
    }

    async fn wait(&mut self, wall: Duration, cancel: impl Future<Output = ()>) -> Stopped {
        let control = self.control.take();
        let (why, in_time) = {
            let mut ending = std::pin::pin!(self.listen());
            let why = tokio::select! {
                () = &mut ending => Stopped::ByItself,
                () = tokio::time::sleep(wall) => Stopped::WallTime,
                () = cancel => Stopped::Cancelled,
            };
            drop(control);
            let in_time =
                why == Stopped::ByItself || tokio::time::timeout(GRACE, ending).await.is_ok();
            (why, in_time)
        };
        if !in_time {
            self.kill_stages().await;
        }
        why
    }

    /// Reads everything to its end; the status comes last, so nothing is missed.
    async fn listen(&mut self) {
        if let Some(mut from) = self.listening.take() {
            let _ = tokio::join!(
                self.stdout.drain(&mut from.stdout),
                self.stderr.drain(&mut from.stderr),
                from.reports.read_to_end(&mut self.reports),
            );
        }
        self.status = Some(self.stage.wait().await);
    }

    /// Last resort. The process group is the stages' own, and not reaped before this.
    async fn kill_stages(&mut self) {
        let group = self.stage.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = group.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        self.status = Some(self.stage.wait().await);
    }

    fn finished(
        self,
        why: Stopped,
        duration: Duration,
        order: Order,
    ) -> Result<Finished, SandboxError> {
        let reports: Vec<Report> = wire::frames(&self.reports);
        let outcome = outcome(&reports, order.program)?;
        let over = reports.iter().find_map(|report| match report {
            Report::Over(limit) => Some(*limit),
            _ => None,
        });
        let (exit, signal) = match (why, over, outcome) {
            (Stopped::ByItself, None, Some(outcome)) => outcome,
            (Stopped::ByItself, None, None) => {
                return Err(SandboxError::Lost(format!("{:?}", self.status)));
            }
            _ => (None, Some(9)),
        };
        let timed_out = why == Stopped::WallTime;
        Ok(Finished {
            exit,
            signal,
            truncated: self.stdout.is_truncated() || self.stderr.is_truncated(),
            stdout_bytes: self.stdout.seen(),
            stderr_bytes: self.stderr.seen(),
            stdout: self.stdout.into_bytes(),
            stderr: self.stderr.into_bytes(),
            timed_out,
            cancelled: why == Stopped::Cancelled,
            exceeded: if timed_out {
                Some(Exceeded::Wall)
            } else {
                over
            },
            duration,
            cpu: used(&reports),
            level: order.level,
        })
    }
}

/// Starts the stages, waits for a command that is sure to be short, and wants it to succeed.
pub(crate) fn run_blocking(stage: &Path, order: Order) -> Result<(), SandboxError> {
    let failed = |source| SandboxError::Stage {
        stage: stage.to_owned(),
        source,
    };
    let (ours, theirs) = UnixStream::pair().map_err(failed)?;
    let mut command = stage_command(stage, &order, theirs);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    drop(command);
    let _ = wire::send(&ours, &order);
    let _ = ours.set_read_timeout(Some(GRACE));
    let mut reports = Vec::new();
    let heard = std::io::Read::read_to_end(&mut &ours, &mut reports);
    drop(ours);
    if heard.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(failed)?;
    match outcome(&wire::frames(&reports), order.program)? {
        Some((Some(0), _)) => Ok(()),
        _ => Err(SandboxError::Lost(status.to_string())),
    }
}

fn stage_command(stage: &Path, order: &Order, control: UnixStream) -> Command {
    let mut command = Command::new(stage);
    let first = if order.level == Level::Full {
        "enter"
    } else {
        "supervise"
    };
    let who = if order.identity == wire::Identity::Same {
        "same"
    } else {
        "dropped"
    };
    command
        .args([STAGE_WORD, first, who])
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(control)))
        .process_group(0);
    command
}

type Ended = (Option<i32>, Option<i32>);

fn outcome(reports: &[Report], program: PathBuf) -> Result<Option<Ended>, SandboxError> {
    let mut ended = None;
    for report in reports {
        match report.clone() {
            Report::Failed { step, error } => return Err(SandboxError::Setup { step, error }),
            Report::NotStarted { error } => return Err(SandboxError::Start { program, error }),
            Report::Ended { exit, signal } => ended = Some((exit, signal)),
            Report::Over(_) | Report::Used { .. } => {}
        }
    }
    Ok(ended)
}

fn used(reports: &[Report]) -> Duration {
    let micros = reports.iter().map(|report| match report {
        Report::Used { cpu_micros } => *cpu_micros,
        _ => 0,
    });
    Duration::from_micros(micros.max().unwrap_or(0))
}
