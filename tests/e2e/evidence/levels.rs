//! The level of the sandbox: demanded, used, and named wherever somebody relies on it.

use super::{RIGHT, Trial, does, runs, writes};
use serde_json::Value;

/// Whether this machine is known not to have a level, as the sandbox's own tests are told.
fn is_without(level: &str) -> bool {
    std::env::var("MINION_TEST_WITHOUT").is_ok_and(|without| without.contains(level))
}

#[test]
fn a_run_at_the_level_that_was_demanded_delivers_and_names_it() {
    for level in ["basic", "full"] {
        if is_without(level) {
            continue;
        }
        let trial = Trial::python().of_the_system();
        let deeds = [
            writes("value.py", RIGHT),
            runs(&["python3", "-c", "import test_value"]),
        ];
        let scripts = [("before-1", does(&deeds, "test"))];
        let ran = trial.lie(&scripts, &["--sandbox", level]);
        trial.delivered(
            &ran,
            &[&format!("  sandbox {level}\n"), "2 of 2 tests passed"],
        );
        let end = format!(", sandbox {level}");
        let named = |line: &str| line.contains("std:test pass on tree") && line.ends_with(&end);
        assert!(ran.stdout.lines().any(named), "{}", ran.all());
        assert!(
            trial.logs().contains("ran python3: Some(0)"),
            "{}",
            trial.logs()
        );
        let evidence = trial.evidence();
        let levels: Vec<&Value> = evidence.iter().map(|found| &found["sandbox"]).collect();
        assert_eq!(levels, [level]);
    }
}

#[test]
fn evidence_of_a_level_that_is_not_accepted_delivers_nothing() {
    if is_without("basic") {
        return;
    }
    let trial = Trial::python().of_the_system();
    let guest = crate::world::component("tests/guests/lying");
    let digest = minion_bundle::read(&std::fs::read(guest).unwrap())
        .unwrap()
        .digest;
    let grants = format!(
        "[[grant]]\nblueprint = \"test/lying\"\ndigest = \"{digest}\"\n\
         [grant.delivery]\nto = \"branch\"\nrequire = [\"std:test\"]\naccept-basic = false\n"
    );
    let grants = trial.world.file("grants.toml", grants);
    let scripts = [("before-1", does(&[writes("value.py", RIGHT)], "test"))];
    let words = ["--sandbox", "basic", "--grants", grants.to_str().unwrap()];
    let ran = trial.lie_under(&scripts, &words);
    let why = "gate `std:test` ran at sandbox level `basic`, which the grant does not accept";
    trial.refused(&ran, &["2 of 2 tests passed", why]);
}

#[test]
fn a_level_that_is_none_is_a_mistake() {
    let trial = Trial::python();
    let ran = trial.lie(&[], &["--sandbox", "none"]);
    ran.expect(2, &["'none'", "full, basic"]);
    assert_eq!(trial.branches(), ["main"]);
}
