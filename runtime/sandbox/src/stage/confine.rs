//! Second stage below level full: gives up everything and becomes the program.

use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;

use super::failure::{FAILED, Failure, Step};
use super::{environment, landlock, privileges, seccomp, sweep};
use crate::level::Level;
use crate::wire::{self, Identity, Order, Report};

pub(super) fn confine(control: &UnixStream) -> Result<i32, Failure> {
    let order: Order = wire::receive(control).step("reading the order")?;
    rustix::process::setsid().step("new session")?;
    privileges::drop_identity(order.identity)?;
    environment::make_home(&order, &order.temporary)?;
    privileges::bound(&order.limits, processes_allowed(&order))?;
    rustix::thread::set_no_new_privs(true).step("no_new_privs")?;
    if order.level == Level::Basic {
        let floor = landlock::Floor::basic(order.identity);
        landlock::restrict(floor, &order.mounts, &[&order.temporary], &[])?;
        privileges::drop_capabilities()?;
        seccomp::restrict(seccomp::Sockets::Pairs)?;
    }
    let error = environment::program(&order, &order.temporary)
        .exec()
        .to_string();
    wire::send(control, &Report::NotStarted { error }).step("reporting")?;
    Ok(FAILED)
}

/// The kernel counts all processes of a uid, so those that are there already come on top. The
/// supervisor counts the descendants alone.
fn processes_allowed(order: &Order) -> u64 {
    let own = rustix::process::getuid().as_raw();
    let present = match order.identity {
        Identity::Same => sweep::threads_of(own),
        Identity::Dropped { .. } => 0,
    };
    order.limits.processes.saturating_add(present)
}
