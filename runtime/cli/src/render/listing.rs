//! The list of runs: columns that line up, or an object a line.

use super::progress::one_line;
use super::standing::Stands;
use super::{duration, short};
use clap::ValueEnum;
use minion_grants::shown;
use minion_journal::{Outcome, RunState, RunSummary, Store, moved};
use serde_json::{Value, json};
use std::time::Duration;

/// How a run stands, in one word: while it goes or could go on, and how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Status {
    /// A process has it
    Running,
    /// It waits for a human; no process is kept
    Waiting,
    /// A human has decided; it can be resumed
    Decided,
    /// Somebody stopped it; it can be resumed
    Stopped,
    /// Its process died; it can be resumed
    Interrupted,
    /// It came from elsewhere before it had ended
    Imported,
    /// It ended, and what it made is on a branch
    Delivered,
    /// The blueprint ended in failure
    Failed,
    /// It was handed to a human
    Escalated,
    /// It reached one of its limits
    Limited,
    /// It was ended by a human
    Cancelled,
    /// The host could not go on
    Faulted,
}

impl Status {
    /// Of a run.
    pub(crate) fn of(run: &RunSummary) -> Self {
        match (&run.ending, run.state) {
            (Some(ending), _) => Self::ended(ending.outcome),
            (None, RunState::Running) => Self::Running,
            (None, RunState::Waiting) => Self::Waiting,
            (None, RunState::Decided) => Self::Decided,
            (None, RunState::Stopped) => Self::Stopped,
            (None, RunState::Imported) => Self::Imported,
            (None, _) => Self::Interrupted,
        }
    }

    fn ended(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Delivered => Self::Delivered,
            Outcome::Failed => Self::Failed,
            Outcome::Escalated => Self::Escalated,
            Outcome::Limited => Self::Limited,
            Outcome::Cancelled => Self::Cancelled,
            Outcome::Faulted => Self::Faulted,
        }
    }

    /// As it is shown and typed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Decided => "decided",
            Self::Stopped => "stopped",
            Self::Interrupted => "interrupted",
            Self::Imported => "imported",
            other => other.outcome().map_or("", Outcome::name),
        }
    }

    /// How it ended, if it is an end.
    pub(crate) fn outcome(self) -> Option<Outcome> {
        Outcome::ALL
            .into_iter()
            .find(|outcome| Self::ended(*outcome) == self)
    }

    /// What the store calls it.
    pub(crate) fn state(self) -> RunState {
        match self {
            Self::Running => RunState::Running,
            Self::Waiting => RunState::Waiting,
            Self::Decided => RunState::Decided,
            Self::Stopped => RunState::Stopped,
            Self::Interrupted => RunState::Interrupted,
            Self::Imported => RunState::Imported,
            _ => RunState::Ended,
        }
    }
}

/// A run with everything that is known of it without reading all of it.
pub(crate) fn as_json(store: &dyn Store, run: &RunSummary) -> Value {
    let (begun, ending, stands) = (&run.begun, run.ending.as_ref(), Stands::of(store, run));
    json!({
        "run": begun.run.to_string(), "status": Status::of(run).name(),
        "started": begun.started.to_string(), "ended": run.ended.map(|at| at.to_string()),
        "blueprint": begun.blueprint, "version": version(store, run),
        "repository": begun.repository, "task": begun.task,
        "records": run.head.seq.0, "head": run.head.hash.to_string(),
        "epoch": run.epoch, "imported": run.imported,
        "holder": run.holder.map(|holder| json!({
            "process": holder.process, "since": holder.since.to_string(),
            "lives": holder.lives(),
        })),
        "checkpoint": run.checkpoint.map(|seq| seq.0), "node": stands.node,
        "branch": ending.and_then(|ending| ending.branch.clone()),
        "tree": ending.map_or(stands.tree, |ending| ending.tree.clone()),
        "reason": ending.map_or(stands.why, |ending| ending.reason.clone()),
        "totals": ending.map(|ending| ending.totals.clone()),
    })
}

/// A line for each run, and one above them.
pub(crate) fn table(store: &dyn Store, runs: &[RunSummary]) -> Vec<String> {
    if runs.is_empty() {
        return Vec::new();
    }
    let head = [
        "run",
        "started",
        "status",
        "took",
        "blueprint",
        "where it stands",
        "task",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(runs.iter().map(|run| row(store, run)));
    aligned(&rows)
}

fn row(store: &dyn Store, run: &RunSummary) -> [String; 7] {
    let begun = &run.begun;
    let minute = begun.started.to_string().replace('T', " ");
    let took = run.ended.map(|at| at.micros_since(begun.started));
    let stands = Stands::of(store, run);
    let what = match (&run.ending, &run.holder) {
        (Some(ending), _) => ending.branch.clone().or(ending.reason.clone()),
        (None, Some(holder)) => Some(format!("process {}", holder.process)),
        (None, None) => stands
            .why
            .or(stands.tree.map(|tree| format!("tree {}", short(&tree)))),
    };
    [
        begun.run.short(),
        minute.chars().take(16).collect(),
        match (Status::of(run), run.imported) {
            (Status::Imported, _) | (_, false) => Status::of(run).name().to_owned(),
            (status, true) => format!("{}, imported", status.name()),
        },
        took.map_or_else(String::new, |micros| {
            duration(Duration::from_micros(micros))
        }),
        cut(&format!("{} {}", begun.blueprint, version(store, run)), 40),
        cut(&what.unwrap_or_default(), 36),
        cut(&begun.task, 60),
    ]
}

/// The version that it is of now: a resume may have moved it to another one. A run that was
/// held once was not, and need not be read.
pub(crate) fn version(store: &dyn Store, run: &RunSummary) -> String {
    let resumed = run.epoch > 1 || run.imported;
    let moved = resumed.then(|| moved(store, run.begun.run).ok().flatten());
    let moved = moved.flatten().map(|moved| moved.version);
    moved.unwrap_or_else(|| run.begun.version.clone())
}

/// Escaped, and at most so many characters long.
fn cut(text: &str, most: usize) -> String {
    let escaped = one_line(&shown(text.lines().next().unwrap_or_default()));
    if escaped.chars().count() <= most {
        return escaped;
    }
    escaped.chars().take(most - 1).chain(['…']).collect()
}

/// Each column as wide as its widest cell.
fn aligned<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "bcd"], ["…é", ""], ["long", "x"]].map(|row| row.map(str::to_owned));
        assert_eq!(aligned(&rows), ["a     bcd", "…é", "long  x"]);
    }

    #[test]
    fn every_status_is_typed_as_it_is_shown() {
        for status in Status::value_variants() {
            let typed = status.to_possible_value().unwrap();
            assert_eq!(typed.get_name(), status.name());
            assert_eq!(
                status.outcome().is_some(),
                status.state() == RunState::Ended
            );
        }
    }

    #[test]
    fn a_cell_is_one_line_that_speaks_to_no_terminal() {
        assert_eq!(cut("a\u{1b}[2J\nb", 60), "a\\u{1b}[2J");
        assert_eq!(cut("abcdef", 4), "abc…");
    }
}
