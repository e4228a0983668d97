//! Gates of the author's own that stand beside the ones that the operator requires, or that
//! do not judge.

use super::{cargo_project, crate_with, judged};
use crate::evidence::{RIGHT, Trial};
use serde_json::{Value, json};

/// What the poisonous judge does, from a step: everything built looks newer than any source.
const AGES: &str =
    "find \"$CARGO_TARGET_DIR\" -type f -exec touch -d @2000000000 {} + ; exec \"$0\" \"$@\"";

#[test]
fn a_gate_that_nobody_requires_cannot_write_in_the_tree_nor_in_another_gates_caches() {
    let trial = cargo_project();
    // The ground of it: in the workspace, where caches are kept, the poison works.
    let mut poisoned = vec![
        "cargo".to_owned(),
        "test".to_owned(),
        "--offline".to_owned(),
    ];
    for host in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"] {
        let runner = format!("target.{host}.runner=['sh', '-c', '''{AGES}''']");
        poisoned.extend(["--config".to_owned(), runner]);
    }
    let breaks = "open('src/lib.rs', 'w').write(__import__('sys').argv[1])";
    let wrong = crate_with("1");
    let deeds = json!([
        poisoned,
        ["python3", "-c", breaks, wrong],
        ["cargo", "test", "--offline"]
    ]);
    let scripts = [
        ("act-1", json!({ "run": deeds, "then": "poison" })),
        ("act-2", json!({ "then": "test" })),
    ];
    let ran = judged(&trial, "std:test", &scripts);
    let words = ["acme/judge pass", "required gate `std:test` says `fail`"];
    trial.refused(&ran, &words);
    ran.expect(6, &["0 of 1 tests passed (1 at base)"]);
    assert!(!ran.all().contains("steers"), "{}", ran.all());
    let logs = trial.logs();
    let in_the_workspace = logs.matches("ran cargo: Some(0)").count();
    assert_eq!(in_the_workspace, 2, "it was no poison:\n{logs}");
    assert!(logs.contains("aged what was built: Some(0)"), "{logs}");
    assert!(!logs.contains("wrote src/lib.rs: done"), "{logs}");
    let denied = trial.records("denied");
    assert_eq!(denied.len(), 2, "once on the base, once now: {denied:#?}");
    for denial in &denied {
        assert_eq!(denial["call"], "workspace.write", "{denial:#}");
        assert_eq!(denial["rule"], "judged-tree", "{denial:#}");
    }
}

#[test]
fn a_gate_that_mends_what_it_judges_judges_what_it_was_given() {
    let trial = Trial::python();
    let change = json!({ "write": [["note.txt", "the code is unchanged\n"]], "then": "mend" });
    let gate = "acme/judge {\"does\":\"mend\"}";
    let ran = judged(&trial, gate, &[("act-1", change)]);
    // Had it written where it judges, it would have passed, and on this very tree.
    trial.refused(&ran, &["required gate `acme/judge` says `fail`"]);
    let logs = trial.logs();
    assert!(logs.contains("run: done"), "{logs}");
    assert!(!logs.contains("write: done"), "{logs}");
    let rules = trial.records("denied");
    let rules: Vec<_> = rules.iter().map(|denial| &denial["rule"]).collect();
    assert_eq!(
        rules,
        ["judged-tree", "judged-tree"],
        "on the base, and now"
    );
}

#[test]
fn a_gate_is_not_asked_until_it_says_yes() {
    let trial = Trial::python();
    let scripts = [(
        "act-1",
        json!({ "write": [["value.py", RIGHT]], "then": "dice" }),
    )];
    let ran = judged(&trial, "acme/judge", &scripts);
    let words = [
        "required gate `acme/judge` has said `fail` about this tree as well as `pass`",
        "it does not judge the same way twice",
    ];
    trial.refused(&ran, &words);
    let evidence = trial.evidence();
    let last = evidence.last().unwrap();
    assert_eq!(last["verdict"], "pass", "the newest verdict is not enough");
    let red = |found: &&Value| found["verdict"] == "fail" && found["tree"] == last["tree"];
    assert!(evidence.iter().any(|found| red(&found)), "{evidence:#?}");
}

#[test]
fn only_gates_that_carried_the_delivery_stand_in_the_commit() {
    let trial = cargo_project();
    let ugly = crate_with("1+1");
    let scripts = [
        (
            "act-1",
            json!({ "write": [["src/lib.rs", ugly]], "then": "lint" }),
        ),
        ("act-2", json!({ "then": "test" })),
    ];
    let ran = judged(&trial, "std:test", &scripts);
    trial.delivered(&ran, &["std:lint fail", "std:test pass"]);
    let message = trial.message(&trial.branches()[1]);
    let named = message
        .lines()
        .filter(|line| line.starts_with("Minion-Gate"));
    let named: Vec<&str> = named.collect();
    assert_eq!(named.len(), 1, "{message}");
    assert!(
        named[0].starts_with("Minion-Gate: std:test sha256:"),
        "{message}"
    );
}
