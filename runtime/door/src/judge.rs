//! The judge of one call on files, and what it remembers for the record: which rules decided,
//! and about which path where that is not the one that was asked for.

use crate::Caller;
use minion_grants::{Denial, FileOp, FileRule};
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::fmt::Write as _;

/// The judge of one call that has to look at the thing itself before it can judge, as
/// files do: a path is judged when it is resolved.
#[derive(Debug)]
pub struct Judge<'a> {
    caller: &'a Caller,
    asked: &'a Value,
    /// What allowed something, each once, as far as there is room.
    rules: Cell<[Option<FileRule<'a>>; MOST_RULES]>,
    /// The first path that the effect is on, where the request names it otherwise.
    judged: RefCell<Judged>,
}

/// Rules that are recorded of one call: a list is judged entry by entry.
const MOST_RULES: usize = 4;

/// What is known of the path that an effect is on.
#[derive(Debug, Default)]
enum Judged {
    #[default]
    Nothing,
    AsAsked,
    Otherwise(String),
}

impl<'a> Judge<'a> {
    pub(crate) fn of(caller: &'a Caller, asked: &'a Value) -> Self {
        Self {
            caller,
            asked,
            rules: Cell::default(),
            judged: RefCell::default(),
        }
    }

    /// Judges one operation on a resolved path.
    pub fn file(&self, op: FileOp, path: &str) -> Result<(), Denial> {
        let rule = self.caller.file(op, path)?;
        self.keep(rule);
        // A link on the way is only passed through.
        if op != FileOp::Stat {
            self.on(path);
        }
        Ok(())
    }

    /// Notes the path that the effect is on: the first of them.
    fn on(&self, path: &str) {
        let mut judged = self.judged.borrow_mut();
        if !matches!(*judged, Judged::Nothing) {
            return;
        }
        let asked = self.asked.as_object().into_iter();
        let mut asked = asked.flat_map(|asked| asked.values());
        *judged = if asked.any(|text| text.as_str() == Some(path)) {
            Judged::AsAsked
        } else {
            Judged::Otherwise(path.to_owned())
        };
    }

    fn keep(&self, rule: FileRule<'a>) {
        let mut rules = self.rules.get();
        for kept in &mut rules {
            match kept {
                Some(kept) if kept.is_same(&rule) => return,
                Some(_) => {}
                None => {
                    *kept = Some(rule);
                    break;
                }
            }
        }
        self.rules.set(rules);
    }

    fn rule(&self) -> String {
        let mut text = String::with_capacity(96);
        for rule in self.rules.get().into_iter().flatten() {
            let _ = write!(text, "{}{rule}", if text.is_empty() { "" } else { "; " });
        }
        text
    }

    /// The rules that allowed it, and the path that was judged where the request names it
    /// otherwise.
    pub(crate) fn found(self) -> (String, Option<String>) {
        let rule = self.rule();
        match self.judged.into_inner() {
            Judged::Otherwise(path) => (rule, Some(path)),
            Judged::Nothing | Judged::AsAsked => (rule, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_that_is_not_as_asked_is_told() {
        let caller = Caller {
            visit: 1,
            node: "n".to_owned(),
            round: 1,
            authority: std::sync::Arc::default(),
            within: Vec::new(),
            parent: None,
        };
        let asked = json!({ "file": "link" });
        let told = |paths: &[&str]| {
            let judge = Judge::of(&caller, &asked);
            for path in paths {
                judge.on(path);
            }
            judge.found().1
        };
        assert_eq!(told(&[]), None);
        assert_eq!(told(&["link", "other"]), None);
        assert_eq!(told(&["src/real", "link"]).as_deref(), Some("src/real"));
    }
}
