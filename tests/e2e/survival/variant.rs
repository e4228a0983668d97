//! Other versions of `tests/guests/asking`: its source with some words exchanged, built anew.

use crate::world::{World, root};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

/// Variants of a guest are built one after the other in one place, so that what it is made of
/// is compiled once.
static BUILDING: Mutex<()> = Mutex::new(());

/// The graph without its gate: a plugin would be compiled anew with each variant.
const UNJUDGED: [(&str, &str); 3] = [
    (", judge => check", ""),
    (
        "    gate check = \"acme/checker\" { pass => delivered, fail => delivered, error => failed }\n",
        "",
    ),
    ("[plugins]\n\"acme/checker\" = \"../checker\"\n", ""),
];

/// The component of `tests/guests/asking` with these words exchanged, wherever they stand.
pub(super) fn variant(world: &World, name: &str, words: &[(&str, &str)]) -> PathBuf {
    let building = BUILDING.lock();
    let from = root().join("tests/guests/asking");
    let place = root().join("target/e2e/variants/asking");
    for file in [
        "minion.toml",
        "Cargo.toml",
        "Cargo.lock",
        "src/lib.rs",
        "prompts/write.md",
    ] {
        if !from.join(file).exists() {
            continue;
        }
        let mut text = std::fs::read_to_string(from.join(file)).unwrap();
        for (old, new) in UNJUDGED.iter().chain(words) {
            text = text.replace(old, new);
        }
        let above = root().display().to_string();
        text = text.replace("\"../../../sdk", &format!("\"{above}/sdk"));
        std::fs::create_dir_all(place.join(file).parent().unwrap()).unwrap();
        std::fs::write(place.join(file), text).unwrap();
    }
    let to = world.path(&format!("{name}.wasm"));
    let output = Command::new(env!("CARGO_BIN_EXE_minion-rt"))
        .args(["build", "--offline"])
        .arg(&place)
        .arg("--output")
        .arg(&to)
        .env("CARGO_TARGET_DIR", root().join("target/e2e/variants/built"))
        .output()
        .unwrap();
    drop(building);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {said}");
    to
}
