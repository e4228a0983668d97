//! A word from another process: stop.
//!
//! Who wants a run to stop leaves a mark beside its journal and then asks its process; the
//! process says by whom it was stopped. Marks stay, so only those count that came since this
//! process has the run.

use super::assemble::Run;
use minion_grants::shown;
use minion_journal::{RunId, Signal, Store};
use serde_json::json;
use std::fmt;

/// The name of the signal.
const CANCEL: &str = "cancel";

/// Who wants a run to stop, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancel {
    /// Who, as the machine knows them.
    pub by: String,
    /// Why, in their words.
    pub why: Option<String>,
}

impl Cancel {
    /// As it is said to the run.
    pub fn signal(&self) -> Signal {
        Signal {
            name: CANCEL.to_owned(),
            body: json!({ "by": self.by, "why": self.why }),
            dedupe: None,
        }
    }

    /// What a signal says, if it is this one.
    fn of(signal: &Signal) -> Option<Self> {
        let text = |key: &str| signal.body.get(key)?.as_str().map(str::to_owned);
        (signal.name == CANCEL).then(|| Self {
            by: text("by").unwrap_or_else(|| "somebody".to_owned()),
            why: text("why"),
        })
    }
}

impl fmt::Display for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cancelled by {}", shown(&self.by))?;
        match &self.why {
            Some(why) => write!(f, ": {}", shown(why)),
            None => Ok(()),
        }
    }
}

/// The marks of a run that came after this one began to listen.
pub(super) struct Marks {
    run: RunId,
    heard: u64,
}

impl Marks {
    /// From now on.
    pub(super) fn of(run: &Run) -> Self {
        let before = run.services.door.journal().ok();
        let before = before.and_then(|journal| journal.store().signals(run.id, 0).ok());
        Self {
            run: run.id,
            heard: before
                .and_then(|marks| marks.last().map(|mark| mark.0))
                .unwrap_or_default(),
        }
    }

    /// The last word to stop, if there was one.
    pub(super) fn cancel(&self, store: &dyn Store) -> Option<Cancel> {
        let marks = store.signals(self.run, self.heard).ok()?;
        marks.iter().rev().find_map(|(_, mark)| Cancel::of(mark))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_by_whom_and_why_and_nothing_to_a_terminal() {
        let cancel = Cancel {
            by: "dana".to_owned(),
            why: Some("wrong branch\u{1b}[2J".to_owned()),
        };
        let read = Cancel::of(&cancel.signal()).unwrap();
        assert_eq!(read, cancel);
        let said = "cancelled by dana: wrong branch\\u{1b}[2J";
        assert_eq!(read.to_string(), said);
        let other = Signal {
            name: "wake".to_owned(),
            ..cancel.signal()
        };
        assert_eq!(Cancel::of(&other), None);
    }
}
