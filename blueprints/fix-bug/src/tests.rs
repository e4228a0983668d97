//! The whole graph, walked natively: the steps are the real ones, what the
//! gates say is given.

use super::{Blueprint, Work};
use minion_sdk::testing::{Host, Installed, Visit, Walk, Walked, step};
use minion_sdk::{Failure, Finding, Report};

const GREEN: [(&str, &str); 5] = [
    ("gather", "done"),
    ("implement", "done"),
    ("autofix", "pass"),
    ("lint", "pass"),
    ("test", "pass"),
];

fn said(summary: &str) -> Report {
    Report {
        summary: summary.to_owned(),
        output: None,
        turns: 3,
        tool_calls: 4,
        input_tokens: 1_000,
        output_tokens: 100,
    }
}

fn host() -> Installed {
    let agent = |_: &_| Ok(said("the loop ended one line early"));
    Host::new()
        .file("Cargo.toml", "")
        .file("src/lib.rs", "")
        .agent(agent)
        .install()
}

fn walk(verdicts: &[(&str, &str)]) -> Result<Walked, Failure> {
    let says = |walk: Walk, (node, label): &(&str, &str)| {
        let findings = match *label {
            "fail" => vec![Finding::error(format!("{node} found this"))],
            _ => Vec::new(),
        };
        walk.says(node, label, findings)
    };
    let start = Walk::to("the parser drops the last line");
    verdicts.iter().fold(start, says).run::<Blueprint>()
}

#[test]
fn green_gates_lead_to_delivery() {
    let _host = host();
    let walked = walk(&[("autofix", "pass"), ("lint", "pass"), ("test", "pass")]).unwrap();
    let visits: Vec<_> = walked
        .visits
        .iter()
        .map(|(n, l)| (n.as_str(), l.as_str()))
        .collect();
    assert_eq!(visits, GREEN);
    assert_eq!(walked.end, "delivered");
}

#[test]
fn a_red_test_gives_the_agent_its_finding_and_one_more_round() {
    let host = host();
    let first = [("autofix", "pass"), ("lint", "pass"), ("test", "fail")];
    let second = [("autofix", "pass"), ("lint", "pass"), ("test", "pass")];
    assert_eq!(walk(&[first, second].concat()).unwrap().end, "delivered");
    let tasks = host.tasks();
    assert_eq!(tasks.len(), 2);
    assert!(tasks[0].findings.is_empty());
    assert_eq!(tasks[1].findings[0].message, "test found this");
    assert!(
        tasks[1]
            .context
            .iter()
            .any(|(_, text)| text == "the loop ended one line early")
    );
}

#[test]
fn after_two_red_rounds_a_human_takes_over() {
    let host = host();
    let round = [("autofix", "pass"), ("lint", "pass"), ("test", "fail")];
    let walked = walk(&[round, round].concat()).unwrap();
    assert_eq!(walked.end, "escalated");
    assert_eq!(host.tasks().len(), 2);
}

#[test]
fn a_gate_that_cannot_judge_escalates() {
    let _host = host();
    assert_eq!(
        walk(&[("autofix", "pass"), ("lint", "error")]).unwrap().end,
        "escalated"
    );
    let verdicts = [("autofix", "error"), ("lint", "pass"), ("test", "error")];
    assert_eq!(walk(&verdicts).unwrap().end, "escalated");
}

#[test]
fn the_agent_hears_the_task_and_what_is_at_the_top() {
    let host = host();
    let visit = Visit::to("the parser drops the last line");
    let gathered = step::<Blueprint>("gather", Work::default(), &visit).unwrap();
    step::<Blueprint>("implement", gathered.state, &visit).unwrap();
    let task = &host.tasks()[0];
    assert_eq!(task.prompt, "implement.md");
    assert_eq!(task.task, "the parser drops the last line");
    assert_eq!(task.context[0].1, "Cargo.toml\nsrc");
}

#[test]
fn a_failing_agent_fails_the_step() {
    let _host = Host::new()
        .agent(|_| Err(Failure::Unavailable("no model".to_owned())))
        .install();
    let visit = Visit::to("anything");
    assert!(step::<Blueprint>("implement", Work::default(), &visit).is_err());
}
