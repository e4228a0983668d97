//! A run as people read it: visit after visit, the calls of each beneath it, set in by what
//! they happened inside of.
//!
//! Records come in one by one, lines go out; what is kept between them is one visit's
//! bookkeeping, however long the run is.

mod calls;
mod facts;
mod spent;

use super::{duration, plural, short};
use calls::{asked, came_out, is_scope};
use minion_grants::shown;
use minion_journal::{Body, Payload, Record, Seq, Store, Timestamp};
use spent::Spending;
use std::collections::BTreeMap;
use std::time::Duration;

/// Calls of a visit that are shown where nobody asks for all.
const MOST_CALLS: u64 = 12;
/// Refusals of a visit that are shown even beyond that.
const MOST_DENIALS: u64 = 12;

/// How much of a run is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// The first calls of each visit.
    Some,
    /// Every call, with the rule that allowed it.
    All,
}

/// Whether a record still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    /// As far as is known.
    Yes,
    /// What it tells of was done again after a resume.
    Void,
}

/// Makes lines of records.
pub(crate) struct Timeline<'s> {
    store: &'s dyn Store,
    depth: Depth,
    open: Option<Open>,
    spending: Spending,
    /// Calls that have begun: how deep they are, and what was asked where that is told only
    /// with the result.
    begun: BTreeMap<Seq, (usize, Option<Asked>)>,
}

/// The visit that goes on.
struct Open {
    name: String,
    since: Timestamp,
    tree: String,
    calls: u64,
    denials: u64,
    hidden: u64,
}

/// A call that is told of when it has come out.
struct Asked {
    call: String,
    text: String,
    rule: String,
}

impl<'s> Timeline<'s> {
    pub(crate) fn new(store: &'s dyn Store, depth: Depth) -> Self {
        Self {
            store,
            depth,
            open: None,
            spending: Spending::default(),
            begun: BTreeMap::new(),
        }
    }

    /// Name of the visit that goes on.
    pub(crate) fn visit(&self) -> Option<&str> {
        self.open.as_ref().map(|open| open.name.as_str())
    }

    /// The lines of the next record.
    pub(crate) fn lines(&mut self, record: &Record, counts: Counts) -> Vec<String> {
        let mut lines = match &record.body {
            Body::VisitStarted { node, visit, tree } => self.enter(record, node, *visit, tree),
            Body::Checkpoint {
                label, tree, spent, ..
            } => self.leave(record, label, tree, spent.as_ref()),
            Body::Call {
                call,
                request,
                rule,
                response,
                ..
            } => {
                let asked = Asked {
                    call: shown(call),
                    text: asked(self.store, call, request),
                    rule: rule.clone(),
                };
                self.done(record, self.depth_of(record), &asked, response)
            }
            Body::Intent { .. } => self.begin(record),
            Body::Result { intent, response } => self.come_out(record, *intent, response),
            Body::Denied {
                call,
                target,
                rule,
                cure,
                ..
            } => {
                let text = format!(
                    "DENIED     {} {} ({}; cure: {})",
                    shown(call),
                    shown(target),
                    shown(rule),
                    shown(cure)
                );
                self.deny(self.depth_of(record), &text)
            }
            Body::Log { level, message } => {
                let text = format!("{:<18}{}", level.name(), calls::line(message));
                self.call(self.depth_of(record), &text)
            }
            Body::Resumed { void_after, .. } => {
                let mut lines = self.broken_off(*void_after);
                lines.extend(self.more());
                lines.extend(facts::lines(self.store, record.seq, &record.body));
                lines
            }
            body => facts::lines(self.store, record.seq, body),
        };
        if counts == Counts::Void {
            lines.iter_mut().for_each(mark_void);
        }
        lines
    }

