//! Gates: a plugin judges a tree, and only here does evidence come from.
//!
//! The tree is taken from the workspace and checked out afresh elsewhere; nothing of the
//! workspace reaches the plugin but what is in the tree. Whatever the plugin says, the host
//! wants a complete report of tests, at least one of them, and none of the base's missing.

use super::assemble::Run;
use super::ledger::{Ledger, missing};
use super::machine::{Visit, Visiting};
use super::space::clear;
use super::walk::MOST_FINDINGS;
use crate::event::{Detail, Judgement};
use crate::services::plugins::{self, By, Output, TestOutcome, TestReport, Verdict};
use crate::services::recorded;
use crate::view::{Keep, View};
use minion_agents::{Finding, Severity};
use minion_door::{Call, Caller, Halt, Opened};
use minion_grants::{Counts, Digest, Evidence, GateVerdict, Network, PluginUse, SandboxLevel};
use minion_journal::Body;
use minion_sandbox::Level;
use minion_workspace::TreeId;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One visit of a gate.
pub(super) async fn judge(run: &mut Run, caller: &Caller, using: &PluginUse) -> Visiting {
    run.look()?;
    let tree = run.tree;
    let Some(plugin) = run.services.plugins.get(using.name.as_str()) else {
        return Ok(Err(format!(
            "gate `{}` uses the plugin `{}`, which is not there",
            caller.node, using.name
        )));
    };
    let digest = plugin.digest;
    let base = match base_tests(run, caller, using, &digest).await? {
        Ok(base) => base,
        Err(why) => return Ok(Err(why)),
    };
    let caches = caches_of(&run.folder, &digest, &using.parameters);
    let view = match run.gate_view(tree, Keep::Discard, caches) {
        Ok(view) => view,
        Err(error) => return Ok(Err(format!("gate `{}`: {error}", caller.node))),
    };
    let output = ask(run, caller, using, &view, &recorded::GATE, tree).await?;
    let (output, gone) = settled(output, base.as_ref());
    let evidence = mint(run, using, &view, &output, base.as_ref(), tree)?;
    record(run, caller, &evidence)?;
    run.ledger.missing.insert(tree.to_string(), gone);
    run.ledger.evidence.push(evidence);
    let mut findings = run.at.findings.clone();
    findings.extend(output.findings.iter().cloned());
    findings.truncate(MOST_FINDINGS);
    Ok(Ok(Visit {
        label: output.verdict.label().to_owned(),
        state: run.at.state.clone(),
        findings,
        detail: Detail::Gate(Judgement {
            plugin: format!("{}@{}", using.name, digest.short()),
            verdict: output.verdict,
            tree: tree.to_string(),
            summary: output.summary,
            findings: output.findings,
        }),
    }))
}

/// Where the tools of a gate keep what they built for the base: a folder for each plugin
/// with its parameters.
pub(super) fn caches_of(run: &Path, plugin: &Digest, parameters: &Value) -> PathBuf {
    let key = Digest::of(format!("{plugin} {parameters}").as_bytes());
    run.join("gate").join("caches").join(&key.hex()[..16])
}

/// What the gate's tests are at the base; the tools' caches are filled from this run alone.
async fn base_tests(
    run: &mut Run,
    caller: &Caller,
    using: &PluginUse,
    digest: &Digest,
) -> Result<Result<Option<TestReport>, String>, Halt> {
    let key = Ledger::key(digest, &using.parameters);
    if let Some(known) = run.ledger.base.get(&key) {
        return Ok(Ok(known.clone()));
    }
    let tree = run.base.tree;
    // What an interrupted run on the base left there is no seed.
    let caches = caches_of(&run.folder, digest, &using.parameters);
    if let Err(error) = clear(&caches) {
        return Ok(Err(format!("gate `{}` on the base: {error}", caller.node)));
    }
    let view = match run.gate_view(tree, Keep::Seed, caches) {
        Ok(view) => view,
        Err(error) => return Ok(Err(format!("gate `{}` on the base: {error}", caller.node))),
    };
    let output = ask(run, caller, using, &view, &recorded::GATE_AT_BASE, tree).await?;
    let report = output.tests.filter(|report| report.complete);
    run.ledger.base.insert(key, report.clone());
    Ok(Ok(report))
}

async fn ask(
    run: &Run,
    caller: &Caller,
    using: &PluginUse,
    view: &Arc<View>,
    gate: &Call<Output>,
    tree: TreeId,
) -> Result<Output, Halt> {
    let request = request(using, &tree.to_string());
    let verdict = minion_grants::Verdict::Allow {
        rule: "graph".to_owned(),
    };
    let door = &run.services.door;
    let stopped = |failure: minion_door::Failure| Halt::Stopped(failure.to_string());
    let scope = match door.open(caller, gate, request, verdict)? {
        Opened::Scope(scope) => scope,
        Opened::Answered(answer) => return answer.map_err(stopped),
    };
    let parameters = using.parameters.to_string();
    let output = plugins::beneath(
        &run.services,
        caller,
        By::Graph,
        view,
        using.name.as_str(),
        &parameters,
        &scope,
    )
    .await?;
    let response = json!(output);
    door.close(caller, gate, scope, Ok((output, response)))?
        .map_err(stopped)
}

