//! Two processes go on with one run at once.

use super::child::At;
use super::stage::Stage;
use crate::world::Ran;
use std::process::Stdio;

#[test]
fn of_two_that_resume_a_run_at_once_one_is_told_who_has_it() {
    let stage = Stage::new();
    for at in [At::Record(9), At::Record(33), At::Announced] {
        let (run, killed) = stage.killed(at);
        assert!(killed);
        let both = [0, 1].map(|_| {
            let mut command = stage.world.command();
            command.args(["resume", &run, "--json"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        });
        let mut both = both.map(|child| Ran::of(child.wait_with_output().unwrap()));
        both.sort_by_key(|ran| ran.code);
        let [winner, loser] = &both;
        winner.expect(0, &["delivered"]);
        loser.expect(
            5,
            &[
                "is held by",
                "process",
                "runs watch",
                "cancel",
                "--take-over",
            ],
        );
        let told = stage.same(&run, &run, winner, &format!("{at:?}"));
        assert_eq!(told.resumes, 1, "{at:?}");
    }
}
