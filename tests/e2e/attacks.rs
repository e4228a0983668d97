//! Ways in which somebody got something delivered, or shown, that nobody had judged. Each
//! was found by trying, and each is closed.
//!
//! The blueprints are `tests/guests/lying`, and `tests/guests/judged` where the attack needs
//! a gate of the author's own.

mod bystanders;
mod hidden;
mod judges;
mod left_behind;

use crate::evidence::Trial;
use crate::world::Ran;
use serde_json::Value;

/// Everything that is asked for is granted, and this gate has to let the change through.
fn judged(trial: &Trial, gate: &str, scripts: &[(&str, Value)]) -> Ran {
    let require = format!("require={gate}");
    let authority = [
        "--allow-asked",
        "--allow",
        "delivery=branch",
        "--allow",
        &require,
    ];
    trial.exec("tests/guests/judged", scripts, &authority)
}

/// A step's `python3 -c`.
fn python(program: &str) -> Value {
    crate::evidence::runs(&["python3", "-c", program])
}

/// A crate with one test that passes.
fn cargo_project() -> Trial {
    Trial::new(&[
        (
            "Cargo.toml",
            "[package]\nname = \"value\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
        ),
        (
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"value\"\nversion = \"0.1.0\"\n",
        ),
        ("src/lib.rs", &crate_with("2")),
    ])
}

/// Its source, where the tested function returns `value`.
fn crate_with(value: &str) -> String {
    format!(
        "pub fn value() -> u8 {{\n    {value}\n}}\n\n#[test]\nfn is_two() {{\n    assert_eq!(value(), 2);\n}}\n"
    )
}
