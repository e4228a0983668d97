//! `minion:host/log`: lines for whoever reads the run afterwards.

use crate::bindings::host::log as wit;
use crate::guest::Guest;
use minion_door::Halt;
use minion_journal::{Body, Level};

/// Lines of one visit that are kept.
const LINES: u32 = 1_000;
/// Bytes of one line that are kept.
const LINE_BYTES: usize = 4 << 10;

impl wit::Host for Guest {
    fn log(&mut self, level: wit::Level, message: String) -> wasmtime::Result<()> {
        self.lines = self.lines.saturating_add(1);
        if self.lines > LINES {
            return Ok(());
        }
        let level = match level {
            wit::Level::Debug => Level::Debug,
            wit::Level::Info => Level::Info,
            wit::Level::Warn => Level::Warn,
            wit::Level::Error => Level::Error,
        };
        let message = clip(message);
        self.services
            .door
            .note(&self.caller, 0, Body::Log { level, message })?;
        Ok(())
    }
}

/// Records how many lines of a visit were dropped.
pub(crate) fn dropped(guest: &Guest) -> Result<(), Halt> {
    let dropped = guest.lines.saturating_sub(LINES);
    if dropped > 0 {
        let message = format!("{dropped} more lines were dropped");
        let level = Level::Warn;
        guest
            .services
            .door
            .note(&guest.caller, 0, Body::Log { level, message })?;
    }
    Ok(())
}

fn clip(mut message: String) -> String {
    if message.len() > LINE_BYTES {
        let end = message.floor_char_boundary(LINE_BYTES);
        message.truncate(end);
        message.push('…');
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_between_characters() {
        let cut = clip("é".repeat(LINE_BYTES));
        assert!(cut.len() <= LINE_BYTES + '…'.len_utf8());
        assert!(cut.ends_with('…'));
    }
}
