//! How a run ended: the outcome first, then what it rests on, then what to do next.

use super::progress::one_line;
use super::standing::{self, look_at};
use super::{count, money, plural, say, short};
use minion_grants::{Evidence, shown};
use minion_host::{Beside, Branch, Finished, Outcome, Warnings, origin};
use minion_journal::RunState;

/// Paths beside the tree that are shown, of each kind.
const SHOWN_BESIDE: usize = 5;
/// Lines of guests that are shown.
const SHOWN_WARNINGS: usize = 10;
/// Refusals that are shown.
const SHOWN_DENIALS: usize = 5;
/// Characters of a reason that are shown.
const MOST_OF_A_REASON: usize = 600;

/// Writes the summary to stdout.
pub(crate) fn summary(finished: &Finished) {
    say("");
    match &finished.outcome {
        Outcome::Delivered {
            branch: Some(branch),
        } => delivered(finished, branch),
        Outcome::Delivered { branch: None } => {
            say("done  nothing had to be changed; no branch was made");
        }
        Outcome::Failed { reason } => say(&format!("failed  {}", whole(reason))),
        Outcome::Escalated { reasons, kept } => escalated(finished, reasons, kept.as_ref()),
        Outcome::Limited { reason } => say(&format!("limited  {}", whole(reason))),
        Outcome::Waiting { node } => {
            say(&format!(
                "waiting  for a human at {node}; no process is kept"
            ));
        }
        Outcome::Stopped { reason } => say(&format!("stopped  {}", whole(reason))),
    }
    evidence(finished);
    if matches!(finished.outcome, Outcome::Delivered { .. }) {
        beside(&finished.beside);
    }
    warned(&finished.warnings);
    denied(finished);
    cost(finished);
    let run = finished.run.short();
    line(
        "journal",
        &format!(
            "{run}  head {}   minion-rt runs show {run}",
            short(&finished.head.to_string())
        ),
    );
    next(finished);
}

fn delivered(finished: &Finished, branch: &Branch) {
    say(&format!(
        "delivered  branch {}, {}",
        branch.name,
        changed(finished)
    ));
}

fn escalated(finished: &Finished, reasons: &[String], kept: Option<&Branch>) {
    let kept = match kept {
        Some(branch) => format!(
            "; branch {} kept, {}, UNVERIFIED",
            branch.name,
            changed(finished)
        ),
        None => String::new(),
    };
    say(&format!("escalated  nothing was delivered{kept}"));
    for (index, reason) in reasons.iter().enumerate() {
        line(if index == 0 { "why" } else { "" }, &whole(reason));
    }
    if let Some(words) = &finished.last_words {
        line(
            "agent",
            &format!("said \"{}\"; that is not evidence", one_line(words)),
        );
    }
}

fn changed(finished: &Finished) -> String {
    let lines = finished.changes.iter().filter_map(|change| change.lines);
    let (added, removed) = lines.fold((0_u64, 0_u64), |sum, lines| {
        (
            sum.0 + u64::from(lines.added),
            sum.1 + u64::from(lines.removed),
        )
    });
    format!(
        "{} changed, +{added} −{removed}",
        plural(finished.changes.len() as u64, "file")
    )
}

fn evidence(finished: &Finished) {
    let tree = finished.tree.to_string();
    let (now, before): (Vec<_>, Vec<_>) = finished.evidence.iter().partition(|e| e.tree == tree);
    let mut lines = now.iter().map(|now| judged(now)).collect::<Vec<_>>();
    lines.splice(0..0, unrequired(finished, now.len()));
    for (index, text) in lines.iter().enumerate() {
        line(if index == 0 { "evidence" } else { "" }, text);
    }
    if !before.is_empty() {
        line(
            "",
            &format!(
                "{} of earlier trees, in the journal",
                plural(before.len() as u64, "judgement")
            ),
        );
    }
}

/// A delivery that no gate had to carry says so first, whatever gates say of it.
fn unrequired(finished: &Finished, judged: usize) -> Option<String> {
    let delivered = matches!(finished.outcome, Outcome::Delivered { branch: Some(_) });
    let none = delivered && finished.required.is_empty();
    none.then(|| match judged {
        0 => "none: no gate was required, and none has judged this tree".to_owned(),
        _ => "no gate was required".to_owned(),
    })
}

