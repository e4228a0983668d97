//! What holds a model: limits of turns and tokens, the list of tools, their schemas.

use super::double::Double;
use super::{Trial, mends};
use crate::world::{Ran, component};
use serde_json::{Value, json};

/// The standard blueprint under a grant with these limits for its agent.
fn limited(trial: &Trial, double: &Double, limits: &str) -> Ran {
    let fix_bug = std::fs::read(component("blueprints/fix-bug")).unwrap();
    let digest = minion_bundle::read(&fix_bug).unwrap().digest;
    let grants = format!(
        "[[grant]]\nblueprint = \"minion/fix-bug\"\ndigest = \"{digest}\"\n\
         [grant.files]\nread = [\"**\"]\nwrite = [\"**\"]\n\
         [grant.command]\nrun = [\"python3 -I -c *\", \"cargo fmt --all\"]\n\
         [grant.agent]\nmodels = [\"default\"]\ntools = [\"read\", \"edit\"]\n{limits}\n\
         [grant.delivery]\nto = \"branch\"\nrequire = [\"std:lint\", \"std:test\"]\n"
    );
    let grants = trial.world.file("grants.toml", grants);
    let url = double.url();
    let model = [
        "--model-url",
        &url,
        "--model",
        "m",
        "--key-env",
        "TEST_MODEL_KEY",
    ];
    trial.exec_under(&["--grants", grants.to_str().unwrap()], &model)
}

/// A model that never comes to an end.
fn reads_for_ever() -> Value {
    json!({ "tool-calls": [{ "tool": "read", "arguments": { "file": "ledger/parser.py" } }] })
}

#[test]
fn a_model_that_never_ends_is_stopped_at_its_last_turn() {
    let trial = Trial::new();
    let double = Double::start(&[reads_for_ever()]);
    let ran = limited(&trial, &double, "max-turns = 3");
    ran.expect(1, &["failed", "limit", "3 allowed"]);
    assert_eq!(double.asked().len(), 3);
    assert!(trial.branches().is_empty());
}

#[test]
fn a_model_that_spends_its_tokens_is_stopped() {
    let trial = Trial::new();
    let mut dear = reads_for_ever();
    dear["usage"] =
        json!({ "prompt_tokens": 30_000, "completion_tokens": 10, "total_tokens": 30_010 });
    let double = Double::start(&[dear]);
    let ran = limited(&trial, &double, "max-tokens = 50000");
    ran.expect(1, &["failed", "limit", "50000 allowed"]);
    assert!(double.asked().len() <= 2, "{}", double.asked().len());
    assert!(trial.branches().is_empty());
}

#[test]
fn calls_outside_of_the_list_and_the_schemas_are_denied_and_recorded() {
    let trial = Trial::new();
    let fine = json!({ "tool": "read", "arguments": { "file": "ledger/parser.py" } });
    let mut answers = vec![json!({ "tool-calls": [
        { "tool": "run", "arguments": { "program": "python3", "arguments": ["-c", "1"] } },
        { "tool": "grant", "arguments": { "everything": true } },
        fine,
        { "tool": "read", "arguments": { "path": "ledger/parser.py" } },
        { "tool": "write", "arguments": { "file": "a.txt", "content": 7 } },
        { "tool": "edit", "arguments": "{ not json" },
        fine,
    ] })];
    answers.extend(mends());
    let double = Double::start(&answers);
    let ran = trial.live(&double, &[]);
    // The model was told, and went on to mend the bug.
    ran.expect(
        0,
        &["delivered", "tool-not-offered", "arguments-outside-schema"],
    );
    let told = double.asked()[1].body["messages"].to_string();
    assert!(told.contains("there is no tool `run`"), "{told}");
    assert!(told.contains("do not fit its schema"), "{told}");
    let listed = trial.world.minion(&["runs", "--json"]);
    let run: Value = serde_json::from_str(&listed.stdout).unwrap();
    let shown = trial
        .world
        .minion(&["runs", "show", run["run"].as_str().unwrap(), "--json"]);
    let records = shown
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let denied: Vec<(String, String)> = records
        .filter_map(|record| record["body"].get("denied").cloned())
        .map(|denied| {
            (
                denied["target"].as_str().unwrap().to_owned(),
                denied["rule"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let wanted = [
        ("run", "tool-not-offered"),
        ("grant", "tool-not-offered"),
        ("read(path, file)", "arguments-outside-schema"),
        ("write(content)", "arguments-outside-schema"),
        ("edit", "arguments-not-json"),
    ];
    assert_eq!(
        denied,
        wanted.map(|(tool, rule)| (tool.to_owned(), rule.to_owned()))
    );
}

#[test]
fn a_model_that_only_calls_what_is_not_there_is_given_up() {
    let trial = Trial::new();
    let double = Double::start(&[json!({ "tool-calls": [{ "tool": "grant", "arguments": {} }] })]);
    let ran = trial.live(&double, &[]);
    ran.expect(
        1,
        &[
            "5 tool calls or answers in a row could not be used",
            "there is no tool `grant`",
        ],
    );
    assert_eq!(double.asked().len(), 5);
    assert!(trial.branches().is_empty());
}
