//! A run with a call of every kind: turns of a model that write files, a command that adds to
//! one, a plugin called by a step, one that is a node, a gate that says no once, a delivery.
//!
//! Nothing in it can be done twice unnoticed: the model is told what it wrote before, and the
//! command appends.

use minion_sdk::prelude::*;

/// What goes from visit to visit.
#[state]
pub struct Notes {
    rounds: Vec<String>,
    heard: Vec<String>,
}

blueprint! {
    state: Notes,
    start: write,

    agentic write {
        needs: [source, change, model],
        prompts: ["write.md"], tools: ["read", "write"],
        max_turns: 5, max_tokens: 50_000, max_seconds: 60,
        max_visits: 3, then: escalated,
        done => count,
    }
    deterministic count { needs: [source, change, tools], done => look }
    deterministic look = "acme/checker" { pass => check, fail => check, error => failed }
    gate check = "acme/checker" { pass => delivered, fail => write, error => failed }
}

fn write(mut notes: Notes, cx: &Context) -> Step<Notes> {
    let round = format!("round {}", cx.visit());
    let report = cx.agent("write.md").task(cx.task()).context("Round", &round).run()?;
    cx.log(&report.summary);
    notes.rounds.push(report.summary);
    Ok(notes.then("done"))
}

fn count(mut notes: Notes, cx: &Context) -> Step<Notes> {
    let add = "cat answer.txt >> all.txt; wc -l < all.txt; echo counted >> log.txt";
    let done = cx.command("sh").args(["-c", add]).run()?;
    notes.heard.push(done.stdout_text().trim().to_owned());
    let said = cx.plugin("acme/checker").run()?;
    notes.heard.push(said.summary);
    cx.workspace().write(&format!("count-{}.txt", cx.visit()), &notes.heard.join("\n"))?;
    Ok(notes.then("done"))
}
