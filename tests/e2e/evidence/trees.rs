//! Evidence is about one tree: lies about it, changes after it, tests that are gone from it.

use super::{RIGHT, TESTS, Trial, WRONG, calls, cassette, does, removes, runs, writes};
use serde_json::{Value, json};

#[test]
fn a_step_that_claims_its_gate_passed_delivers_nothing() {
    let trial = Trial::python();
    // The plugin does pass, in the workspace, when the step calls it itself.
    let deeds = [writes("value.py", RIGHT), json!({ "plugin": "std:test" })];
    let ran = trial.lie(&[("before-1", does(&deeds, "claim"))], &[]);
    trial.refused(&ran, &["required gate `std:test` has not judged any tree"]);
    assert!(trial.logs().contains("plugin std:test: Verdict::Pass"));
}

#[test]
fn a_graph_without_the_required_gate_is_not_admitted() {
    let trial = Trial::python();
    let ran = trial.lie_under(
        &[],
        &["--allow", "delivery=branch", "--allow", "require=std:lint"],
    );
    ran.expect(
        3,
        &["requires gate `std:lint`, which the graph does not have"],
    );
    assert_eq!(trial.branches(), ["main"]);
}

#[test]
fn a_gate_that_failed_and_was_passed_by_delivers_nothing() {
    let trial = Trial::python();
    let deeds = [writes("value.py", "def value():\n    return 3\n")];
    let ran = trial.lie(&[("before-1", does(&deeds, "test"))], &[]);
    trial.refused(
        &ran,
        &["required gate `std:test` says `fail` about this tree"],
    );
}

#[test]
fn evidence_is_stale_after_a_step_changed_the_tree() {
    let trial = Trial::python();
    let scripts = [
        ("before-1", does(&[writes("value.py", RIGHT)], "test")),
        (
            "after-1",
            does(&[writes("note.txt", "nobody saw this\n")], "claim"),
        ),
    ];
    let ran = trial.lie(&scripts, &[]);
    trial.refused(
        &ran,
        &["required gate `std:test` judged tree", "not this one"],
    );
}

#[test]
fn evidence_is_stale_after_a_command_changed_the_tree() {
    let trial = Trial::python();
    let append = "open('value.py', 'a').write('# nobody saw this\\n')";
    let scripts = [
        ("before-1", does(&[writes("value.py", RIGHT)], "test")),
        (
            "after-1",
            does(&[runs(&["python3", "-c", append])], "claim"),
        ),
    ];
    let ran = trial.lie(&scripts, &[]);
    trial.refused(
        &ran,
        &["required gate `std:test` judged tree", "not this one"],
    );
}

#[test]
fn evidence_is_stale_after_an_agent_changed_the_tree() {
    let trial = Trial::python();
    let written = json!({ "file": "value.py", "content": format!("{RIGHT}# and more\n") });
    let model = cassette(
        "meddle",
        &[
            calls("write", &written),
            json!({ "text": "All tests still pass." }),
        ],
    );
    let model = trial.world.file("meddle.json", model.to_string());
    let scripts = [
        ("before-1", does(&[writes("value.py", RIGHT)], "test")),
        ("after-1", does(&[], "meddle")),
    ];
    let ran = trial.lie(&scripts, &["--cassette", model.to_str().unwrap()]);
    trial.refused(
        &ran,
        &[
            "judged tree",
            "not this one",
            "said \"All tests still pass.\"; that is not evidence",
        ],
    );
}

#[test]
fn going_back_to_the_judged_tree_brings_its_evidence_back() {
    let trial = Trial::python();
    let scripts = [
        ("before-1", does(&[writes("value.py", RIGHT)], "test")),
        (
            "after-1",
            does(&[writes("value.py", WRONG), writes("x.txt", "x")], "test"),
        ),
        (
            "after-2",
            does(&[writes("value.py", RIGHT), removes("x.txt")], "claim"),
        ),
    ];
    let ran = trial.lie(&scripts, &[]);
    trial.delivered(&ran, &["std:test pass", "2 of 2 tests"]);
    let files = trial.world.git(
        &trial.repository,
        &["diff", "--name-only", "main", &trial.branches()[1]],
    );
    assert_eq!(files, "value.py\n");
}

