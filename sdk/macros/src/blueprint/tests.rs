//! What is refused while compiling, and with which words.

use super::{Declared, check};

const WHOLE: &str = r#"
    state: Work, start: a,
    deterministic a { needs: [source, "hand-over"], done => b }
    agentic b {
        prompts: ["b.md"], tools: ["read"], max_turns: 1, max_tokens: 2, max_seconds: 3,
        max_visits: 2, then: escalated,
        done => c,
    }
    gate c = "std:lint" { pass => delivered, fail => b }
"#;

/// All problems, in order.
fn problems(text: &str) -> Vec<String> {
    let checked = syn::parse_str::<Declared>(text).and_then(|declared| check(&declared));
    checked
        .err()
        .into_iter()
        .flatten()
        .map(|error| error.to_string())
        .collect()
}

fn changed(from: &str, to: &str) -> Vec<String> {
    assert!(WHOLE.contains(from), "{from}");
    problems(&WHOLE.replacen(from, to, 1))
}

#[test]
fn a_whole_graph_is_taken() {
    assert_eq!(problems(WHOLE), Vec::<String>::new());
}

#[test]
fn an_edge_to_nowhere_is_refused() {
    assert_eq!(
        changed("done => c", "done => d"),
        ["neither a node nor `delivered`, `failed` or `escalated`: `d`"]
    );
}

#[test]
fn every_problem_comes_out_at_once() {
    let found = changed("start: a", "start: z, gate g { pass => y }");
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn a_node_is_named_once_and_not_as_an_end() {
    assert_eq!(
        changed("gate c", "gate b")[0],
        "two nodes have this name: `b`"
    );
    assert_eq!(
        changed("gate c", "gate failed")[0],
        "this is the name of an end: `failed`"
    );
}

#[test]
fn an_agentic_node_states_its_limits() {
    assert_eq!(
        changed("max_turns: 1, ", ""),
        ["`max_turns` is missing in: `b`"]
    );
}

#[test]
fn only_an_agentic_node_has_tools() {
    assert_eq!(
        changed("{ needs", "{ tools: [\"read\"], needs"),
        ["only an agentic node has prompts, tools, output and limits: `a`"]
    );
}

#[test]
fn a_gate_is_a_plugin_and_ends_as_one() {
    assert_eq!(changed(" = \"std:lint\"", "").len(), 1);
    assert_eq!(
        changed("pass => delivered", "green => delivered"),
        ["a plugin ends with `pass`, `fail` or `error`, not: `green`"]
    );
}

#[test]
fn a_bound_on_visits_says_where_to_go_then() {
    assert_eq!(
        changed("then: escalated,", ""),
        ["`max_visits` and `then` go together: `b`"]
    );
}

#[test]
fn a_step_has_the_name_of_a_function() {
    let text = WHOLE
        .replace("start: a", "start: \"a-b\"")
        .replace("deterministic a", "deterministic \"a-b\"");
    assert_eq!(
        problems(&text),
        ["a step is a function and needs a name fit for one: `a-b`"]
    );
}

#[test]
fn an_unknown_key_is_named_with_those_that_are_known() {
    assert!(changed("needs:", "wants:")[0].starts_with("expected `needs`"));
}
