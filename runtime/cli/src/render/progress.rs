//! The lines of a run while it goes: one a visit, to stderr.

use super::{count, duration, plural, short, talk};
use minion_grants::{NodeKind, shown};
use minion_host::{Detail, Event, Judgement, Observer, Start, Visited};
use std::path::{Path, PathBuf};

/// Findings of a failed gate that are shown.
const SHOWN_FINDINGS: usize = 3;

/// Writes to stderr; `quiet` writes nothing.
pub(crate) struct Progress {
    quiet: bool,
    /// The repository, where the command named a folder inside it.
    whole: Option<PathBuf>,
}

impl Progress {
    pub(crate) fn new(quiet: bool, whole: Option<PathBuf>) -> Self {
        Self { quiet, whole }
    }
}

impl Observer for Progress {
    fn hear(&self, event: &Event<'_>) {
        if self.quiet {
            return;
        }
        match event {
            Event::Started(start) => started(start, self.whole.as_deref()),
            Event::Entered { .. } => {}
            Event::Left(visited) => left(visited),
        }
    }
}

fn started(start: &Start, whole: Option<&Path>) {
    let whole = whole.map(|top| shown(&top.display().to_string()));
    let of = whole
        .as_ref()
        .map_or_else(String::new, |top| format!(" of {top}"));
    talk(&format!(
        "run {}  {}  on {}{of}  sandbox {}",
        start.run, start.blueprint, start.base, start.sandbox
    ));
    if let Some(from) = &start.resumed {
        talk(&format!("resumed  {}", shown(from)));
    }
    if let Some(from) = &start.forked {
        talk(&format!("forked  from run {}", shown(from)));
    }
    if let Some(model) = &start.model {
        talk(&format!("agent  {}", shown(model)));
    }
    if let Some(top) = &whole {
        talk(&format!(
            "note   --repo is a folder inside {top}: the run is on all of it"
        ));
    }
    if start.dirty {
        talk("note   uncommitted changes in the working tree are not part of the run");
    }
    talk("");
}

fn left(visited: &Visited) {
    let round = match visited.rounds {
        Some(most) if visited.round > 1 => format!("   round {} of {most}", visited.round),
        _ => String::new(),
    };
    let took = duration(visited.took);
    let what = what(visited);
    talk(&format!(
        "  {} {:<11} {what:<62} {took:>9}{round}",
        mark(visited.kind),
        visited.node
    ));
    if let Detail::Gate(judgement) = &visited.detail {
        findings(judgement);
    }
}

/// The shape that stands for a kind of node.
pub(crate) fn mark(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Deterministic => "▭",
        NodeKind::Agentic => "☁",
        NodeKind::Gate => "◇",
        NodeKind::Approval => "☐",
    }
}

fn what(visited: &Visited) -> String {
    match &visited.detail {
        Detail::Step => visited.label.clone(),
        Detail::Decided(decision) => {
            let word = if decision.approved {
                "approved"
            } else {
                "rejected"
            };
            let comment = decision
                .comment
                .as_deref()
                .map_or_else(String::new, |said| format!(": {}", one_line(said)));
            format!("{word} by {}{comment}", one_line(&decision.by))
        }
        Detail::Agent(spent) => format!(
            "{}, {}, {} tokens",
            plural(spent.turns.into(), "turn"),
            plural(spent.tool_calls.into(), "tool call"),
            count(spent.input_tokens + spent.output_tokens),
        ),
        Detail::Plugin(summary) => one_line(summary),
        Detail::Gate(judgement) => format!(
            "{:<5} {}  tree {}  {}",
            verdict(&visited.label),
            judgement.plugin,
            short(&judgement.tree),
            one_line(&judgement.summary)
        ),
    }
}

fn verdict(label: &str) -> String {
    if label == "pass" {
        label.to_owned()
    } else {
        label.to_uppercase()
    }
}

fn findings(judgement: &Judgement) {
    for finding in judgement.findings.iter().take(SHOWN_FINDINGS) {
        let place = match (&finding.file, finding.line) {
            (Some(file), Some(line)) => format!("{}:{line}  ", shown(file)),
            (Some(file), None) => format!("{}  ", shown(file)),
            _ => String::new(),
        };
        let rule = finding
            .rule
            .as_deref()
            .map_or_else(String::new, |rule| format!("{}  ", shown(rule)));
        talk(&format!(
            "                {place}{rule}{}",
            one_line(&finding.message)
        ));
    }
    let more = judgement.findings.len().saturating_sub(SHOWN_FINDINGS);
    if more > 0 {
        talk(&format!("                and {more} more"));
    }
}

/// Escaped, on one line, not longer than a screen is wide.
pub(crate) fn one_line(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    let escaped = shown(first);
    if escaped.chars().count() <= 100 {
        return escaped;
    }
    escaped.chars().take(99).chain(['…']).collect()
}
