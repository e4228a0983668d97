//! Everything without a profile: found on the host's `PATH`, run as it is.

use std::path::{Path, PathBuf};

use super::digest::Digests;
use super::search::{Search, is_system};
use super::{Invocation, NotFound};

/// A name is searched for; an absolute path is taken only when it leads to a system program.
pub(super) fn resolve(
    program: &str,
    args: &[String],
    search: &Search,
    digests: &Digests,
) -> Result<Invocation, NotFound> {
    let found = if program.starts_with('/') {
        Some(PathBuf::from(program)).filter(|file| search.is_program(file) && is_system(file))
    } else if program.contains('/') || program.is_empty() {
        let why =
            "programs are named, or given as an absolute path, never relative to the workspace";
        return Err(NotFound {
            program: program.to_owned(),
            why: why.to_owned(),
        });
    } else {
        search.find(program)
    };
    let found = found.ok_or_else(|| search.not_found(program))?;
    let real = found
        .canonicalize()
        .map_err(|_| search.not_found(program))?;
    // Under the name it was called by: one file may be many programs (busybox, git).
    let named = if is_system(&found) {
        found
    } else {
        real.clone()
    };
    Ok(Invocation {
        program: named,
        arguments: args.to_vec(),
        environment: Vec::new(),
        read_only: shown(&real),
        writable: Vec::new(),
        home: Vec::new(),
        profile: "plain".to_owned(),
        digest: digests.of(&[&real]),
        version: String::new(),
    })
}

/// Below `/opt` a program comes with its folder; elsewhere what lies beside it is none of its
/// business (`~/.local/bin/x` does not open `~/.local`).
fn shown(real: &Path) -> Vec<PathBuf> {
    if is_system(real) {
        return Vec::new();
    }
    let package = real
        .strip_prefix("/opt")
        .ok()
        .and_then(|rest| rest.iter().next());
    vec![package.map_or_else(|| real.to_owned(), |name| Path::new("/opt").join(name))]
}
