//! Visits that the blueprint's own code makes, and plugins that are no gates.

use super::machine::{Machine, Position, Visit, Visiting};
use super::walk::MOST_FINDINGS;
use crate::bindings::blueprint::exports::minion::blueprint::blueprint as wit;
use crate::event::Detail;
use crate::guest::{Guest, GuestFault};
use crate::imports::{findings_to_guest, log};
use crate::services::plugins::{self, By};
use crate::services::recorded;
use crate::view::View;
use minion_agents::Spent;
use minion_door::{Caller, Halt, Opened};
use minion_grants::{Node, NodeKind, PluginUse, Schema, Verdict};
use serde_json::{Value, json};
use std::sync::Arc;

/// The most bytes that a state may have: 1 MiB.
const MOST_STATE: usize = 1 << 20;

/// One visit of a step, in an instance made for it.
pub(super) async fn step(
    machine: &Machine,
    view: &Arc<View>,
    caller: &Caller,
    node: &Node,
    at: &Position,
) -> Visiting {
    let services = &machine.services;
    let before = services.agents().spent;
    let agent = node
        .agent
        .clone()
        .filter(|_| node.kind == NodeKind::Agentic)
        .map(Arc::new);
    let guest = Guest::new(services, caller.clone(), view).with_agent(agent);
    let mut store = guest.into_store();
    let context = context(machine, caller, at);
    let visit = async {
        let instance = machine.blueprint.instantiate_async(&mut store).await?;
        instance
            .minion_blueprint_blueprint()
            .call_step(&mut store, &caller.node, &context)
            .await
    };
    let left = visit.await;
    log::dropped(store.data())?;
    let transition = match left {
        Ok(Ok(transition)) => transition,
        Ok(Err(failure)) => return Ok(Err(format!("node `{}`: {}", caller.node, told(failure)))),
        Err(error) => match GuestFault::from_error(error) {
            GuestFault::Halt(halt) => return Err(halt),
            GuestFault::Limit(why) => {
                return Err(Halt::Stopped(format!("node `{}`: {why}", caller.node)));
            }
            fault @ GuestFault::Trapped(_) => {
                return Ok(Err(format!("node `{}`: {fault}", caller.node)));
            }
        },
    };
    let state = match checked(&transition.state, &machine.schema) {
        Ok(state) => state,
        Err(why) => {
            return Ok(Err(format!(
                "node `{}` returned a state {why}",
                caller.node
            )));
        }
    };
    let agentic = node.kind == NodeKind::Agentic;
    Ok(Ok(Visit {
        label: transition.label,
        state,
        findings: if agentic {
            Vec::new()
        } else {
            at.findings.clone()
        },
        detail: if agentic {
            Detail::Agent(since(services.agents().spent, before))
        } else {
            Detail::Step
        },
    }))
}

/// One visit of a plugin in the workspace.
pub(super) async fn plugin(
    machine: &Machine,
    view: &Arc<View>,
    caller: &Caller,
    using: &PluginUse,
    at: &Position,
) -> Visiting {
    let request = json!({ "plugin": using.name, "parameters": using.parameters });
    let verdict = Verdict::Allow {
        rule: "graph".to_owned(),
    };
    let (services, name) = (&machine.services, using.name.as_str());
    let door = &services.door;
    let answer = match door.open(caller, &recorded::PLUGIN, request, verdict)? {
        Opened::Answered(answer) => answer,
        Opened::Scope(scope) => {
            let parameters = using.parameters.to_string();
            let output =
                plugins::beneath(services, caller, By::Graph, view, name, &parameters, &scope)
                    .await?;
            let response = json!(output);
            door.close(caller, &recorded::PLUGIN, scope, Ok((output, response)))?
        }
    };
    let output = match answer {
        Ok(output) => output,
        Err(failure) => return Ok(Err(failure.to_string())),
    };
    let mut findings = at.findings.clone();
    findings.extend(output.findings);
    findings.truncate(MOST_FINDINGS);
    Ok(Ok(Visit {
        label: output.verdict.label().to_owned(),
        state: at.state.clone(),
        findings,
        detail: Detail::Plugin(output.summary),
    }))
}

fn context(machine: &Machine, caller: &Caller, at: &Position) -> wit::Context {
    wit::Context {
        task: machine.task.clone(),
        inputs: machine
            .inputs
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        visit: caller.round,
        last: at
            .last
            .clone()
            .map(|(node, label)| wit::LastVisit { node, label }),
        findings: findings_to_guest(&at.findings),
        state: at.state.to_string(),
    }
}

fn told(failure: crate::bindings::host::types::Failure) -> String {
    use crate::bindings::host::types::Failure as F;
    match failure {
        F::Denied(d) => format!(
            "denied: {} `{}` ({}); {}",
            d.capability, d.target, d.rule, d.cure
        ),
        F::NotFound(what) => format!("`{what}` does not exist"),
        F::Limit(limit) => format!(
            "a limit was reached: {:?}, {} allowed",
            limit.kind, limit.allowed
        ),
        F::Invalid(why) | F::Unavailable(why) | F::Other(why) => why,
    }
}

/// A state that a step returned: JSON, within its size, fitting the graph's schema.
pub(super) fn checked(text: &str, schema: &Schema) -> Result<Value, String> {
    if text.len() > MOST_STATE {
        return Err(format!("of {} bytes; {MOST_STATE} are allowed", text.len()));
    }
    let state: Value = serde_json::from_str(text).map_err(|e| format!("that is not JSON: {e}"))?;
    schema
        .check(&state)
        .map_err(|why| format!("that breaks the graph's schema: {why}"))?;
    Ok(state)
}

/// What agents spent in between.
fn since(now: Spent, before: Spent) -> Spent {
    Spent {
        turns: now.turns - before.turns,
        tool_calls: now.tool_calls - before.tool_calls,
        refused_calls: now.refused_calls - before.refused_calls,
        input_tokens: now.input_tokens - before.input_tokens,
        output_tokens: now.output_tokens - before.output_tokens,
        estimated: now.estimated,
        cost_microdollars: None,
    }
}
