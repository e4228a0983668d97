//! Exit codes, and how a failure is told.

use crate::render::{data, talk_lines};
use minion_host::store_exit_code;
use minion_journal::{LookupError, OpenError, ReadError, StoreError};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::process::ExitCode;

/// Done.
pub(crate) const DONE: u8 = 0;
/// Two things that are compared do not fit: something is wider, or there is something to look at.
pub(crate) const DIFFERS: u8 = 1;
/// The words of the command, or a file that it names, are wrong.
pub(crate) const USAGE: u8 = 2;
/// Refused: not admitted, damaged, not what it says.
pub(crate) const REFUSED: u8 = 3;
/// A run does not do again what it did: in a replay, or in what a resume goes through again.
pub(crate) const DIVERGED: u8 = 4;
/// A journal is not what was written.
pub(crate) const ALTERED: u8 = DIVERGED;
/// A limit, somebody stopped it, or another process has it.
pub(crate) const STOPPED: u8 = 5;
/// A human has to go on: it was escalated, or waits.
pub(crate) const ESCALATED: u8 = 6;
/// A bug of ours.
pub(crate) const BUG: u8 = 70;

/// The codes as the help shows them.
pub(crate) const HELP: &str = "Exit codes: 0 done · 1 the blueprint ended in failure, or what is compared differs · 2 usage · 3 refused (admission, \
integrity) · 4 went another way than recorded, or a journal was altered · 5 limit reached, stopped, or held by another process · 6 a human has to \
go on (escalated, or waiting) · 70 a bug of ours";

/// Why a verb did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Fail {
    code: u8,
    message: String,
}

impl Fail {
    /// The command's words, or a file that they name, are wrong.
    pub(crate) fn usage(message: impl std::fmt::Display) -> Self {
        Self {
            code: USAGE,
            message: message.to_string(),
        }
    }

    /// A component or a grant is refused.
    pub(crate) fn refused(message: impl std::fmt::Display) -> Self {
        Self {
            code: REFUSED,
            message: message.to_string(),
        }
    }

    /// It does not do again what it did.
    pub(crate) fn diverged(message: impl std::fmt::Display) -> Self {
        Self {
            code: DIVERGED,
            message: message.to_string(),
        }
    }

    /// A journal is not what was written.
    pub(crate) fn altered(message: impl std::fmt::Display) -> Self {
        Self {
            code: ALTERED,
            message: message.to_string(),
        }
    }

    /// It could not go on.
    pub(crate) fn stopped(message: impl std::fmt::Display) -> Self {
        Self {
            code: STOPPED,
            message: message.to_string(),
        }
    }

    /// The journal does not give or take what it should.
    pub(crate) fn store(error: &StoreError) -> Self {
        Self {
            code: store_exit_code(error),
            message: chain(error),
        }
    }

    /// What the journal holds cannot be read.
    pub(crate) fn read(error: &ReadError) -> Self {
        match error {
            ReadError::Store(error) => Self::store(error),
            other => Self::refused(chain(other)),
        }
    }

    /// There is no such run, or the journal cannot tell.
    pub(crate) fn lookup(error: &LookupError) -> Self {
        match error {
            LookupError::Store(error) => Self::store(error),
            other => Self::usage(chain(other)),
        }
    }

    /// The journal cannot be opened.
    pub(crate) fn open(error: &OpenError) -> Self {
        match error {
            OpenError::Corrupt { .. } | OpenError::Foreign(_) => Self::refused(chain(error)),
            OpenError::Locked { .. } | OpenError::InUse(_) => Self::stopped(chain(error)),
            _ => Self::usage(chain(error)),
        }
    }

    /// It should never happen.
    pub(crate) fn bug(message: impl std::fmt::Display) -> Self {
        Self {
            code: BUG,
            message: format!("{message}\nthis is a bug of minion-rt; please report it"),
        }
    }

    /// What went wrong, alone.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Tells it, as data too where `json` is wanted, and gives the exit code.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        talk_lines(&format!("error  {}", self.message));
        if json {
            data(&as_json(&self.message, self.code).to_string());
        }
        ExitCode::from(self.code)
    }
}

/// An error as data.
fn as_json(message: &str, code: u8) -> Value {
    json!({ "error": message, "exit-code": code })
}

/// Whether the command's words want JSON; asked of the words themselves, since they may be
/// what is wrong.
pub(crate) fn wants_json(words: impl Iterator<Item = OsString>) -> bool {
    words
        .take_while(|word| word != "--")
        .any(|word| word == "--json")
}

/// An error that has lines of its own, each naming one thing; strangers' texts in it are
/// escaped where it was made.
pub(crate) fn lines(error: &dyn std::error::Error) -> String {
    causes(error)
}

/// An error with its causes, on one line, whatever names stand in it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    causes(error).replace('\n', "\\n")
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = inner.source();
    }
    text
}

/// clap's own message: help goes to stdout with 0, a mistake to stderr with 2, as data too
/// where `json` is wanted.
pub(crate) fn usage(error: &clap::Error, json: bool) -> ExitCode {
    let _ = error.print();
    if !error.use_stderr() {
        return ExitCode::from(DONE);
    }
    if json {
        data(&as_json(error.to_string().trim_end(), USAGE).to_string());
    }
    ExitCode::from(USAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_journal_has_the_code_of_the_table() {
        let corrupt = || StoreError::Corrupt {
            what: "a gap".to_owned(),
            source: None,
        };
        assert_eq!(Fail::store(&corrupt()).code, REFUSED);
        assert_eq!(Fail::read(&corrupt().into()).code, REFUSED);
        assert_eq!(Fail::lookup(&corrupt().into()).code, REFUSED);
        let none = LookupError::None("x".to_owned());
        assert_eq!(Fail::lookup(&none).code, USAGE);
        let path = std::path::PathBuf::from("/j");
        assert_eq!(Fail::open(&OpenError::Foreign(path.clone())).code, REFUSED);
        assert_eq!(Fail::open(&OpenError::InUse(path.clone())).code, STOPPED);
        assert_eq!(Fail::open(&OpenError::NotFound(path)).code, USAGE);
    }

    #[test]
    fn json_is_wanted_only_where_it_is_a_flag() {
        let wants = |words: &[&str]| wants_json(words.iter().map(OsString::from));
        assert!(wants(&["minion-rt", "exec", "x", "--json"]));
        assert!(!wants(&["minion-rt", "inspect", "--", "--json"]));
        assert!(!wants(&["minion-rt", "exec", "x", "--task=--json"]));
    }
}