fn judged(evidence: &Evidence) -> String {
    let tests = evidence.counts.as_ref().map_or_else(String::new, |counts| {
        let base = counts
            .base_total
            .map_or_else(String::new, |total| format!(" ({total} at base)"));
        format!(
            ", {} of {} tests passed{base}",
            counts.passed,
            counts.passed + counts.failed
        )
    });
    format!(
        "{} {} on tree {}{tests}, {} plugin {}, sandbox {}",
        evidence.gate,
        evidence.verdict,
        short(&evidence.tree),
        origin(evidence.origin),
        short(&evidence.plugin.to_string()),
        evidence.sandbox,
    )
}

/// What was delivered is not all that was made. An escalation says so among its reasons.
fn beside(beside: &Beside) {
    for (what, paths) in [
        ("ignored, in no tree:", &beside.ignored),
        ("no tree takes it:", &beside.refused),
    ] {
        for (index, path) in paths.iter().take(SHOWN_BESIDE).enumerate() {
            let head = if index == 0 { "left out" } else { "" };
            line(head, &format!("{what} {}", shown(path)));
        }
        let more = paths.len().saturating_sub(SHOWN_BESIDE);
        if more > 0 {
            line("", &format!("and {more} more"));
        }
    }
}

fn warned(warnings: &Warnings) {
    for (index, warned) in warnings.lines.iter().take(SHOWN_WARNINGS).enumerate() {
        let text = format!("{}: {}", warned.node, one_line(&warned.message));
        let text = match warned.level {
            "error" => format!("{text} (error)"),
            _ => text,
        };
        line(if index == 0 { "warned" } else { "" }, &text);
    }
    let shown = SHOWN_WARNINGS.min(warnings.lines.len());
    let more = warnings.more + (warnings.lines.len() - shown) as u64;
    if more > 0 {
        line("", &format!("and {more} more, in the journal"));
    }
}

fn denied(finished: &Finished) {
    let all = finished.spent.denied;
    if all == 0 {
        return;
    }
    for (index, denied) in finished.denied.iter().take(SHOWN_DENIALS).enumerate() {
        let text = format!(
            "{} wanted {} {} (rule: {})",
            denied.node,
            denied.call,
            one_line(&denied.denial.target),
            denied.denial.rule
        );
        line(if index == 0 { "denied" } else { "" }, &text);
    }
    let more = all.saturating_sub(SHOWN_DENIALS.min(finished.denied.len()) as u64);
    if more > 0 {
        line("", &format!("and {more} more, in the journal"));
    }
}

fn cost(finished: &Finished) {
    let spent = &finished.spent;
    if spent.turns == 0 {
        return;
    }
    let price = finished
        .cost_microdollars
        .map_or_else(|| "price unknown".to_owned(), money);
    line(
        "cost",
        &format!(
            "{}, {} in, {} out, {}, {price}",
            plural(spent.turns, "turn"),
            count(spent.input_tokens),
            count(spent.output_tokens),
            plural(spent.tool_calls, "tool call"),
        ),
    );
}

fn next(finished: &Finished) {
    let run = finished.run.short();
    if let (Outcome::Escalated { .. }, Some(visit)) = (&finished.outcome, &finished.before_agent) {
        let again = format!("minion-rt exec --fork {run}@{visit} --task \"…\"");
        line(
            "go on",
            &format!("{again}, to ask the agent again from there"),
        );
    }
    let from = finished.base.split('@').next_back().unwrap_or_default();
    match &finished.outcome {
        Outcome::Delivered {
            branch: Some(branch),
        }
        | Outcome::Escalated {
            kept: Some(branch), ..
        } => {
            let folder = shown(&branch.repository.display().to_string());
            line(
                "next",
                &format!("git -C {folder} diff {from}...{}", branch.name),
            );
        }
        Outcome::Waiting { .. } => {
            line("look at", &look_at(&run, &finished.tree.to_string()));
            line("next", &standing::next(&run, RunState::Waiting));
        }
        Outcome::Stopped { .. } => line("next", &standing::next(&run, RunState::Stopped)),
        _ => {}
    }
}

/// A reason with its cure at the end: escaped, on one line, cut only where no reason of ours
/// is that long.
fn whole(reason: &str) -> String {
    let words: Vec<_> = reason.split_whitespace().map(shown).collect();
    let text = words.join(" ");
    match text.char_indices().nth(MOST_OF_A_REASON) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn line(name: &str, text: &str) {
    say(&format!("  {name:<10} {text}"));
}
