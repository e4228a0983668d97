//! One file that holds a run: to be read and replayed elsewhere.
//!
//! Lines of canonical JSON, each ended by a line feed:
//!
//! | line | what |
//! |---|---|
//! | first | `{"blobs":…,"format":"minion-run","head":{"hash":…,"seq":…},"records":…,"run":…,"version":1}` |
//! | then | `{"blob":{"bytes":…,"digest":…}}`, the bytes in base64, in the order of the digests |
//! | then | `{"record":{"bytes":…,"hash":…}}`, the bytes as they are stored, in their order |
//!
//! The blobs are those that the run refers to, the bytes of its component among them.
//! There is one way to write each run: [`import`] refuses a line that has another, and so
//! finds whatever was altered, be it only a space.

mod export;
mod import;
mod sense;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use export::{ExportError, export};
pub use import::{ImportError, Imported, import};

const FORMAT: &str = "minion-run";
const VERSION: u64 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    blobs: u64,
    format: String,
    head: Tail,
    records: u64,
    run: String,
    version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tail {
    hash: String,
    seq: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Line {
    Blob { bytes: String, digest: String },
    Record { bytes: String, hash: String },
}
