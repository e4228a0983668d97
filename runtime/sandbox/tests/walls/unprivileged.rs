//! Everything once more with a host that is not root, when these tests are.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use crate::fixture::stage;

const SOMEONE: u32 = 60_650;

#[test]
fn every_wall_holds_for_a_host_that_is_not_root() {
    if !rustix::process::geteuid().is_root() {
        return; // The tests beside this one have just shown it.
    }
    crate::toolchains::toolchains(); // made by whoever can read it
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let home = folder.path().join("home");
    fs::create_dir(&home).unwrap();
    chown(&home, Some(SOMEONE), Some(SOMEONE)).unwrap();
    let exe = std::env::current_exe().unwrap();
    let id = SOMEONE.to_string();
    let output = Command::new("setpriv")
        .args([
            "--reuid",
            &id,
            "--regid",
            &id,
            "--clear-groups",
            "--inh-caps=-all",
            "--bounding-set=-all",
        ])
        .arg(&exe)
        .args(["--skip", "unprivileged", "--test-threads", "2"])
        .env("HOME", &home)
        .env("TMPDIR", &home)
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .current_dir("/")
        .output()
        .expect("setpriv of util-linux");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let closed = Path::new(&stage()).metadata().is_err();
    assert!(
        output.status.success() && !closed,
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        said.contains("processes::the_wall_time_ends_everything ... ok"),
        "{said}"
    );
}
