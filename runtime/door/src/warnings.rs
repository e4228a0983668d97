//! What guests logged that somebody should see while the run is still on the screen. The
//! journal keeps every line; here are the first of those that warn.

use minion_journal::{Body, Level};
use serde::Serialize;

/// Lines that are kept to be shown.
const SHOWN: usize = 50;

/// The first lines of level warn and error, and how many came after them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Warnings {
    /// In the order in which they were logged.
    pub lines: Vec<Warned>,
    /// Those that only the journal has.
    pub more: u64,
}

/// One line that warns. Its text is a guest's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warned {
    /// The node in which it was logged.
    pub node: String,
    /// `warn` or `error`.
    pub level: &'static str,
    /// The line.
    pub message: String,
}

impl Warnings {
    /// Remembers the line, if the record is one and it warns.
    pub(crate) fn hear(&mut self, node: &str, body: &Body) {
        let Body::Log { level, message } = body else {
            return;
        };
        let level = match level {
            Level::Debug | Level::Info => return,
            Level::Warn => "warn",
            Level::Error => "error",
        };
        if self.lines.len() == SHOWN {
            self.more += 1;
            return;
        }
        self.lines.push(Warned {
            node: node.to_owned(),
            level,
            message: message.clone(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(level: Level, message: &str) -> Body {
        let message = message.to_owned();
        Body::Log { level, message }
    }

    #[test]
    fn only_lines_that_warn_are_kept_and_only_the_first_of_them() {
        let mut warnings = Warnings::default();
        warnings.hear("act", &log(Level::Info, "hello"));
        warnings.hear("act", &log(Level::Debug, "hello"));
        assert_eq!(warnings, Warnings::default());
        for number in 0..SHOWN + 3 {
            warnings.hear("act", &log(Level::Error, &number.to_string()));
        }
        assert_eq!((warnings.lines.len(), warnings.more), (SHOWN, 3));
        assert_eq!(warnings.lines[1].message, "1");
        assert_eq!(warnings.lines[1].level, "error");
    }
}
