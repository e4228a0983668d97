//! A delivery that was announced, of which nobody knows whether it happened: it is looked up.

use super::child::At;
use super::stage::{Stage, id, outcome};
use minion_journal::{Body, Records};

impl Stage {
    /// Whether the last resume says that an intent was in doubt.
    fn was_in_doubt(&self, run: &str) -> bool {
        let store = self.store();
        Records::all(&store, id(run)).unwrap().any(|record| {
            matches!(
                record.unwrap().body,
                Body::Resumed {
                    in_doubt: Some(_),
                    ..
                }
            )
        })
    }

    fn commit(&self, branch: &str) -> String {
        self.world.git(&self.repository, &["rev-parse", branch])
    }
}

#[test]
fn a_branch_that_was_announced_and_not_made_is_made_once() {
    let stage = Stage::new();
    let (run, killed) = stage.killed(At::Announced);
    assert!(killed && stage.branches(&run).is_empty());
    let ran = stage.resume(&run);
    ran.expect(0, &["delivered"]);
    assert!(stage.was_in_doubt(&run));
    stage.same(&run, &run, &ran, "announced");
}

#[test]
fn a_branch_that_was_made_and_not_told_is_found_again() {
    let stage = Stage::new();
    let (run, killed) = stage.killed(At::Made);
    let made = stage.branches(&run);
    assert!(killed && made.len() == 1, "{made:?}");
    let before = stage.commit(&made[0]);
    let ran = stage.resume(&run);
    ran.expect(0, &["delivered"]);
    assert!(stage.was_in_doubt(&run));
    assert_eq!(stage.commit(&made[0]), before);
    assert_eq!(
        outcome(&ran)["branch"]["commit"].as_str(),
        Some(before.trim())
    );
    stage.same(&run, &run, &ran, "made");
}

#[test]
fn a_branch_of_somebody_else_under_the_name_is_not_taken_for_the_runs() {
    let stage = Stage::new();
    // A foreign commit, and one with the very tree of another run.
    let foreign = [
        "main".to_owned(),
        stage.like["branch"]["name"].as_str().unwrap().to_owned(),
    ];
    for target in foreign {
        let (run, _) = stage.killed(At::Announced);
        let name = format!("minion/{}", id(&run).short());
        stage
            .world
            .git(&stage.repository, &["branch", &name, &target]);
        let before = stage.commit(&name);
        let ran = stage.resume(&run);
        ran.expect(6, &["is there already, and is not this run's"]);
        assert_eq!(stage.commit(&name), before);
        let kept = format!("minion-escalated/{}", id(&run).short());
        assert!(stage.branches(&run).contains(&kept));
        let tree = stage.commit(&format!("{kept}^{{tree}}"));
        assert_eq!(Some(tree.trim()), stage.like["tree"].as_str());
        stage
            .world
            .minion(&["replay", &run])
            .expect(0, &["escalated"]);
    }
}
