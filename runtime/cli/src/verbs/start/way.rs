//! The way to a run's folders for commands that run as another user: root's at level basic.

use minion_sandbox::Sandbox;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::Path;

/// Lets the commands' own group through a folder of ours that is closed to everybody else, and
/// makes it where it is missing. Nobody but them gets any further than before.
pub(super) fn open(folder: &Path, sandbox: &Sandbox) -> io::Result<()> {
    match sandbox.owner() {
        Some((_, group)) => open_to(folder, group),
        None => Ok(()),
    }
}

fn open_to(folder: &Path, group: u32) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder)?;
    let found = folder.metadata()?;
    // What somebody else, or a person on purpose, has opened or closed otherwise stays so.
    let ours = found.uid() == Path::new("/proc/self").metadata()?.uid();
    if !ours || found.mode() & 0o777 != 0o700 {
        return Ok(());
    }
    chown(folder, None, Some(group))?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o710))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(folder: &Path) -> u32 {
        folder.metadata().unwrap().mode() & 0o777
    }

    #[test]
    fn a_closed_folder_lets_the_group_through_and_an_open_one_stays() {
        let home = tempfile::tempdir().unwrap();
        let own = home.path().metadata().unwrap().gid();
        let state = home.path().join("state");
        open_to(&state, own).unwrap();
        assert_eq!(
            (mode(&state), state.metadata().unwrap().gid()),
            (0o710, own)
        );
        open_to(&state, own).unwrap();
        assert_eq!(mode(&state), 0o710);
        for chosen in [0o750, 0o755, 0o500] {
            std::fs::set_permissions(&state, PermissionsExt::from_mode(chosen)).unwrap();
            open_to(&state, own).unwrap();
            assert_eq!(mode(&state), chosen);
        }
    }
}
