//! What a program finds around itself: a clean environment, an empty home.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use super::failure::{Failure, Step};
use crate::wire::{Identity, Order};

/// The uid and gid that the program will have.
pub(super) fn ids(identity: Identity) -> (u32, u32) {
    match identity {
        Identity::Dropped { uid, gid } => (uid, gid),
        Identity::Same => (
            rustix::process::getuid().as_raw(),
            rustix::process::getgid().as_raw(),
        ),
    }
}

/// Makes `home` below `temporary`, with the links that the order wants in it.
pub(super) fn make_home(order: &Order, temporary: &Path) -> Result<(), Failure> {
    let home = temporary.join("home");
    fs::create_dir(&home).step("home")?;
    for link in &order.home {
        let at = home.join(link.name.strip_prefix("/").unwrap_or(&link.name));
        at.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .step("home")?;
        symlink(&link.target, &at).step(format!("home link {}", at.display()))?;
    }
    Ok(())
}

/// The program with its arguments, environment and closed stdin. Output goes where ours goes.
pub(super) fn program(order: &Order, temporary: &Path) -> Command {
    let mut command = Command::new(&order.program);
    command
        .args(&order.arguments)
        .current_dir(&order.directory)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        .env("HOME", temporary.join("home"))
        .env("TMPDIR", temporary)
        .envs(order.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null());
    command
}
