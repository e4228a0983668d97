//! Standard blueprint: an agent mends a bug, the project's own linters and
//! tests judge the result, and a second round gets what they found.

use minion_sdk::prelude::*;

/// What goes from visit to visit.
#[state]
pub struct Work {
    /// What stands at the top of the project.
    overview: Vec<String>,
    /// What the agent said at the end of each round.
    rounds: Vec<String>,
}

blueprint! {
    state: Work,
    start: gather,

    deterministic gather { needs: [source], done => implement }
    agentic implement {
        needs: [source, change, model],
        prompts: ["implement.md"],
        tools: ["read", "list", "search", "edit", "write"],
        max_turns: 40, max_tokens: 400_000, max_seconds: 1_800,
        max_visits: 2, then: escalated,
        done => autofix,
    }
    deterministic autofix = "std:autofix" { pass => lint, fail => lint, error => lint }
    gate lint = "std:lint" { pass => test, fail => implement, error => escalated }
    gate test = "std:test" { pass => delivered, fail => implement, error => escalated }
}

fn gather(mut work: Work, cx: &Context) -> Step<Work> {
    let entries = cx.workspace().list("")?;
    work.overview = entries.into_iter().map(|entry| entry.name).collect();
    cx.log(format!("{} entries at the top", work.overview.len()));
    Ok(work.then("done"))
}

fn implement(mut work: Work, cx: &Context) -> Step<Work> {
    let mut agent = cx
        .agent("implement.md")
        .task(cx.task())
        .findings(cx.findings())
        .context("At the top of the project", work.overview.join("\n"));
    if let Some(before) = work.rounds.last() {
        agent = agent.context("What you said after the round before", before);
    }
    let report = agent.run()?;
    cx.log(&report.summary);
    work.rounds.push(report.summary);
    Ok(work.then("done"))
}

#[cfg(test)]
mod tests;
