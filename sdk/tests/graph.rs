//! What `blueprint!` makes of each kind of node.

use minion_sdk::Completed;
use minion_sdk::graph::NodeKind::{Agentic, Approval, Deterministic, Gate};
use minion_sdk::graph::{Edge, Executor};
use minion_sdk::prelude::*;
use minion_sdk::testing::{Host, Visit, Walk, step};

#[state]
struct Work {
    kind: Kind,
    answer: Option<Answer>,
}

#[state]
enum Kind {
    #[default]
    Unknown,
    Known,
}

#[state]
struct Answer {
    files: Vec<String>,
}

blueprint! {
    state: Work,
    start: look,

    deterministic look { needs: [source, "run-tests"], known => ask, lost => failed }
    agentic ask {
        needs: [model],
        prompts: ["ask.md", "more.md"], tools: ["read"],
        output: Answer,
        max_turns: 5, max_tokens: 1_000, max_seconds: 60,
        max_visits: 2, then: escalated,
        done => judge,
    }
    gate judge = "acme/judge"({ "strict": true, "packages": ["a"] }) {
        pass => person,
        fail => ask,
    }
    approval person { approved => delivered, rejected => failed }
}

fn look(mut work: Work, cx: &Context) -> Step<Work> {
    let tests: Completed = cx.command("cargo").arg("test").run()?;
    work.kind = if tests.succeeded() {
        Kind::Known
    } else {
        Kind::Unknown
    };
    Ok(work.then(if tests.succeeded() { "known" } else { "typo" }))
}

fn ask(mut work: Work, cx: &Context) -> Step<Work> {
    work.answer = Some(cx.agent("ask.md").run()?.parse()?);
    Ok(work.then("done"))
}

fn edges(node: usize) -> Vec<(String, String)> {
    let edges = Blueprint::graph().nodes.swap_remove(node).edges;
    edges
        .into_iter()
        .map(|Edge { label, to }| (label, to))
        .collect()
}

#[test]
fn each_kind_of_node_is_declared_as_written() {
    let graph = Blueprint::graph();
    assert_eq!(graph.start, "look");
    let kinds: Vec<_> = graph.nodes.iter().map(|node| node.kind).collect();
    assert_eq!(kinds, [Deterministic, Agentic, Gate, Approval]);
    assert_eq!(graph.nodes[0].needs, ["source", "run-tests"]);
    assert!(matches!(graph.nodes[3].executor, Executor::Human));
}

#[test]
fn the_limits_of_an_agentic_node_stand_in_the_graph() {
    let graph = Blueprint::graph();
    let agent = graph.nodes[1].agent.as_ref().unwrap();
    assert_eq!(agent.prompts, ["ask.md", "more.md"]);
    assert_eq!(
        (agent.max_turns, agent.max_tokens, agent.max_seconds),
        (5, 1_000, 60)
    );
    assert!(agent.output_schema.as_ref().unwrap().contains("files"));
    let bound = graph.nodes[1].max_visits.as_ref().unwrap();
    assert_eq!((bound.visits, bound.then.as_str()), (2, "escalated"));
}

#[test]
fn a_gates_parameters_are_json() {
    let graph = Blueprint::graph();
    let Executor::Plugin(plugin) = &graph.nodes[2].executor else {
        panic!("no plugin")
    };
    assert_eq!(plugin.name, "acme/judge");
    assert_eq!(plugin.parameters, r#"{"packages":["a"],"strict":true}"#);
}

#[test]
fn a_gate_that_says_nothing_of_errors_escalates_them() {
    let last = ("error".to_owned(), "escalated".to_owned());
    assert_eq!(edges(2).last(), Some(&last));
}

#[test]
fn a_label_that_is_no_edge_is_a_failure_of_the_test() {
    let _host = Host::new()
        .command("cargo test", minion_sdk::testing::exited(1, "", ""))
        .install();
    let failure = step::<Blueprint>("look", Work::default(), &Visit::to("x")).unwrap_err();
    assert_eq!(
        failure,
        Failure::Invalid("`look` has no edge `typo`".to_owned())
    );
}

#[test]
fn the_bound_on_visits_leads_elsewhere() {
    let report = |_: &_| {
        Ok(minion_sdk::Report {
            summary: String::new(),
            output: Some(r#"{"files":["a"]}"#.to_owned()),
            turns: 1,
            tool_calls: 0,
            input_tokens: 0,
            output_tokens: 0,
        })
    };
    let tests = minion_sdk::testing::exited(0, "", "");
    let _host = Host::new()
        .command("cargo test", tests)
        .agent(report)
        .install();
    let walk = Walk::to("x")
        .says("judge", "fail", vec![])
        .says("judge", "fail", vec![]);
    let walked = walk.run::<Blueprint>().unwrap();
    assert_eq!(walked.end, "escalated");
    assert_eq!(
        walked
            .visits
            .iter()
            .filter(|(node, _)| node == "ask")
            .count(),
        2
    );
}
