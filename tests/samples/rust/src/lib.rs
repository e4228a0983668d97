//! Reads a ledger: one entry a line.
//!
//! ```
//! let entries = ledger::parse("2026-03-12 450 coffee\n")?;
//! assert_eq!(ledger::total(&entries), 450);
//! # Ok::<(), ledger::NotAnEntry>(())
//! ```

mod parser;

pub use parser::{Entry, NotAnEntry, parse};

/// What all entries come to, in cents; nothing comes to zero.
pub fn total(entries: &[Entry]) -> i64 {
    entries.iter().map(|entry| entry.cents).sum()
}

#[cfg(test)]
mod tests {
    use super::{parse, total};

    #[test]
    fn adds_up() {
        let entries = parse("2026-03-12 10 gum\n2026-03-12 20 gum\n").unwrap();
        assert_eq!(total(&entries), 30);
    }

    #[test]
    fn nothing_comes_to_zero() {
        assert_eq!(total(&[]), 0);
    }
}
