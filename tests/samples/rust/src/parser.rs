//! From text to entries: `2026-03-12 450 coffee`.

use std::error::Error;
use std::fmt;

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The day, as it was written.
    pub day: String,
    /// The amount in cents.
    pub cents: i64,
    /// What it was for.
    pub memo: String,
}

/// A line that is no entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnEntry(pub String);

impl fmt::Display for NotAnEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not an entry: `{}`", self.0)
    }
}

impl Error for NotAnEntry {}

/// The entries of a ledger, in their order.
pub fn parse(text: &str) -> Result<Vec<Entry>, NotAnEntry> {
    let mut lines: Vec<&str> = text.split('\n').collect();
    lines.pop();
    lines.into_iter().map(parse_line).collect()
}

fn parse_line(line: &str) -> Result<Entry, NotAnEntry> {
    let not_an_entry = || NotAnEntry(line.to_owned());
    let mut parts = line.splitn(3, ' ');
    let mut next = || parts.next().ok_or_else(not_an_entry);
    let (day, cents, memo) = (next()?, next()?, next()?);
    Ok(Entry {
        day: day.to_owned(),
        cents: cents.parse().map_err(|_| not_an_entry())?,
        memo: memo.to_owned(),
    })
}
