//! What others could have written is not gone on with, and what is made is closed to them.

use super::asking::Asking;
use super::stage::UNGATED;
use crate::world::component;
use std::fs::{Permissions, metadata, set_permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

fn mode(path: &Path) -> u32 {
    metadata(path).unwrap().permissions().mode() & 0o777
}

fn set(path: &Path, mode: u32) {
    set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_run_goes_on_in_no_folder_that_others_could_have_written_in() {
    let asking = Asking::new();
    let run = asking.parked(&[]);
    asking.minion(&["approve", &run]).expect(0, &[]);
    let (state, folder) = (asking.state(), asking.folder(&run));
    let runs = state.join("runs");
    for made in [&state, &runs, &folder, &folder.join("workspace")] {
        assert_eq!(mode(made) & 0o067, 0, "{}", made.display());
    }
    let before = asking.untouched(&run);
    for open in [&state, &runs, &folder] {
        let was = mode(open);
        set(open, 0o777);
        let cure = format!("chmod go-w {}", open.display());
        let refused = asking.minion(&["resume", &run]);
        refused.expect(3, &["can be written by others (mode 777)", &cure]);
        set(open, was);
    }
    let elsewhere = asking.world.path("elsewhere");
    std::fs::rename(&folder, &elsewhere).unwrap();
    symlink(&elsewhere, &folder).unwrap();
    let linked = asking.minion(&["resume", &run]);
    linked.expect(2, &["is not a plain folder"]);
    std::fs::remove_file(&folder).unwrap();
    std::fs::rename(&elsewhere, &folder).unwrap();
    assert_eq!(asking.untouched(&run), before);
    asking.minion(&["resume", &run]).expect(0, &["delivered"]);
}

#[test]
fn a_run_begins_in_no_state_of_others() {
    let asking = Asking::new();
    let state = asking.state();
    std::fs::create_dir(&state).unwrap();
    set(&state, 0o777);
    let ran = asking.exec(&component("tests/guests/asking"), &[], &UNGATED);
    ran.expect(3, &["can be written by others"]);
    assert!(std::fs::read_dir(&state).unwrap().next().is_none());
}
