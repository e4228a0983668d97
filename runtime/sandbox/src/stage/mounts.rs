//! The command's own root: an empty tmpfs with exactly the planned things in it.
//!
//! Sources are picked up before `/tmp` is covered, so a workspace below `/tmp` works; a fresh
//! `/proc` is mounted while the old one is still there, as the kernel demands.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, StatVfsMountFlags};
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount,
    mount_bind, mount_change, mount_remount, move_mount, open_tree, unmount,
};

use super::failure::{Failure, Step};
use crate::plan::{Access, Mount};
use crate::wire::Order;

pub(super) const DEVICES: [&str; 5] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
];
const SYSTEM_LINKS: [&str; 6] = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/// Where the root is built before it becomes the root: any folder, only we see the cover.
const ROOT: &str = "/tmp";
/// Below the root while it is built: backs `/tmp` and the throw-away layers, then hidden.
const SCRATCH: &str = "/.scratch";
/// The old root, for as long as it takes to let go of it.
const OLD: &str = "/.old";

/// Replaces everything that this process and its children can see.
pub(super) fn replace_root(order: &Order) -> Result<(), Failure> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private).step("private mounts")?;
    let mut sources = Vec::new();
    for planned in &order.mounts {
        sources.push(clone(&planned.source).step(format!("opening {}", planned.source.display()))?);
    }
    let devices = DEVICES.map(|device| clone(Path::new(device)));
    skeleton(order)?;
    for (number, (planned, source)) in order.mounts.iter().zip(&sources).enumerate() {
        attach(number, planned, source).step(format!("mounting {}", planned.at.display()))?;
    }
    for (device, source) in DEVICES.iter().zip(devices) {
        let source = source.step(*device)?;
        place(&source, &inside(Path::new(device)), false).step(*device)?;
        restrict(&inside(Path::new(device)), MountFlags::NOEXEC).step(*device)?;
    }
    enter_root()
}

fn skeleton(order: &Order) -> Result<(), Failure> {
    let links: Vec<_> = SYSTEM_LINKS
        .iter()
        .filter_map(|at| Some((at, fs::read_link(at).ok()?)))
        .collect();
    let plain = MountFlags::NOSUID | MountFlags::NODEV;
    mount("tmpfs", ROOT, "tmpfs", plain, c"mode=755,size=4m").step("root")?;
    for folder in ["/proc", "/dev", "/dev/shm", "/tmp", "/etc", SCRATCH, OLD] {
        fs::create_dir_all(inside(Path::new(folder))).step(folder)?;
    }
    for (at, target) in links {
        symlink(target, inside(Path::new(at))).step(*at)?;
    }
    let scratch = inside(Path::new(SCRATCH));
    let size = format!("mode=755,size={}", order.limits.scratch.max(1 << 20));
    mount_tmpfs(&scratch, plain, &size).step("scratch")?;
    // Before the planned mounts, one of which may lie below /tmp.
    let own_tmp = scratch.join("tmp");
    fs::create_dir(&own_tmp).step("/tmp")?;
    rustix::fs::chmod(&own_tmp, rustix::fs::Mode::from_raw_mode(0o1777)).step("/tmp")?;
    mount_bind(&own_tmp, inside(Path::new("/tmp"))).step("/tmp")?;
    let shared = inside(Path::new("/dev/shm"));
    mount_tmpfs(&shared, plain | MountFlags::NOEXEC, "mode=1777,size=64m").step("/dev/shm")?;
    let proc_flags = plain | MountFlags::NOEXEC;
    mount(
        "proc",
        inside(Path::new("/proc")),
        "proc",
        proc_flags,
        c"subset=pid",
    )
    .step("/proc")?;
    for (at, target) in [
        ("fd", ""),
        ("stdin", "/0"),
        ("stdout", "/1"),
        ("stderr", "/2"),
    ] {
        symlink(
            format!("/proc/self/fd{target}"),
            inside(Path::new("/dev")).join(at),
        )
        .step("/dev")?;
    }
    etc(order)
}

fn etc(order: &Order) -> Result<(), Failure> {
    let (uid, gid) = super::environment::ids(order.identity);
    let files = [
        ("passwd", format!("minion:x:{uid}:{gid}::/tmp:/bin/sh\n")),
        ("group", format!("minion:x:{gid}:\n")),
        (
            "hosts",
            "127.0.0.1 localhost sandbox\n::1 localhost\n".to_owned(),
        ),
        (
            "nsswitch.conf",
            "passwd: files\ngroup: files\nhosts: files\n".to_owned(),
        ),
    ];
    for (name, text) in files {
        fs::write(inside(Path::new("/etc")).join(name), text).step(name)?;
    }
    Ok(())
}

