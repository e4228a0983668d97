//! The independent verifier, which shares no code with ours.

use crate::world::root;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The interpreter, past any wrapper of it; none where there is no Python 3.
pub(super) fn interpreter() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let program = "import sys; print(sys.executable)";
        let told = Command::new("python3").args(["-I", "-c", program]).output();
        let told = told.ok().filter(|told| told.status.success())?;
        Some(PathBuf::from(String::from_utf8(told.stdout).ok()?.trim()))
    });
    if found.is_none() {
        // Past the capturing of tests, which would hide it.
        let skipped = b"\nSKIPPED: there is no python3, so tests/verify/verify.py was NOT run\n";
        std::io::stderr().write_all(skipped).unwrap();
    }
    found.as_deref()
}

/// What it says of a journal: its exit code and its words.
pub(super) fn verify(journal: &Path, words: &[&str]) -> Option<(i32, String)> {
    let told = Command::new(interpreter()?)
        .arg("-I")
        .arg(root().join("tests/verify/verify.py"))
        .arg(journal)
        .args(words)
        .output()
        .unwrap();
    let said = [told.stdout, told.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    Some((told.status.code().unwrap_or(-1), said))
}

#[test]
fn the_verifier_is_short_and_needs_nothing() {
    let text = std::fs::read_to_string(root().join("tests/verify/verify.py")).unwrap();
    assert!(text.lines().count() < 100, "somebody has to read all of it");
    let imports: Vec<_> = text
        .lines()
        .filter(|line| line.contains("import "))
        .collect();
    assert_eq!(imports, ["import argparse, hashlib, json, sqlite3, sys"]);
}
