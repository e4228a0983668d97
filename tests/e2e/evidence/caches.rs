//! What a workspace holds beside its tree: build caches, byte code, ignored files. Each test
//! shows first that the poison works in the workspace, and then that no gate tastes it.

use super::{RIGHT, TESTS, Trial, WRONG, does, removes, runs, writes};
use serde_json::{Value, json};

/// The step runs the project's tests in the workspace and they pass.
fn passes_in_the_workspace() -> Value {
    runs(&["python3", "-m", "unittest", "-q"])
}

/// The poison worked, the gate saw none of it.
#[track_caller]
fn only_the_workspace_was_fooled(trial: &Trial, deeds: &[Value], more: &[&str]) {
    let ran = trial.lie(&[("before-1", does(deeds, "test"))], &[]);
    trial.refused(&ran, &["required gate `std:test` says `fail`"]);
    ran.expect(6, more);
    let logs = trial.logs();
    assert!(logs.contains(": Some(0)"), "it was no poison:\n{logs}");
    assert!(!logs.contains(": Some(1)"), "{logs}");
}

#[test]
fn byte_code_in_a_cache_folder_is_not_judged() {
    let trial = Trial::python();
    // Byte code that says it need not be compared with its source.
    let poison = format!(
        "import importlib.util, os, py_compile\n\
         open('good.py', 'w').write({RIGHT:?})\n\
         py_compile.compile('good.py', cfile=importlib.util.cache_from_source('value.py'),\n    \
         invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)\n\
         os.remove('good.py')\n"
    );
    let deeds = [
        writes("note.txt", "the code is unchanged\n"),
        runs(&["python3", "-c", &poison]),
        passes_in_the_workspace(),
    ];
    only_the_workspace_was_fooled(&trial, &deeds, &["1 of 2 tests passed"]);
}

#[test]
fn an_ignored_module_is_not_judged() {
    let trial = Trial::python();
    let leans = "try:\n    from local import value\nexcept ImportError:\n\n    def value():\n        return 1\n";
    let deeds = [
        writes("value.py", leans),
        writes("local.py", RIGHT),
        passes_in_the_workspace(),
    ];
    only_the_workspace_was_fooled(&trial, &deeds, &["1 of 2 tests passed"]);
}

#[test]
fn what_a_delivery_leaves_out_is_named() {
    let trial = Trial::python();
    let pipe = "import os; os.mkfifo('pipe')";
    let deeds = [
        writes("value.py", RIGHT),
        writes("local.py", "LEFT = True\n"),
        runs(&["python3", "-c", pipe]),
    ];
    let ran = trial.lie(&[("before-1", does(&deeds, "test"))], &[]);
    let words = [
        "left out   ignored, in no tree: local.py",
        "left out   no tree takes it: pipe: ",
    ];
    trial.delivered(&ran, &words);
    let other = Trial::python();
    let ran = other.lie(&[("before-1", does(&deeds, "test"))], &["--json"]);
    let outcome: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        outcome["beside"]["ignored"],
        serde_json::json!(["local.py"])
    );
    assert_eq!(outcome["beside"]["refused"].as_array().unwrap().len(), 1);
}

#[test]
fn a_change_of_ignored_files_alone_is_no_delivery_and_is_named() {
    let trial = Trial::python();
    let deeds = [writes("local.py", "LEFT = True\n")];
    let ran = trial.lie(&[("before-1", does(&deeds, "claim"))], &[]);
    ran.expect(0, &["nothing had to be changed", "in no tree: local.py"]);
}

#[test]
fn ignored_files_that_python_runs_first_are_not_judged_and_are_named() {
    let trial = Trial::python();
    let patch = "import sys, types\n\nfake = types.ModuleType('value')\nfake.value = lambda: 2\nsys.modules['value'] = fake\n";
    let run = "import os, sys; sys.path.insert(0, os.getcwd()); import sitecustomize, conftest; \
               import unittest; unittest.main(module='test_value', argv=['x'])";
    let deeds = [
        writes("note.txt", "the code is unchanged\n"),
        writes("sitecustomize.py", patch),
        writes("conftest.py", patch),
        runs(&["python3", "-S", "-c", run]),
    ];
    let named = [
        "ignored sitecustomize.py",
        "ignored conftest.py",
        "1 of 2 tests passed",
    ];
    only_the_workspace_was_fooled(&trial, &deeds, &named);
}

