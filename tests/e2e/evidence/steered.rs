//! Changes that turn their own verdict: shown, and delivered only where the operator lists them.

use super::{RIGHT, Trial, calls, cassette, does, writes};
use crate::world::{Ran, component};
use serde_json::{Value, json};

/// What the agent adds beside the mended line. Harmless here; whether it is, nobody looked.
const STEERING: [&str; 3] = ["ruff.toml", "tests/conftest.py", "pyproject.toml"];

/// The standard blueprint, with an agent that mends the bug and adds files that steer.
fn mended_with_steering(trial: &Trial, accept: &str) -> Ran {
    let write =
        |file: &str, content: &str| calls("write", &json!({ "file": file, "content": content }));
    let turns: Vec<Value> = [
        write("value.py", RIGHT),
        write(STEERING[0], "line-length = 100\n"),
        write(STEERING[1], "# nothing yet\n"),
        write(
            STEERING[2],
            "[project]\nname = \"value\"\nversion = \"1\"\n",
        ),
        json!({ "text": "Mended, with settings." }),
    ]
    .into();
    let model = cassette("implement", &turns).to_string();
    let model = trial.world.file("steering.json", model);
    let fix_bug = component("blueprints/fix-bug");
    let digest = minion_bundle::read(&std::fs::read(&fix_bug).unwrap())
        .unwrap()
        .digest;
    let grants = format!(
        "[[grant]]\nblueprint = \"minion/fix-bug\"\ndigest = \"{digest}\"\n\
         [grant.files]\nread = [\"**\"]\nwrite = [\"**\"]\n\
         [grant.command]\nrun = [\"python3 -I -c *\", \"cargo fmt --all\", \"ruff check *\"]\n\
         [grant.agent]\nmodels = [\"default\"]\ntools = [\"read\", \"write\"]\n\
         [grant.delivery]\nto = \"branch\"\nrequire = [\"std:lint\", \"std:test\"]\n\
         accept-self-steered = [{accept}]\n"
    );
    let grants = trial.world.file("grants.toml", grants);
    let mut command = trial.world.command();
    command
        .arg("exec")
        .arg(fix_bug)
        .arg("--repo")
        .arg(&trial.repository);
    command
        .arg("--grants")
        .arg(grants)
        .arg("--cassette")
        .arg(model);
    command.args(["--task", "value is wrong"]);
    Ran::of(command.output().unwrap())
}

#[test]
fn a_self_steered_change_is_not_delivered_though_every_gate_passes() {
    let trial = Trial::python();
    let ran = mended_with_steering(&trial, "");
    let named = STEERING.map(|file| format!("the change steers its own verdict: `{file}`"));
    trial.refused(&ran, &["std:lint pass", "std:test pass", "2 of 2 tests"]);
    ran.expect(6, &named.each_ref().map(String::as_str));
}

#[test]
fn a_self_steered_change_is_delivered_where_the_grant_lists_it() {
    let trial = Trial::python();
    let ran = mended_with_steering(
        &trial,
        "\"ruff.toml\", \"tests/conftest.py\", \"pyproject.toml\"",
    );
    trial.delivered(&ran, &["std:lint pass", "std:test pass"]);
}

#[test]
fn one_listed_file_does_not_carry_the_others() {
    let trial = Trial::python();
    let ran = mended_with_steering(&trial, "\"ruff.toml\", \"pyproject.toml\"");
    trial.refused(&ran, &["steers its own verdict: `tests/conftest.py`"]);
    assert!(!ran.all().contains("verdict: `ruff.toml`"), "{}", ran.all());
}

#[test]
fn lint_settings_in_a_cargo_manifest_are_self_steered() {
    let manifest = "[package]\nname = \"value\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let wrong = "#[test]\nfn is_two() {\n    assert_eq!(1 + 0, 2);\n}\n";
    let trial = Trial::new(&[
        ("Cargo.toml", manifest),
        (
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"value\"\nversion = \"0.1.0\"\n",
        ),
        ("src/lib.rs", wrong),
    ]);
    let lenient = format!("{manifest}\n[lints.clippy]\nall = \"allow\"\n");
    let deeds = [
        writes("src/lib.rs", &wrong.replace("1 + 0", "1 + 1")),
        writes("Cargo.toml", &lenient),
    ];
    let ran = trial.lie(&[("before-1", does(&deeds, "test"))], &[]);
    trial.refused(
        &ran,
        &[
            "std:test pass",
            "1 of 1 tests",
            "steers its own verdict: `Cargo.toml`",
        ],
    );
}
