//! What was allowed and denied, whether a journal is what was written, and what of a grant was
//! never used.

mod escaped;
mod kept;
mod python;
mod show;
mod tamper;
mod tighten;

use crate::looking::Desk;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A home with runs that did, were denied and left work behind.
pub(crate) struct Desked {
    pub(crate) desk: Desk,
    pub(crate) runs: Vec<String>,
}

impl Desked {
    pub(crate) fn new() -> Self {
        let desk = Desk::new();
        let deeds = |text: &str| {
            json!({ "deeds": [
                { "write": ["words.txt", text] }, { "run": ["python3", "-I", "-c", "print('x' * 9)"] }, "agent",
            ], "then": "test" })
        };
        let runs = ["three\n", "four\n"].map(|text| desk.ran(&[("before-1", deeds(text))]));
        Self {
            desk,
            runs: runs.to_vec(),
        }
    }

    /// The folder of the journal.
    pub(crate) fn journal(&self) -> PathBuf {
        self.desk.world.path("state/journal")
    }

    /// The whole head of a run.
    pub(crate) fn head(&self, run: &str) -> String {
        let listed = self.desk.objects(&["runs", "--json"]);
        let found = listed.iter().find(|listed| listed["run"] == run);
        found.unwrap()["head"].as_str().unwrap().to_owned()
    }
}

/// Puts a journal of its own into a home's state, in place of what is there.
pub(crate) fn exchange(journal: &Path, file: &[u8]) {
    for beside in ["journal.sqlite-wal", "journal.sqlite-shm"] {
        let _ = std::fs::remove_file(journal.join(beside));
    }
    std::fs::write(journal.join("journal.sqlite"), file).unwrap();
}

/// The lines of JSON in a text.
pub(crate) fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