/// The mended project with other tests, judged.
fn with_tests(tests: &str) -> (Trial, crate::world::Ran) {
    let trial = Trial::python();
    let deeds = [writes("value.py", RIGHT), writes("test_value.py", tests)];
    let ran = trial.lie(&[("before-1", does(&deeds, "test"))], &[]);
    (trial, ran)
}

const GONE: [&str; 2] = [
    "required gate `std:test` says `fail`",
    "missing test test_value.py::ValueTest::test_is_two",
];

#[test]
fn a_deleted_test_is_named_and_nothing_is_delivered() {
    let (trial, ran) = with_tests(&TESTS.replace("def test_is_two", "def is_two"));
    trial.refused(&ran, &GONE);
}

#[test]
fn a_skipped_test_is_named_and_nothing_is_delivered() {
    let skipped = "    @unittest.skip('slow')\n    def test_is_two";
    let (trial, ran) = with_tests(&TESTS.replace("    def test_is_two", skipped));
    trial.refused(&ran, &GONE);
}

#[test]
fn a_new_test_does_not_stand_in_for_a_deleted_one() {
    let (trial, ran) = with_tests(
        &TESTS
            .replace("test_is_two", "test_is_three")
            .replace("2)", "value())"),
    );
    trial.refused(&ran, &GONE);
}

#[test]
fn tests_that_all_are_gone_are_no_pass() {
    let (trial, ran) = with_tests("");
    trial.refused(&ran, &["required gate `std:test` says `fail`"]);
}

#[test]
fn a_test_process_that_exits_early_is_no_pass() {
    let exits = format!("import os\n{TESTS}\n\ndef tearDownModule():\n    os._exit(0)\n");
    let (trial, ran) = with_tests(&exits);
    trial.refused(
        &ran,
        &["required gate `std:test` says `error`", "ended early"],
    );
}

#[test]
fn a_record_of_evidence_says_what_judged_which_tree_and_what_held_it() {
    let trial = Trial::python();
    let ran = trial.lie(
        &[("before-1", does(&[writes("value.py", RIGHT)], "test"))],
        &[],
    );
    trial.delivered(&ran, &["std:test pass"]);
    let found = trial.evidence();
    assert_eq!(found.len(), 1, "{found:#?}");
    let evidence = &found[0];
    let tree = trial.world.git(
        &trial.repository,
        &["rev-parse", &format!("{}^{{tree}}", trial.branches()[1])],
    );
    let base = trial
        .world
        .git(&trial.repository, &["rev-parse", "main^{tree}"]);
    assert_eq!(evidence["tree"], tree.trim(), "{evidence:#}");
    assert_eq!(evidence["base"], base.trim(), "{evidence:#}");
    assert_eq!(evidence["plugin"], shipped_digest(&trial), "{evidence:#}");
    assert_eq!(evidence["origin"], "shipped");
    assert_eq!(evidence["verdict"], "pass");
    assert_eq!(evidence["network"], "none");
    let level = evidence["sandbox"].as_str().unwrap();
    assert!(["full", "basic"].contains(&level), "{level}");
    let held = format!("sandbox {level}");
    assert!(ran.stdout.contains(&held), "{held}\n{}", ran.all());
    assert!(!evidence["tools"]["python3"].as_str().unwrap().is_empty());
}

fn shipped_digest(trial: &Trial) -> Value {
    let guest = crate::world::component("tests/guests/lying");
    let inspected = trial
        .world
        .minion(&["inspect", "--json", guest.to_str().unwrap()]);
    let page: Value = serde_json::from_str(&inspected.stdout).unwrap();
    let plugins = page["plugins"].as_array().unwrap();
    let test = plugins
        .iter()
        .find(|plugin| plugin["name"] == "std:test")
        .unwrap();
    assert_eq!(test["origin"], "shipped");
    test["digest"].clone()
}
