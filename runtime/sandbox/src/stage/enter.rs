//! First stage of level full: new namespaces, then `init` as process 1 in them.

use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use rustix::thread::{CapabilitySet, UnshareFlags};

use super::failure::{Failure, Step};
use super::privileges;
use crate::wire::{self, Report, STAGE_WORD};

/// As root the namespaces are root's own and the privileges go later; otherwise a user namespace
/// gives the privileges for the mounts.
pub(super) fn enter(control: &UnixStream, as_root: bool) -> Result<i32, Failure> {
    privileges::before_everything();
    let namespaces = UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWNET
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWCGROUP;
    if as_root {
        privileges::unshare(namespaces).step("namespaces")?;
    } else {
        let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
        privileges::unshare(namespaces | UnshareFlags::NEWUSER).step("user namespace")?;
        privileges::map_ids(uid.as_raw(), gid.as_raw())?;
        keep_for_init()?;
    }
    let mut init = Command::new("/proc/self/exe");
    let status = init
        .args([STAGE_WORD, "init"])
        .env_clear()
        .status()
        .step("starting init")?;
    let cpu_micros = privileges::processor_time_of_children();
    let _ = wire::send(control, &Report::Used { cpu_micros });
    Ok(status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0)))
}

/// Capabilities survive the `exec` of a process that is not root only when they are ambient.
fn keep_for_init() -> Result<(), Failure> {
    // The last two are for overlays, whose work folder nobody else may enter.
    let needed = CapabilitySet::SYS_ADMIN
        | CapabilitySet::NET_ADMIN
        | CapabilitySet::SETPCAP
        | CapabilitySet::DAC_OVERRIDE
        | CapabilitySet::FOWNER;
    let mut sets = rustix::thread::capabilities(None).step("reading capabilities")?;
    sets.inheritable = needed;
    rustix::thread::set_capabilities(None, sets).step("keeping capabilities")?;
    for capability in needed.iter() {
        rustix::thread::configure_capability_in_ambient_set(capability, true)
            .step("keeping capabilities")?;
    }
    Ok(())
}
