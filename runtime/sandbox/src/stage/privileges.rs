//! Giving up privileges, and bounding what a process may use.

use std::fs;
use std::io;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use rustix::process::{DumpableBehavior, Gid, Resource, Rlimit, Uid};
use rustix::thread::{CapabilitySet, CapabilitySets, UnshareFlags};

use super::failure::{Failure, Step};
use crate::limits::Limits;
use crate::wire::Identity;

const OPEN_FILES: u64 = 4096;

/// For every first stage: files made by a command can be read by the host, and when memory runs
/// out the kernel ends a command before it ends anything else.
pub(super) fn before_everything() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
}

#[expect(
    deprecated,
    reason = "its unsafe successor is about UnshareFlags::FILES, never used here"
)]
pub(super) fn unshare(flags: UnshareFlags) -> io::Result<()> {
    Ok(rustix::thread::unshare(flags)?)
}

/// In a new user namespace: we are who we were outside, and no one else exists. Who is root
/// outside of it (a container with one id) is not root inside.
pub(super) fn map_ids(uid: u32, gid: u32) -> Result<(), Failure> {
    let inside = |id: u32| if id == 0 { 1000 } else { id };
    fs::write("/proc/self/setgroups", "deny").step("closing setgroups")?;
    fs::write("/proc/self/uid_map", format!("{} {uid} 1", inside(uid))).step("mapping the uid")?;
    fs::write("/proc/self/gid_map", format!("{} {gid} 1", inside(gid))).step("mapping the gid")
}

/// Root becomes the uid of commands, for good. No effect when the host is not root.
pub(super) fn drop_identity(identity: Identity) -> Result<(), Failure> {
    let Identity::Dropped { uid, gid } = identity else {
        return Ok(());
    };
    empty_bounding_set();
    let (user, group) = (Uid::from_raw(uid), Gid::from_raw(gid));
    rustix::thread::set_thread_groups(&[]).step("dropping groups")?;
    rustix::thread::set_thread_res_gid(group, group, group).step("dropping the gid")?;
    rustix::thread::set_thread_res_uid(user, user, user).step("dropping the uid")?;
    let is_dropped = rustix::process::getuid() == user && rustix::process::geteuid() == user;
    let still_root = rustix::thread::set_thread_uid(Uid::ROOT).is_ok();
    if is_dropped && !still_root {
        Ok(())
    } else {
        Err("still root").step("dropping the uid")
    }
}

/// Gives a dropped root its own count of processes: without a user namespace of its own, the
/// kernel counts those of all sandboxes together. Where it is not allowed the count is shared.
pub(super) fn own_process_count(identity: Identity) {
    if let Identity::Dropped { uid, gid } = identity {
        let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::Dumpable);
        if unshare(UnshareFlags::NEWUSER).is_ok() {
            let _ = map_ids(uid, gid);
        }
    }
}

/// No capability is left and none can come back; nothing of ours can be traced.
pub(super) fn drop_capabilities() -> Result<(), Failure> {
    rustix::thread::set_no_new_privs(true).step("no_new_privs")?;
    rustix::thread::clear_ambient_capability_set().step("ambient capabilities")?;
    empty_bounding_set();
    let none = CapabilitySet::empty();
    let sets = CapabilitySets {
        effective: none,
        permitted: none,
        inheritable: none,
    };
    rustix::thread::set_capabilities(None, sets).step("dropping capabilities")?;
    not_traceable()
}

/// A command has our uid in some setups: it must not write our memory and forge a report.
pub(super) fn not_traceable() -> Result<(), Failure> {
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).step("not dumpable")
}

/// Second belt under `no_new_privs`: fails where we never had the right to, which is as good.
fn empty_bounding_set() {
    for bit in 0..64 {
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        if rustix::thread::remove_capability_from_bounding_set(capability).is_err() {
            break;
        }
    }
}

/// `RLIMIT_DATA` rather than `RLIMIT_AS`: it counts what can be written, while runtimes reserve
/// address space of many times that and never touch it.
pub(super) fn bound(limits: &Limits, processes: u64) -> Result<(), Failure> {
    let bounds = [
        (Resource::Core, 0),
        (Resource::Nofile, OPEN_FILES),
        (Resource::Fsize, limits.file_size),
        (Resource::Data, limits.memory),
        (Resource::Nproc, processes),
    ];
    for (resource, wanted) in bounds {
        let most = rustix::process::getrlimit(resource)
            .maximum
            .unwrap_or(u64::MAX);
        let value = Some(wanted.min(most));
        let limit = Rlimit {
            current: value,
            maximum: value,
        };
        rustix::process::setrlimit(resource, limit).step(format!("limit {resource:?}"))?;
    }
    Ok(())
}

/// Of all children that were waited for, and theirs.
pub(super) fn processor_time_of_children() -> u64 {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else {
        return 0;
    };
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    u64::try_from(micros).unwrap_or(0)
}