fn attach(number: usize, planned: &Mount, source: &OwnedFd) -> io::Result<()> {
    let at = inside(&planned.at);
    let flags = match planned.access {
        Access::ReadOnly => MountFlags::RDONLY | MountFlags::NODEV,
        Access::Writable => MountFlags::NODEV,
        Access::Overlay => return overlay(number, source, &at),
    };
    place(source, &at, planned.folder)?;
    restrict(&at, flags)
}

/// Lower and upper get plain names of our own, so no path has to be quoted in mount options. The
/// overlay holds on to its layers itself: what we name here is hidden with the scratch folder.
fn overlay(number: usize, source: &OwnedFd, at: &Path) -> io::Result<()> {
    let base = inside(Path::new(SCRATCH)).join(number.to_string());
    let (lower, upper, work) = (base.join("lower"), base.join("upper"), base.join("work"));
    for folder in [&lower, &upper, &work] {
        fs::create_dir_all(folder)?;
    }
    place(source, &lower, true)?;
    restrict(&lower, MountFlags::RDONLY | MountFlags::NODEV)?;
    let facts = fs::metadata(&lower)?;
    let mode = rustix::fs::Mode::from_raw_mode(facts.mode() & 0o7777);
    rustix::fs::chmod(&upper, mode)?;
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&upper, Some(facts.uid()), Some(facts.gid()))?;
    }
    fs::create_dir_all(at)?;
    let layers = format!(
        "lowerdir={},upperdir={},workdir={}",
        lower.display(),
        upper.display(),
        work.display()
    );
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    let mounted = mount_with(
        "overlay",
        at,
        "overlay",
        flags,
        &format!("{layers},userxattr"),
    );
    mounted.or_else(|_| mount_with("overlay", at, "overlay", flags, &layers))
}

fn enter_root() -> Result<(), Failure> {
    std::env::set_current_dir(ROOT).step("entering the root")?;
    unmount(inside(Path::new(SCRATCH)), UnmountFlags::DETACH).step("hiding scratch")?;
    fs::remove_dir(inside(Path::new(SCRATCH))).step("hiding scratch")?;
    rustix::process::pivot_root(".", &OLD[1..]).step("pivot_root")?;
    unmount(OLD, UnmountFlags::DETACH).step("letting go of the old root")?;
    fs::remove_dir(OLD).step("letting go of the old root")?;
    std::env::set_current_dir("/").step("entering the root")?;
    let flags = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
    mount_remount("/", flags, c"mode=755,size=4m").step("read-only root")
}

fn inside(path: &Path) -> PathBuf {
    Path::new(ROOT).join(path.strip_prefix("/").unwrap_or(path))
}

/// Without what is mounted below it. Where that must not be uncovered (a user namespace inherits
/// mounts as one locked unit) with it; Landlock then is what keeps those from being written.
fn clone(path: &Path) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    match open_tree(CWD, path, flags) {
        Err(rustix::io::Errno::INVAL) => {
            Ok(open_tree(CWD, path, flags | OpenTreeFlags::AT_RECURSIVE)?)
        }
        other => Ok(other?),
    }
}

fn place(source: &OwnedFd, at: &Path, folder: bool) -> io::Result<()> {
    if folder {
        fs::create_dir_all(at)?;
    } else if !at.exists() {
        at.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(at, "")?;
    }
    Ok(move_mount(
        source,
        "",
        CWD,
        at,
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH,
    )?)
}

/// Adds flags to a bind mount; those that the outer namespace locked have to be repeated.
fn restrict(at: &Path, more: MountFlags) -> io::Result<()> {
    let locked = [
        (StatVfsMountFlags::NODEV, MountFlags::NODEV),
        (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
        (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
        (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME),
        (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
        (StatVfsMountFlags::RDONLY, MountFlags::RDONLY),
    ];
    let present = rustix::fs::statvfs(at)?.f_flag;
    let kept = locked
        .into_iter()
        .filter(|(have, _)| present.contains(*have));
    let flags = kept.fold(
        MountFlags::BIND | MountFlags::NOSUID | more,
        |all, (_, flag)| all | flag,
    );
    Ok(mount_remount(at, flags, "")?)
}

fn mount_tmpfs(at: &Path, flags: MountFlags, options: &str) -> io::Result<()> {
    mount_with("tmpfs", at, "tmpfs", flags, options)
}

fn mount_with(
    source: &str,
    at: &Path,
    kind: &str,
    flags: MountFlags,
    options: &str,
) -> io::Result<()> {
    let options = std::ffi::CString::new(options)?;
    Ok(mount(source, at, kind, flags, options.as_c_str())?)
}
