//! Second stage of level full: process 1 of the namespaces. Its end is the end of everything in
//! them, so it ends when the program does, when a limit is hit, and when the host is gone.

use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};

use super::failure::{FAILED, Failure, Step};
use super::{environment, landlock, loopback, mounts, privileges, seccomp, watch};
use crate::wire::{self, Order, Report};

const OWN_TMP: &str = "/tmp";

pub(super) fn init(control: &UnixStream) -> Result<i32, Failure> {
    let order: Order = wire::receive(control).step("reading the order")?;
    rustix::process::setsid().step("new session")?;
    mounts::replace_root(&order)?;
    loopback::up().step("loopback")?;
    rustix::system::sethostname(b"sandbox").step("host name")?;
    give_up_privileges(&order)?;
    let stop = control.try_clone().step("control")?;
    std::thread::spawn(move || {
        watch::wait_for_end(&stop);
        std::process::exit(FAILED);
    });
    let limits = order.limits;
    let over = control.try_clone().step("control")?;
    std::thread::spawn(move || {
        let exceeded = watch::wait_for_excess(&limits, watch::Whom::Everyone);
        let _ = wire::send(&over, &Report::Over(exceeded));
        std::process::exit(FAILED);
    });
    run(&order, control)
}

fn give_up_privileges(order: &Order) -> Result<(), Failure> {
    privileges::drop_identity(order.identity)?;
    privileges::own_process_count(order.identity);
    // The death of the first stage is ours; set after the uid changed, which would clear it.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).step("death signal")?;
    environment::make_home(order, Path::new(OWN_TMP))?;
    // Process 1 and its two threads count as well.
    privileges::bound(&order.limits, order.limits.processes.saturating_add(3))?;
    let own = [OWN_TMP, "/dev/shm"].map(Path::new);
    landlock::restrict(
        landlock::Floor::full(),
        &order.mounts,
        &own,
        &["/proc", "/etc", "/dev"].map(Path::new),
    )?;
    privileges::drop_capabilities()?;
    seccomp::restrict(seccomp::Sockets::Own)
}

fn run(order: &Order, control: &UnixStream) -> Result<i32, Failure> {
    let child = match environment::program(order, Path::new(OWN_TMP)).spawn() {
        Ok(child) => child,
        Err(error) => {
            let error = error.to_string();
            wire::send(control, &Report::NotStarted { error }).step("reporting")?;
            return Ok(FAILED);
        }
    };
    let status = wait_for(Pid::from_child(&child))?;
    let (exit, signal) = (status.exit_status(), status.terminating_signal());
    wire::send(control, &Report::Ended { exit, signal }).step("reporting")?;
    Ok(0)
}

/// Reaps whatever ends until it is this one.
pub(super) fn wait_for(program: Pid) -> Result<WaitStatus, Failure> {
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == program => return Ok(status),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).step("waiting"),
        }
    }
}
