//! Running a plugin: a fresh instance in a store of its own, with its own authority.

use super::{Services, recorded};
use crate::bindings::plugin::exports::minion::node::node as wit;
use crate::guest::{Guest, GuestFault};
use crate::imports::{findings_from_guest, log};
use crate::project::Purpose;
use crate::view::View;
use minion_agents::Finding;
use minion_door::{Caller, Failure, Halt, Opened, Passed, Scope};
use minion_grants::Verdict as Ruling;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// Bytes of parameters that a step may give.
const MOST_PARAMETERS: usize = 64 << 10;
/// Findings that are kept of one answer.
const MOST_FINDINGS: usize = 50;
/// Bytes of one text that are kept.
const MOST_TEXT: usize = 2 << 10;
/// Test cases that are kept of one report.
const MOST_CASES: usize = 200_000;

/// What a plugin says. It becomes evidence only where the host ran it as a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing is wrong.
    Pass,
    /// Something is wrong.
    Fail,
    /// It could not judge.
    Error,
}

impl Verdict {
    /// The label that the graph's edges name.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }
}

/// How one test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TestOutcome {
    Passed,
    Failed,
    Skipped,
}

/// What a test runner reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestReport {
    pub(crate) complete: bool,
    pub(crate) cases: Vec<(String, TestOutcome)>,
}

impl TestReport {
    pub(crate) fn count(&self, outcome: TestOutcome) -> u64 {
        self.cases.iter().filter(|case| case.1 == outcome).count() as u64
    }
}

/// A plugin's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Output {
    pub(crate) verdict: Verdict,
    pub(crate) summary: String,
    pub(crate) findings: Vec<Finding>,
    pub(crate) tests: Option<TestReport>,
    pub(crate) data: Option<String>,
}

impl Output {
    /// An answer of the host's own for a plugin that did not come back with one.
    fn broken(name: &str, why: &str) -> Self {
        Self {
            verdict: Verdict::Error,
            summary: format!("plugin `{name}`: {why}"),
            findings: Vec::new(),
            tests: None,
            data: None,
        }
    }
}

/// A call of a blueprint's step.
pub(crate) async fn call(
    services: &Arc<Services>,
    caller: &Caller,
    view: &Arc<View>,
    name: &str,
    parameters: &str,
) -> Passed<Output> {
    if name.len() + parameters.len() > MOST_PARAMETERS {
        let why = format!(
            "parameters of {} bytes; at most {MOST_PARAMETERS} are taken",
            parameters.len()
        );
        return Ok(Err(Failure::Invalid(why)));
    }
    if let Err(limit) = services.door.meter().command() {
        return Ok(Err(Failure::Limit(limit)));
    }
    let request = json!({ "plugin": name, "parameters": parameters });
    // Calling a plugin of the same file is no authority of its own: what it then does is judged
    // call by call, as the plugin's and as the step's.
    let verdict = Ruling::Allow {
        rule: "bundled".to_owned(),
    };
    let (door, plugin) = (&services.door, &recorded::PLUGIN);
    match door.open(caller, plugin, request, verdict)? {
        Opened::Answered(answer) => Ok(answer),
        Opened::Scope(scope) if !services.plugins.contains_key(name) => {
            let failure = Failure::NotFound(format!("plugin {name}"));
            door.close(caller, plugin, scope, Err(failure))
        }
        Opened::Scope(scope) => {
            let output =
                beneath(services, caller, By::Step, view, name, parameters, &scope).await?;
            let response = json!(output);
            door.close(caller, plugin, scope, Ok((output, response)))
        }
    }
}

/// Who has a plugin run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// The graph: it works with its own authority.
    Graph,
    /// A step: it also works within what the step itself may do.
    Step,
}

/// Runs the plugin beneath an open call. A plugin that traps or fails answers `error`.
pub(crate) async fn beneath(
    services: &Arc<Services>,
    caller: &Caller,
    by: By,
    view: &Arc<View>,
    name: &str,
    parameters: &str,
    scope: &Scope,
) -> Result<Output, Halt> {
    let Some((part, plugin)) = services.plugins.get_key_value(name) else {
        return Ok(Output::broken(name, "there is no such plugin in this file"));
    };
    let authority = Arc::new(services.authority_of_part(part));
    let who = match by {
        By::Graph => caller.beneath(scope.seq(), authority),
        By::Step => caller.lending(scope.seq(), authority),
    };
    let mut store = Guest::new(services, who, view).into_store();
    let run = async {
        let instance = plugin.component.instantiate_async(&mut store).await?;
        instance
            .minion_node_node()
            .call_run(&mut store, &input(services, parameters))
            .await
    };
    let left = run.await;
    log::dropped(store.data())?;
    match left {
        Ok(Ok(output)) => Ok(bounded(output)),
        Ok(Err(failure)) => Ok(Output::broken(name, &format!("{failure:?}"))),
        Err(error) => match GuestFault::from_error(error) {
            GuestFault::Halt(halt) => Err(halt),
            fault => Ok(Output::broken(name, &fault.to_string())),
        },
    }
}

fn input(services: &Services, parameters: &str) -> wit::Input {
    let project = services.project.iter().map(|command| wit::ProjectCommand {
        purpose: match command.purpose {
            Purpose::Lint => wit::Purpose::Lint,
            Purpose::Fix => wit::Purpose::Fix,
            Purpose::Test => wit::Purpose::Test,
        },
        program: command.program.clone(),
        arguments: command.arguments.clone(),
    });
    wit::Input {
        parameters: parameters.to_owned(),
        project: project.collect(),
    }
}

fn bounded(output: wit::Output) -> Output {
    let mut findings = findings_from_guest(output.findings);
    findings.truncate(MOST_FINDINGS);
    for finding in &mut findings {
        clip(&mut finding.message);
        for text in finding.file.iter_mut().chain(&mut finding.rule) {
            clip(text);
        }
    }
    let mut summary = output.summary;
    clip(&mut summary);
    Output {
        verdict: output.verdict.into(),
        summary,
        findings,
        tests: output.tests.map(report),
        data: output.data.filter(|data| data.len() <= 1 << 20),
    }
}

fn report(report: wit::TestReport) -> TestReport {
    let complete = report.complete && report.cases.len() <= MOST_CASES;
    let outcome = |outcome| match outcome {
        wit::TestOutcome::Passed => TestOutcome::Passed,
        wit::TestOutcome::Failed => TestOutcome::Failed,
        wit::TestOutcome::Skipped => TestOutcome::Skipped,
    };
    let cases = report.cases.into_iter().take(MOST_CASES).map(|mut case| {
        clip(&mut case.name);
        (case.name, outcome(case.outcome))
    });
    TestReport {
        complete,
        cases: cases.collect(),
    }
}

fn clip(text: &mut String) {
    if text.len() > MOST_TEXT {
        text.truncate(text.floor_char_boundary(MOST_TEXT));
        text.push('…');
    }
}
