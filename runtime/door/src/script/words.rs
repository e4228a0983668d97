//! Records in the words of whoever wrote the blueprint: what a divergence shows of the two
//! sides.

use super::brief;
use minion_journal::{Body, Decision, Ending, Payload};

/// What a record is called where it is no call.
pub(super) fn word(body: &Body) -> &'static str {
    match body {
        Body::VisitStarted { .. } => "visit",
        Body::Log { .. } => "log",
        Body::Evidence { .. } => "evidence",
        Body::Checkpoint { .. } => "checkpoint",
        Body::Waiting { .. } => "waiting",
        Body::Decided(_) => "decision",
        _ => "record",
    }
}

/// What a record tells, bounded; `content` reads what may lie in a blob.
pub(super) fn words(body: &Body, content: &dyn Fn(&Payload) -> String) -> String {
    brief(&match body {
        Body::Call { call, request, .. } | Body::Intent { call, request, .. } => {
            format!("{call} {}", content(request))
        }
        Body::Denied { call, target, .. } => format!("{call} refused for {target}"),
        Body::Result { .. } => "the result of the call around it".to_owned(),
        Body::Checkpoint { label, .. } => format!("the visit left with `{label}`"),
        Body::VisitStarted { node, visit, tree } => {
            format!("visit {visit} of `{node}` began on tree {tree}")
        }
        Body::Log { level, message } => format!("{} \"{message}\"", level.name()),
        Body::Evidence { evidence } => content(evidence),
        Body::Waiting { node, tree, .. } => {
            format!("the run waited for a human at `{node}` with tree {tree}")
        }
        Body::Decided(decision) => decided(decision),
        Body::Stopped { reason } => format!("the run was stopped: {reason}"),
        Body::Resumed { .. } => "the run was resumed".to_owned(),
        Body::RunStarted(started) => format!("the run of {} began", started.blueprint),
        Body::Ended(ending) => ended(ending),
    })
}

fn decided(decision: &Decision) -> String {
    let word = if decision.approved { "yes" } else { "no" };
    let Decision { by, node, tree, .. } = decision;
    format!("{by} said {word} at `{node}` about tree {tree}")
}

fn ended(ending: &Ending) -> String {
    let why = ending.reason.as_deref();
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    format!("the run ended, {}{why}", ending.outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use minion_journal::{Level, Outcome};
    use serde_json::json;

    fn told(body: &Body) -> String {
        words(body, &|payload| match payload {
            Payload::Inline(value) => value.to_string(),
            Payload::Blob { digest, .. } => digest.to_string(),
        })
    }

    #[test]
    fn no_record_is_told_as_the_program_keeps_it() {
        let decision = Decision {
            node: "person".to_owned(),
            approved: false,
            by: "ada\u{1b}".to_owned(),
            comment: None,
            tree: "abc".to_owned(),
            accepts: Vec::new(),
        };
        let ending = Ending {
            outcome: Outcome::Failed,
            reason: Some("a loop".to_owned()),
            branch: None,
            tree: None,
            totals: std::collections::BTreeMap::new(),
        };
        let (node, tree) = ("person".to_owned(), "abc".to_owned());
        let evidence = Payload::Inline(json!({ "gate": "std:test" }));
        let cases = [
            (
                Body::Decided(decision),
                "ada\\u{1b} said no at `person` about tree abc",
            ),
            (
                Body::Waiting {
                    node: node.clone(),
                    visit: 1,
                    tree: tree.clone(),
                },
                "the run waited for a human at `person` with tree abc",
            ),
            (
                Body::VisitStarted {
                    node,
                    visit: 2,
                    tree,
                },
                "visit 2 of `person` began on tree abc",
            ),
            (
                Body::Log {
                    level: Level::Warn,
                    message: "hot".to_owned(),
                },
                "warn \"hot\"",
            ),
            (Body::Evidence { evidence }, "{\"gate\":\"std:test\"}"),
            (
                Body::Stopped {
                    reason: "by dana".to_owned(),
                },
                "the run was stopped: by dana",
            ),
            (Body::Ended(ending), "the run ended, failed: a loop"),
        ];
        for (body, words) in cases {
            assert_eq!(told(&body), words);
        }
    }
}
