//! First stage below level full: stays outside of the walls and answers for every descendant.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use rustix::process::Pid;

use super::failure::{FAILED, Failure, Step};
use super::{environment, init, privileges, sweep, watch};
use crate::wire::{self, Order, Report, STAGE_WORD};

pub(super) fn supervise(control: &UnixStream) -> Result<i32, Failure> {
    privileges::before_everything();
    let mut order: Order = wire::receive(control).step("reading the order")?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).step("subreaper")?;
    privileges::not_traceable()?;
    let temporary = own_temporary(&order)?;
    order.temporary.clone_from(&temporary);
    let ended = oversee(&order, control);
    let gone = sweep::end_all();
    let cpu_micros = privileges::processor_time_of_children();
    let _ = fs::remove_dir_all(&temporary);
    if !gone {
        return Err("some processes would not end").step("ending all processes");
    }
    let _ = wire::send(control, &ended?);
    let _ = wire::send(control, &Report::Used { cpu_micros });
    Ok(0)
}

fn oversee(order: &Order, control: &UnixStream) -> Result<Report, Failure> {
    let (ours, theirs) = UnixStream::pair().step("control")?;
    let mut command = Command::new("/proc/self/exe");
    command
        .args([STAGE_WORD, "confine"])
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(theirs)));
    let child = command.spawn().step("starting confine")?;
    drop(command);
    let (tell, over) = mpsc::channel();
    watch_over(order, control, tell)?;
    wire::send(&ours, order).step("passing the order on")?;
    // End of file: the program runs. Anything else is why it does not.
    if let Ok(report) = wire::receive::<Report>(&ours) {
        return Ok(report);
    }
    let status = init::wait_for(Pid::from_child(&child))?;
    if let Ok(exceeded) = over.try_recv() {
        return Ok(exceeded);
    }
    Ok(Report::Ended {
        exit: status.exit_status(),
        signal: status.terminating_signal(),
    })
}

fn watch_over(
    order: &Order,
    control: &UnixStream,
    tell: mpsc::Sender<Report>,
) -> Result<(), Failure> {
    let control = control.try_clone().step("control")?;
    std::thread::spawn(move || {
        watch::wait_for_end(&control);
        kill_on_and_on();
    });
    let limits = order.limits;
    std::thread::spawn(move || {
        let exceeded = watch::wait_for_excess(&limits, watch::Whom::Descendants);
        let _ = tell.send(Report::Over(exceeded));
        kill_on_and_on();
    });
    Ok(())
}

/// Until this process is over: the main thread reaps, and ends when nothing is left.
fn kill_on_and_on() {
    loop {
        sweep::kill_all();
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

fn own_temporary(order: &Order) -> Result<PathBuf, Failure> {
    let (uid, gid) = environment::ids(order.identity);
    let folder = unused_folder(&order.temporary).step("own temporary folder")?;
    std::os::unix::fs::chown(&folder, Some(uid), Some(gid)).step("own temporary folder")?;
    Ok(folder)
}

/// Our process id is unique among the living; a leftover of the dead gets out of the way.
fn unused_folder(parent: &Path) -> std::io::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    let id = std::process::id();
    let mut builder = fs::DirBuilder::new();
    builder.mode(0o700);
    for attempt in 0..1000 {
        let folder = parent.join(format!("minion-{id}-{attempt}"));
        match builder.create(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            other => return other.map(|()| folder),
        }
    }
    Err(std::io::Error::other(format!(
        "no free name (exit {FAILED})"
    )))
}
