//! From a spec to the exact list of what is mounted (level full) or opened up (level basic).
//!
//! Host side and before anything is started: every path is looked at once, made canonical, and
//! refused when it is one that no command may ever be shown.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::SandboxError;
use crate::level::Level;
use crate::spec::Spec;
use crate::wire::{Identity, Order};

/// Programs and libraries of the system, and the few files of `/etc` that those want. Nothing in
/// them is secret; what does not exist is skipped.
const SYSTEM: [&str; 18] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/services",
    "/etc/protocols",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
];

/// Never shown: the host's processes and devices, and the roots that everything lies below.
const NEVER: [&str; 4] = ["/proc", "/sys", "/dev", "/run"];

/// How something is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Access {
    ReadOnly,
    Overlay,
    Writable,
}

/// One thing that the command can see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mount {
    pub(crate) source: PathBuf,
    pub(crate) at: PathBuf,
    pub(crate) access: Access,
    pub(crate) folder: bool,
}

/// Checks a spec and turns it into the order for the stages.
pub(crate) fn order(spec: Spec, level: Level, identity: Identity) -> Result<Order, SandboxError> {
    let mounts = mounts(&spec)?;
    for path in [&spec.program, &spec.directory] {
        absolute(path)?;
    }
    for link in &spec.home {
        utf8(&link.name)?;
        absolute(&link.target)?;
    }
    if let (Level::Basic, Identity::Dropped { uid, gid }) = (level, identity) {
        for mount in &mounts {
            reachable(&mount.source, uid, gid)?;
        }
    }
    Ok(Order {
        level,
        identity,
        program: spec.program,
        arguments: spec.arguments,
        directory: spec.directory,
        environment: spec.environment,
        mounts,
        home: spec.home,
        limits: spec.limits,
        temporary: std::env::temp_dir(),
    })
}

fn mounts(spec: &Spec) -> Result<Vec<Mount>, SandboxError> {
    let mut mounts = Vec::new();
    for path in SYSTEM.iter().map(Path::new).filter(|path| path.exists()) {
        if !path.is_symlink() || path.is_file() {
            add(&mut mounts, path, path, Access::ReadOnly)?;
        }
    }
    for path in &spec.read_only {
        add(&mut mounts, path, path, Access::ReadOnly)?;
    }
    for overlay in &spec.overlay {
        add(&mut mounts, &overlay.lower, &overlay.at, Access::Overlay)?;
    }
    for path in &spec.writable {
        add(&mut mounts, path, path, Access::Writable)?;
    }
    Ok(in_mount_order(mounts))
}

fn add(
    mounts: &mut Vec<Mount>,
    source: &Path,
    at: &Path,
    access: Access,
) -> Result<(), SandboxError> {
    absolute(at)?;
    absolute(source)?;
    let missing = |error| SandboxError::Missing {
        path: source.to_owned(),
        source: error,
    };
    let real = fs::canonicalize(source).map_err(missing)?;
    utf8(&real)?;
    let folder = real.is_dir();
    if access != Access::ReadOnly && !folder {
        return Err(SandboxError::Forbidden {
            path: real,
            why: "only folders can be written",
        });
    }
    let seen_at = if at == source { &real } else { at };
    for place in [seen_at, at] {
        allowed(&real, place)?;
        if !mounts
            .iter()
            .any(|mount| mount.at == place && mount.access == access)
        {
            mounts.push(Mount {
                source: real.clone(),
                at: place.to_owned(),
                access,
                folder,
            });
        }
    }
    Ok(())
}

/// Parents first; of two at one place the more permissive; nothing read-only twice.
fn in_mount_order(mut mounts: Vec<Mount>) -> Vec<Mount> {
    mounts.sort_by_key(|mount| {
        (
            mount.at.components().count(),
            mount.at.clone(),
            mount.access,
        )
    });
    let mut kept: Vec<Mount> = Vec::new();
    for mount in mounts {
        if kept.last().is_some_and(|last| last.at == mount.at) {
            kept.pop();
        }
        let parent = kept.iter().rfind(|parent| mount.at.starts_with(&parent.at));
        if parent.is_none_or(|parent| !shows_the_same(parent, &mount)) {
            kept.push(mount);
        }
    }
    kept
}

fn shows_the_same(parent: &Mount, mount: &Mount) -> bool {
    let below = mount
        .at
        .strip_prefix(&parent.at)
        .map(|rest| parent.source.join(rest));
    parent.access == mount.access
        && mount.access != Access::Overlay
        && below.is_ok_and(|source| source == mount.source)
}

fn absolute(path: &Path) -> Result<(), SandboxError> {
    utf8(path)?;
    let plain = path
        .components()
        .all(|part| !matches!(part, std::path::Component::ParentDir));
    if path.is_absolute() && plain {
        Ok(())
    } else {
        Err(SandboxError::Relative(path.to_owned()))
    }
}

fn utf8(path: &Path) -> Result<(), SandboxError> {
    path.to_str()
        .map(|_| ())
        .ok_or_else(|| SandboxError::NotUtf8(path.to_owned()))
}

fn allowed(source: &Path, at: &Path) -> Result<(), SandboxError> {
    let forbidden = |path: &Path, why| {
        Err(SandboxError::Forbidden {
            path: path.to_owned(),
            why,
        })
    };
    for path in [source, at] {
        if path == Path::new("/") {
            return forbidden(path, "it holds everything");
        }
        if NEVER.iter().any(|never| path.starts_with(never)) {
            return forbidden(path, "it belongs to the host");
        }
    }
    if at == Path::new("/tmp") || at == Path::new("/etc") {
        return forbidden(at, "the command has its own");
    }
    Ok(())
}

fn reachable(path: &Path, uid: u32, gid: u32) -> Result<(), SandboxError> {
    for folder in path.ancestors().skip(1) {
        let missing = |source| SandboxError::Missing {
            path: folder.to_owned(),
            source,
        };
        let facts = fs::metadata(folder).map_err(missing)?;
        let search = match (facts.uid() == uid, facts.gid() == gid) {
            (true, _) => 0o100,
            (_, true) => 0o010,
            _ => 0o001,
        };
        if facts.mode() & search == 0 {
            let (path, closed) = (path.to_owned(), folder.to_owned());
            return Err(SandboxError::Unreachable { path, closed, uid });
        }
    }
    Ok(())
}
