//! The exit code of a command whose run could not begin or go on: what a script may try again
//! is told from what somebody has to mend.

use super::assemble::RunError;
use minion_door::Halt;
use minion_journal::{AppendError, ClaimError, JournalError, ReadError, StoreError};
use minion_workspace::{ObjectError, RunStoreError, TreeError};

/// The user can mend it: another run, verb, file or repository is meant.
const USAGE: u8 = 2;
/// A journal, an object or a version that is not what it says.
const REFUSED: u8 = 3;
/// A run that does not do what it did.
const DIVERGED: u8 = 4;
/// It had to stop, or another process has it: later it may go on.
const STOPPED: u8 = 5;

impl RunError {
    /// The exit code of the command that met it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Repository(_)
            | Self::Gone(_)
            | Self::Lost { .. }
            | Self::Checkout(_)
            | Self::Project(_)
            | Self::Folder { .. }
            | Self::NoOrigin(_) => USAGE,
            Self::Closed(error) if !error.is_distrust() => USAGE,
            Self::Objects(error) => of_objects(error),
            Self::Tree(error) => of_tree(error),
            Self::Journal(error) => of_journal(error),
            Self::Store(error) => store_exit_code(error),
            Self::Read(error) | Self::Halt(Halt::Unread(error)) => of_read(error),
            Self::Closed(_) | Self::Unfit(_) => REFUSED,
            Self::Halt(Halt::Diverged(_)) => DIVERGED,
            Self::Halt(_) => STOPPED,
        }
    }
}

/// The exit code of a command that met it.
pub fn store_exit_code(error: &StoreError) -> u8 {
    match error {
        StoreError::NoRun(_) | StoreError::ReadOnly | StoreError::Failed(_) => USAGE,
        StoreError::NoBlob(_)
        | StoreError::BlobAltered(_)
        | StoreError::TooLarge { .. }
        | StoreError::Gap { .. }
        | StoreError::Corrupt { .. } => REFUSED,
        StoreError::Full(_) | StoreError::Locked(_) | StoreError::Broken => STOPPED,
    }
}

fn of_read(error: &ReadError) -> u8 {
    match error {
        ReadError::Store(error) => store_exit_code(error),
        _ => REFUSED,
    }
}

fn of_journal(error: &JournalError) -> u8 {
    match error {
        JournalError::Claim(ClaimError::Ended(_) | ClaimError::Imported(_)) => USAGE,
        JournalError::Claim(ClaimError::Store(error))
        | JournalError::Append(AppendError::Store(error))
        | JournalError::Store(error) => store_exit_code(error),
        _ => STOPPED,
    }
}

fn of_objects(error: &RunStoreError) -> u8 {
    match error {
        RunStoreError::System { .. }
        | RunStoreError::Path(_)
        | RunStoreError::Lender { .. }
        | RunStoreError::Folder { .. } => USAGE,
        RunStoreError::Changed(_) => STOPPED,
        RunStoreError::Object(error) => of_object(error),
        RunStoreError::Tree(error) => of_tree(error),
    }
}

fn of_tree(error: &TreeError) -> u8 {
    match error {
        TreeError::Object(error) => of_object(error),
        TreeError::Name { .. } | TreeError::TooMany(_) => USAGE,
    }
}

fn of_object(error: &ObjectError) -> u8 {
    match error {
        ObjectError::Missing(_) => USAGE,
        ObjectError::Kind { .. } | ObjectError::Damaged { .. } => REFUSED,
        ObjectError::Flush { .. } | ObjectError::Database { .. } => STOPPED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minion_journal::RunId;
    use std::path::PathBuf;

    #[test]
    fn only_what_may_go_on_later_by_itself_is_worth_another_try() {
        let run = RunId::from_bits(1);
        let held = ClaimError::Held {
            run,
            holder: "process 7".to_owned(),
        };
        let lender = RunStoreError::Lender {
            repository: PathBuf::from("/project"),
            commit: "0123456789012345678901234567890123456789".parse().unwrap(),
            why: "there is no such commit".to_owned(),
        };
        let corrupt = || StoreError::Corrupt {
            what: "a gap".to_owned(),
            source: None,
        };
        let path = PathBuf::from("/state/runs/1/objects.git");
        let cases = [
            (RunError::Lost { run, path }, 2),
            (lender.into(), 2),
            (StoreError::NoRun(run).into(), 2),
            (JournalError::from(ClaimError::Ended(run)).into(), 2),
            (JournalError::from(ClaimError::Imported(run)).into(), 2),
            (corrupt().into(), 3),
            (ReadError::from(corrupt()).into(), 3),
            (JournalError::from(ClaimError::from(corrupt())).into(), 3),
            (RunError::Unfit("x".to_owned()), 3),
            (JournalError::from(held).into(), 5),
            (StoreError::Locked("busy".into()).into(), 5),
            (Halt::Stopped("x".to_owned()).into(), 5),
        ];
        for (error, code) in cases {
            assert_eq!(error.exit_code(), code, "{error}");
        }
    }
}
