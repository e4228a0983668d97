//! What is wrong with a declared graph, each problem at its own word. All of
//! them come out at once.

use super::{Declared, Kind, Node, Word};
use std::collections::BTreeSet;
use syn::{Error, Result};

/// Where a run may end.
const ENDS: [&str; 3] = ["delivered", "failed", "escalated"];
/// What a plugin may answer.
const VERDICTS: [&str; 3] = ["pass", "fail", "error"];

/// Every problem that can be seen without the manifest.
pub(crate) fn check(declared: &Declared) -> Result<()> {
    let mut problems = Vec::new();
    let ids = ids(declared, &mut problems);
    if !ids.contains(declared.start.text.as_str()) {
        problems.push(at(&declared.start, "no such node"));
    }
    for node in &declared.nodes {
        edges(node, &ids, &mut problems);
        executor(node, &mut problems);
        agent(node, &mut problems);
    }
    problems.into_iter().reduce(joined).map_or(Ok(()), Err)
}

fn at(word: &Word, problem: &str) -> Error {
    Error::new(word.span, format!("{problem}: `{}`", word.text))
}

fn joined(mut all: Error, one: Error) -> Error {
    all.combine(one);
    all
}

fn ids<'a>(declared: &'a Declared, problems: &mut Vec<Error>) -> BTreeSet<&'a str> {
    let mut ids = BTreeSet::new();
    for node in &declared.nodes {
        if ENDS.contains(&node.id.text.as_str()) {
            problems.push(at(&node.id, "this is the name of an end"));
        }
        if !ids.insert(node.id.text.as_str()) {
            problems.push(at(&node.id, "two nodes have this name"));
        }
    }
    ids
}

fn edges(node: &Node, ids: &BTreeSet<&str>, problems: &mut Vec<Error>) {
    let targets = node.entries.edges.iter().map(|(_, to)| to);
    for to in targets.chain(&node.entries.then) {
        if !ids.contains(to.text.as_str()) && !ENDS.contains(&to.text.as_str()) {
            problems.push(at(
                to,
                "neither a node nor `delivered`, `failed` or `escalated`",
            ));
        }
    }
    let mut labels = BTreeSet::new();
    for (label, _) in &node.entries.edges {
        if !labels.insert(&label.text) {
            problems.push(at(label, "two edges have this label"));
        }
        if node.plugin.is_some() && !VERDICTS.contains(&label.text.as_str()) {
            problems.push(at(
                label,
                "a plugin ends with `pass`, `fail` or `error`, not",
            ));
        }
    }
    if node.entries.max_visits.is_some() != node.entries.then.is_some() {
        problems.push(at(&node.id, "`max_visits` and `then` go together"));
    }
}

fn executor(node: &Node, problems: &mut Vec<Error>) {
    match (node.kind, &node.plugin) {
        (Kind::Gate, None) => {
            problems.push(at(
                &node.id,
                "a gate is a plugin: write `gate name = \"std:…\"`, not",
            ));
        }
        (Kind::Agentic, Some(_)) => problems.push(at(&node.id, "an agentic node is a step")),
        (Kind::Approval, Some(_)) => problems.push(at(&node.id, "an approval is a human's")),
        (Kind::Deterministic | Kind::Agentic, None) if !is_identifier(&node.id.text) => {
            problems.push(at(
                &node.id,
                "a step is a function and needs a name fit for one",
            ));
        }
        _ => {}
    }
}

fn is_identifier(text: &str) -> bool {
    syn::parse_str::<syn::Ident>(text).is_ok()
}

fn agent(node: &Node, problems: &mut Vec<Error>) {
    let entries = &node.entries;
    let limits = [
        (entries.prompts.is_empty(), "prompts"),
        (entries.max_turns.is_none(), "max_turns"),
        (entries.max_tokens.is_none(), "max_tokens"),
        (entries.max_seconds.is_none(), "max_seconds"),
    ];
    if node.kind == Kind::Agentic {
        for (_, name) in limits.iter().filter(|(missing, _)| *missing) {
            problems.push(at(&node.id, &format!("`{name}` is missing in")));
        }
        return;
    }
    let has_limits = limits.iter().any(|(missing, _)| !missing);
    if has_limits || !entries.tools.is_empty() || entries.output.is_some() {
        problems.push(at(
            &node.id,
            "only an agentic node has prompts, tools, output and limits",
        ));
    }
}
