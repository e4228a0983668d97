//! Steps that misbehave: the run ends in failure, says why, and keeps a record of it.

use super::Stage;
use serde_json::Value;

#[track_caller]
fn fails(task: &str, words: &[&str]) {
    let stage = Stage::new();
    let ran = stage.hostile(task, &[]);
    ran.expect(1, words).expect(1, &["node `act`", "runs show"]);
    stage.untouched();
    stage
        .world
        .minion(&["runs"])
        .expect(0, &["failed", "test/hostile"]);
}

/// A denial: told in the outcome, to the end of its cure, and recorded with its rule.
#[track_caller]
fn denied(task: &str, rule: &str, words: &[&str]) {
    let stage = Stage::new();
    let ran = stage.hostile(task, &[]);
    ran.expect(1, words).expect(1, &["denied", rule]);
    assert!(!ran.all().contains("canary"), "{}", ran.all());
    stage.untouched();
}

#[test]
fn a_step_that_behaves_is_done() {
    let stage = Stage::new();
    stage.hostile("behave", &[]).expect(0, &["done"]);
    stage.untouched();
}

#[test]
fn a_trap_fails_the_run() {
    fails("panic", &["it trapped", "unreachable"]);
}

#[test]
fn an_undeclared_label_fails_the_run_with_those_declared() {
    let words = ["the label \"nowhere\"", "done, think, give-up"];
    fails("label nowhere", &words);
}

#[test]
fn a_label_cannot_forge_a_line_or_move_the_cursor() {
    let stage = Stage::new();
    let ran = stage.hostile("label \u{1b}[2J\ndelivered  branch main", &[]);
    ran.expect(1, &["the label"]);
    let all = ran.all();
    assert!(!all.contains('\u{1b}'), "{all}");
    assert!(!all.contains("\ndelivered"), "{all}");
}

#[test]
fn a_state_that_is_not_json_fails_the_run() {
    fails("state {\"rounds\":", &["a state that is not JSON"]);
}

#[test]
fn a_state_that_breaks_its_schema_fails_the_run_with_the_place() {
    let words = ["breaks the graph's schema", "/rounds"];
    fails("state {\"rounds\":\"many\"}", &words);
}

#[test]
fn a_state_over_its_size_fails_the_run() {
    fails("bloat 2", &["2097163 bytes", "1048576 are allowed"]);
}

#[test]
fn a_call_of_a_plugin_that_is_not_there_fails_the_run() {
    fails("call std:lint", &["`plugin std:lint` does not exist"]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    fails("read nowhere.txt", &["`nowhere.txt` does not exist"]);
}

#[test]
fn an_agent_is_denied_to_a_deterministic_node() {
    let words = ["only a node of kind `agentic` reaches a model"];
    denied("ask-model", "not-agentic", &words);
}

#[test]
fn a_secret_is_denied_with_the_line_that_would_grant_it() {
    let words = ["files `.env`", "--allow 'files:read=.env'"];
    denied("read .env", "secret-looking-file", &words);
}

#[test]
fn paths_to_the_outside_are_denied() {
    for path in ["../x", "/etc/passwd", "../project/a.txt"] {
        let words = [path, "only the workspace is reachable"];
        denied(&format!("read {path}"), "outside-the-workspace", &words);
    }
    let words = ["a/../../x", "relative to the root"];
    denied("read a/../../x", "not-a-path", &words);
}

#[test]
fn the_git_folder_is_denied_in_any_spelling() {
    for path in [".git/config", ".GIT/config", "deep/.git/hooks/x"] {
        denied(&format!("read {path}"), "git-folder", &["closed"]);
        denied(&format!("write {path}"), "git-folder", &["closed"]);
    }
}

#[test]
fn a_protected_path_is_denied_with_the_line_that_would_grant_it() {
    let words = [
        "files `.github/workflows/ci.yml`",
        "--allow 'files:write=.github/workflows/ci.yml'",
    ];
    denied("write .github/workflows/ci.yml", "protected-path", &words);
}

#[test]
fn a_denial_that_the_step_keeps_to_itself_stands_in_the_outcome() {
    let stage = Stage::new();
    let task = "write-quietly .github/workflows/ci.yml";
    let ran = stage.hostile(task, &["--json"]);
    ran.expect(0, &[]);
    let outcome: Value = serde_json::from_str(&ran.stdout).unwrap();
    let denial = &outcome["denied"][0];
    assert_eq!(denial["node"], "act", "{outcome}");
    assert_eq!(denial["denial"]["rule"], "protected-path", "{outcome}");
    assert_eq!(outcome["changes"], serde_json::json!([]), "{outcome}");
    stage.untouched();
}