/// What a gate is asked.
pub(super) fn request(using: &PluginUse, tree: &str) -> Value {
    json!({ "plugin": using.name, "parameters": using.parameters, "tree": tree })
}

/// What a judgement comes to, and which tests of the base are missing.
pub(super) fn settled(output: Output, base: Option<&TestReport>) -> (Output, Vec<String>) {
    let gone = match (base, &output.tests) {
        (Some(base), Some(now)) => missing(base, now),
        _ => Vec::new(),
    };
    (held_to_rules(output, base, &gone), gone)
}

/// A plugin's `pass` counts only with the report that it should rest on.
fn held_to_rules(mut output: Output, base: Option<&TestReport>, gone: &[String]) -> Output {
    let Some(tests) = &output.tests else {
        if base.is_some() && output.verdict == Verdict::Pass {
            output.verdict = Verdict::Error;
            output
                .summary
                .push_str("; it told of tests at the base and of none now");
        }
        return output;
    };
    let ran = tests.count(TestOutcome::Passed) + tests.count(TestOutcome::Failed);
    let why = if !tests.complete {
        Some((
            Verdict::Error,
            "the test runner gave no complete report".to_owned(),
        ))
    } else if ran == 0 {
        Some((Verdict::Fail, "no test ran".to_owned()))
    } else if tests.count(TestOutcome::Failed) > 0 && output.verdict == Verdict::Pass {
        Some((Verdict::Fail, "tests failed".to_owned()))
    } else if !gone.is_empty() {
        let (then, names) = (base.map_or(0, executed), shown_names(gone));
        Some((
            Verdict::Fail,
            format!("{then} tests ran at base, {ran} now; missing: {names}"),
        ))
    } else {
        None
    };
    if let Some((verdict, why)) = why {
        output.verdict = if output.verdict == Verdict::Error {
            Verdict::Error
        } else {
            verdict
        };
        output.summary = format!("{}; {why}", output.summary);
        output.findings.push(Finding {
            severity: Severity::Error,
            file: None,
            line: None,
            rule: Some("tests".to_owned()),
            message: why,
        });
    }
    output
}

fn executed(report: &TestReport) -> u64 {
    report.count(TestOutcome::Passed) + report.count(TestOutcome::Failed)
}

fn shown_names(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(5).map(String::as_str).collect();
    let more = names.len().saturating_sub(shown.len());
    if more == 0 {
        shown.join(", ")
    } else {
        format!("{} and {more} more", shown.join(", "))
    }
}

fn mint(
    run: &Run,
    using: &PluginUse,
    view: &View,
    output: &Output,
    base: Option<&TestReport>,
    tree: TreeId,
) -> Result<Evidence, Halt> {
    let plugin = &run.services.plugins[using.name.as_str()];
    let (profiles, tools) = view.tools();
    Ok(Evidence {
        gate: using.name.clone(),
        plugin: plugin.digest,
        origin: plugin.origin,
        parameters: using.parameters.clone(),
        base: run.base.tree.to_string(),
        tree: tree.to_string(),
        profile: profiles,
        tools,
        sandbox: level(run.world()?.sandbox.level()),
        network: Network::None,
        verdict: verdict(output.verdict),
        counts: output.tests.as_ref().map(|tests| counts(tests, base)),
        steering: run.steering.clone(),
    })
}

pub(super) fn verdict(verdict: Verdict) -> GateVerdict {
    match verdict {
        Verdict::Pass => GateVerdict::Pass,
        Verdict::Fail => GateVerdict::Fail,
        Verdict::Error => GateVerdict::Error,
    }
}

fn level(level: Level) -> SandboxLevel {
    match level {
        Level::Full => SandboxLevel::Full,
        Level::Basic => SandboxLevel::Basic,
        Level::Unsandboxed => SandboxLevel::Unsandboxed,
    }
}

pub(super) fn counts(tests: &TestReport, base: Option<&TestReport>) -> Counts {
    Counts {
        total: tests.cases.len() as u64,
        passed: tests.count(TestOutcome::Passed),
        failed: tests.count(TestOutcome::Failed),
        skipped: tests.count(TestOutcome::Skipped),
        base_total: base.map(|report| report.cases.len() as u64),
        base_skipped: base.map(|report| report.count(TestOutcome::Skipped)),
    }
}

fn record(run: &Run, caller: &Caller, evidence: &Evidence) -> Result<(), Halt> {
    let evidence = run.services.door.journal()?.payload(json!(evidence))?;
    run.services
        .door
        .note(caller, 0, Body::Evidence { evidence })?;
    Ok(())
}
