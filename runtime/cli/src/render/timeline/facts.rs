//! Facts that are no calls: how a run began, what gates found, what people decided, how it
//! stood still and went on, how it ended.

use crate::render::{plural, short};
use minion_grants::{Evidence, shown};
use minion_host::visit_of;
use minion_journal::{Body, Decision, Ending, Moved, Payload, RunStarted, Seq, Store, load};

/// The lines of a fact.
pub(super) fn lines(store: &dyn Store, seq: Seq, body: &Body) -> Vec<String> {
    match body {
        Body::RunStarted(start) => started(store, start),
        Body::Evidence { evidence } => vec![judged(store, evidence)],
        Body::Resumed {
            runtime_version,
            void_after,
            in_doubt,
            moved,
            ..
        } => {
            let void = void_after.map_or(0, |after| seq.0.saturating_sub(after.next().0));
            resumed(runtime_version, void, in_doubt.is_some(), moved.as_deref())
        }
        Body::Waiting { node, tree, .. } => {
            vec![fact(
                "waiting",
                &format!("for a human at {}, on tree {}", shown(node), short(tree)),
            )]
        }
        Body::Decided(decision) => vec![decided(decision)],
        Body::Stopped { reason } => vec![fact("stopped", &said(reason))],
        Body::Ended(ending) => ended(ending),
        _ => Vec::new(),
    }
}

fn fact(word: &str, text: &str) -> String {
    format!("  {word:<10} {text}")
}

/// A text of ours that may hold a stranger's, on one line.
fn said(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().map(shown).collect();
    words.join(" ")
}

fn started(store: &dyn Store, start: &RunStarted) -> Vec<String> {
    let commit = start.base_commit.as_deref();
    let at = commit.map_or_else(String::new, |commit| format!(" at {}", short(commit)));
    let mut lines = vec![
        format!(
            "{} {}  {}",
            shown(&start.blueprint),
            shown(&start.version),
            short(&start.component)
        ),
        fact(
            "on",
            &format!(
                "{}{at}, tree {}",
                shown(&start.repository),
                short(&start.base_tree)
            ),
        ),
    ];
    if !start.task.is_empty() {
        lines.push(fact("task", &super::calls::line(&start.task)));
    }
    let model = start.model.as_deref();
    let model = model.map_or_else(String::new, |model| format!("{}, ", shown(model)));
    lines.push(fact(
        "with",
        &format!("{model}sandbox {}", shown(&start.sandbox)),
    ));
    if let Some(from) = &start.forked {
        let visit = visit_of(store, from.run, from.checkpoint);
        lines.push(fact("forked", &format!("from run {}", shown(&visit))));
    }
    lines
}

fn judged(store: &dyn Store, evidence: &Payload) -> String {
    let read = load(store, evidence).map_err(|error| error.to_string());
    let read = read.and_then(|value| {
        serde_json::from_value::<Evidence>(value).map_err(|error| error.to_string())
    });
    let evidence = match read {
        Ok(evidence) => evidence,
        Err(why) => return format!("    evidence  cannot be read: {}", shown(&why)),
    };
    let tests = evidence.counts.as_ref().map_or_else(String::new, |counts| {
        format!(
            ", {} of {} tests passed",
            counts.passed,
            counts.passed.saturating_add(counts.failed)
        )
    });
    format!(
        "    evidence  {} {} on tree {}{tests}, plugin {}, sandbox {}",
        shown(evidence.gate.as_ref()),
        evidence.verdict,
        short(&evidence.tree),
        short(&evidence.plugin.to_string()),
        evidence.sandbox,
    )
}

fn resumed(version: &str, void: u64, in_doubt: bool, moved: Option<&Moved>) -> Vec<String> {
    let mut text = format!("by minion-rt {}", shown(version));
    if void > 0 {
        let are = if void == 1 { "is" } else { "are" };
        let records = plural(void, "record");
        text = format!("{text}; {records} above {are} void, done again");
    }
    if in_doubt {
        text.push_str("; the last call on the world was in doubt");
    }
    let mut lines = vec![fact("resumed", &text)];
    if let Some(moved) = moved {
        let to = format!("to {} {}", shown(&moved.version), short(&moved.component));
        lines.push(fact("moved", &to));
    }
    lines
}

fn decided(decision: &Decision) -> String {
    let word = if decision.approved {
        "approved"
    } else {
        "rejected"
    };
    let comment = decision.comment.as_deref();
    let comment = comment.map_or_else(String::new, |said| {
        format!(": {}", super::calls::line(said))
    });
    let accepts: Vec<_> = decision.accepts.iter().map(|path| shown(path)).collect();
    let accepts = match accepts.as_slice() {
        [] => String::new(),
        paths => format!("; accepts {}", paths.join(", ")),
    };
    let (node, by) = (shown(&decision.node), shown(&decision.by));
    let tree = short(&decision.tree);
    fact(
        word,
        &format!("at {node} by {by}, on tree {tree}{comment}{accepts}"),
    )
}

fn ended(ending: &Ending) -> Vec<String> {
    let branch = ending.branch.as_deref();
    let branch = branch.map_or_else(String::new, |branch| format!("branch {}, ", shown(branch)));
    let tree = ending.tree.as_deref();
    let tree = tree.map_or_else(String::new, |tree| format!("tree {}", short(tree)));
    let mut lines = vec![
        String::new(),
        format!("{:<10} {branch}{tree}", ending.outcome.name()),
    ];
    let reasons = ending.reason.as_deref().unwrap_or_default().lines();
    for (index, reason) in reasons.enumerate() {
        lines.push(fact(if index == 0 { "why" } else { "" }, &said(reason)));
    }
    let totals = ending.totals.iter().filter(|(_, number)| **number > 0);
    let totals: Vec<_> = totals
        .map(|(name, number)| format!("{} {number}", shown(name)))
        .collect();
    if !totals.is_empty() {
        lines.push(fact("totals", &totals.join(", ")));
    }
    lines
}