    /// What is still to be said when there is no record more.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        let mut lines = self.without_result();
        lines.extend(self.more());
        lines
    }

    fn enter(&mut self, record: &Record, node: &str, visit: u64, tree: &str) -> Vec<String> {
        let mut lines = self.rest();
        self.begun.clear();
        let name = shown(&format!("{node}-{visit}"));
        lines.push(String::new());
        lines.push(format!("{name:<20}  tree {}", short(tree)));
        self.open = Some(Open {
            name,
            since: record.at,
            tree: tree.to_owned(),
            calls: 0,
            denials: 0,
            hidden: 0,
        });
        lines
    }

    fn leave(
        &mut self,
        record: &Record,
        label: &str,
        tree: &str,
        spent: Option<&Payload>,
    ) -> Vec<String> {
        let mut lines: Vec<_> = self.more().into_iter().collect();
        let (same, took) = match &self.open {
            Some(open) => (open.tree == tree, record.at.micros_since(open.since)),
            None => (false, 0),
        };
        let tree = if same {
            "tree unchanged".to_owned()
        } else {
            format!("tree {}", short(tree))
        };
        let cost = self.spending.since(self.store, spent);
        let label = format!("→ {}", shown(label));
        let line = format!("  {label:<18}  {tree:<14}  {:>9}  {cost}", span(took));
        lines.push(line.trim_end().to_owned());
        self.open = None;
        lines
    }

    fn begin(&mut self, record: &Record) -> Vec<String> {
        let Body::Intent {
            call,
            request,
            rule,
            ..
        } = &record.body
        else {
            return Vec::new();
        };
        let depth = self.depth_of(record);
        let text = asked(self.store, call, request);
        if is_scope(call) {
            self.begun.insert(record.seq, (depth, None));
            return self.call(depth, &format!("{call:<18}{text}{}", self.by(rule)));
        }
        let asked = Asked {
            call: shown(call),
            text,
            rule: rule.clone(),
        };
        self.begun.insert(record.seq, (depth, Some(asked)));
        Vec::new()
    }

    fn come_out(&mut self, record: &Record, intent: Seq, response: &Payload) -> Vec<String> {
        match self.begun.remove(&intent) {
            Some((depth, Some(asked))) => self.done(record, depth, &asked, response),
            Some((depth, None)) => {
                let text = came_out(self.store, "", response);
                self.call(depth + 1, &format!("→ {text}{}", took(record.micros)))
            }
            None => Vec::new(),
        }
    }

    /// A call with what came of it.
    fn done(
        &mut self,
        record: &Record,
        depth: usize,
        asked: &Asked,
        response: &Payload,
    ) -> Vec<String> {
        if self.is_full() {
            return self.call(depth, "");
        }
        let answer = came_out(self.store, &asked.call, response);
        let arrow = if answer.is_empty() { "" } else { "  → " };
        let (call, text, by) = (&asked.call, &asked.text, self.by(&asked.rule));
        let took = took(record.micros);
        self.call(depth, &format!("{call:<18}{text}{arrow}{answer}{took}{by}"))
    }

    /// Calls that were begun and have not come out, as far as they tell of themselves only
    /// then.
    fn without_result(&mut self) -> Vec<String> {
        let begun = std::mem::take(&mut self.begun);
        begun
            .into_values()
            .flat_map(|begun| self.unanswered(begun))
            .collect()
    }

    /// Calls that were begun and that a resume made void.
    fn broken_off(&mut self, void_after: Option<Seq>) -> Vec<String> {
        let Some(after) = void_after else {
            return Vec::new();
        };
        let void = self.begun.split_off(&after.next());
        let mut lines: Vec<_> = void
            .into_values()
            .flat_map(|begun| self.unanswered(begun))
            .collect();
        lines.iter_mut().for_each(mark_void);
        lines
    }

    fn unanswered(&mut self, (depth, asked): (usize, Option<Asked>)) -> Vec<String> {
        let Some(asked) = asked else {
            return Vec::new();
        };
        let text = format!("{:<18}{}  → no result", asked.call, asked.text);
        self.call(depth, &text)
    }

    fn is_full(&self) -> bool {
        let calls = self.open.as_ref().map_or(0, |open| open.calls);
        self.depth == Depth::Some && calls >= MOST_CALLS
    }

    fn call(&mut self, depth: usize, text: &str) -> Vec<String> {
        let full = self.is_full();
        if let Some(open) = &mut self.open {
            open.calls += 1;
            if full {
                open.hidden += 1;
                return Vec::new();
            }
        }
        vec![inset(depth, text.trim_end())]
    }

    fn deny(&mut self, depth: usize, text: &str) -> Vec<String> {
        let all = self.depth == Depth::All;
        if let Some(open) = &mut self.open {
            open.denials += 1;
            if open.denials > MOST_DENIALS && !all {
                open.hidden += 1;
                return Vec::new();
            }
        }
        vec![inset(depth, text)]
    }

    /// How many lines of the visit were left out.
    fn more(&mut self) -> Option<String> {
        let open = self.open.as_mut()?;
        let hidden = std::mem::take(&mut open.hidden);
        (hidden > 0).then(|| {
            let name = &open.name;
            format!(
                "    and {} more: --visit {name}, or --calls",
                plural(hidden, "line")
            )
        })
    }

    fn depth_of(&self, record: &Record) -> usize {
        let parent = record.parent.and_then(|parent| self.begun.get(&parent));
        parent.map_or(0, |(depth, _)| depth + 1)
    }

    fn by(&self, rule: &str) -> String {
        match self.depth {
            Depth::All if !rule.is_empty() => format!("  [{}]", shown(rule)),
            _ => String::new(),
        }
    }
}

/// Marks a line whose record does not count any more.
fn mark_void(line: &mut String) {
    if line.is_empty() {
        return;
    }
    let text = line.trim_start();
    *line = format!("{}void  {text}", &line[..line.len() - text.len()]);
}

fn inset(depth: usize, text: &str) -> String {
    // Deeper than any real run, and no wider than a screen.
    format!("{:width$}{text}", "", width = 4 + 2 * depth.min(12))
}

fn span(micros: u64) -> String {
    duration(Duration::from_micros(micros))
}

/// A duration that is worth a word.
fn took(micros: u64) -> String {
    if micros < 1_000 {
        return String::new();
    }
    format!("  {}", span(micros))
}

#[cfg(test)]
mod tests;