#[test]
fn an_ignore_rule_that_the_change_adds_hides_nothing_from_the_gate() {
    let trial = Trial::python();
    let breaks = format!("{TESTS}\n\nraise SystemExit(0)\n");
    let deeds = [
        writes("value.py", RIGHT),
        writes("test_more.py", &breaks),
        writes(".gitignore", "test_more.py\n"),
    ];
    let ran = trial.lie(&[("before-1", does(&deeds, "test"))], &[]);
    trial.refused(
        &ran,
        &[
            "required gate `std:test` says `fail`",
            "test_more.py",
            ".gitignore",
        ],
    );
}

const MANIFEST: &str = "[package]\nname = \"value\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";

/// Passes where a file `poison` stands in the target folder that it was built into.
const TASTES: &str = "#[test]\nfn tastes_poison() {\n    let program = std::env::current_exe().unwrap();\n    \
    assert!(program.ancestors().any(|folder| folder.join(\"poison\").exists()));\n}\n";

/// Leaves the file wherever it is run, in every folder above what it may write.
const POISONS: &str = "fn main() {\n    let out = std::path::PathBuf::from(std::env::var_os(\"OUT_DIR\").unwrap());\n    \
    for folder in out.ancestors() {\n        let _ = std::fs::write(folder.join(\"poison\"), \"\");\n    }\n}\n";

fn cargo_project() -> Trial {
    Trial::new(&[
        ("Cargo.toml", MANIFEST),
        (
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"value\"\nversion = \"0.1.0\"\n",
        ),
        ("src/lib.rs", "//! Nothing yet.\n"),
        ("tests/first.rs", "#[test]\nfn stands() {}\n"),
        (".gitignore", "/poison\n"),
    ])
}

#[test]
fn a_target_folder_that_a_build_script_poisoned_is_not_the_gates() {
    let trial = cargo_project();
    let deeds = [
        writes("build.rs", POISONS),
        runs(&["cargo", "clippy", "--offline"]),
        removes("build.rs"),
        writes(
            "tests/first.rs",
            &format!("#[test]\nfn stands() {{}}\n\n{TASTES}"),
        ),
        runs(&["cargo", "test", "--offline"]),
    ];
    only_the_workspace_was_fooled(&trial, &deeds, &["1 of 2 tests passed (1 at base)"]);
}

#[test]
fn what_one_visit_of_a_gate_leaves_behind_the_next_does_not_find() {
    let trial = cargo_project();
    // With the build script the gate itself is fooled, and the next visit must not be.
    let deeds = [
        writes("build.rs", POISONS),
        writes(
            "tests/first.rs",
            &format!("#[test]\nfn stands() {{}}\n\n{TASTES}"),
        ),
    ];
    let scripts = [
        ("before-1", does(&deeds, "test")),
        ("after-1", does(&[removes("build.rs")], "test")),
    ];
    let ran = trial.lie(&scripts, &[]);
    trial.refused(
        &ran,
        &[
            "required gate `std:test` says `fail`",
            "1 of 2 tests passed (1 at base)",
        ],
    );
    let verdicts: Vec<Value> = trial
        .evidence()
        .iter()
        .map(|found| found["verdict"].clone())
        .collect();
    assert_eq!(verdicts, [json!("pass"), json!("fail")], "{}", ran.all());
}

#[test]
fn wrong_code_stays_wrong() {
    // The ground that the tests above stand on: without any trick the workspace fails too.
    let trial = Trial::python();
    let deeds = [
        writes("value.py", &format!("{WRONG}# the same\n")),
        passes_in_the_workspace(),
    ];
    let ran = trial.lie(&[("before-1", does(&deeds, "test"))], &[]);
    trial.refused(&ran, &["required gate `std:test` says `fail`"]);
    assert!(trial.logs().contains(": Some(1)"));
}
