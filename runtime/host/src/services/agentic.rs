//! `agent.run`: the loop of the agents room, fed with a model and tools that go through
//! the door. A node that is not agentic gets a typed denial before anything else.

use super::toolbox::DoorTools;
use super::{Services, recorded};
use crate::view::View;
use async_trait::async_trait;
use minion_agents::{
    AgentError, AgentFailure, AgentReport, AgentTask, Fatal, Finding, Limits, Model, ModelError,
    Price, Spent, Turn, TurnRequest,
};
use minion_door::{Caller, Failure, Halt, LimitKind, LimitReached, Opened, Passed};
use minion_grants::{AgentGrant, AgentLimits, Digest, PartName};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a step wishes; the graph and the grant narrow it.
pub(crate) struct Wish {
    pub(crate) prompt: String,
    pub(crate) task: String,
    pub(crate) findings: Vec<Finding>,
    pub(crate) context: Vec<(String, String)>,
    pub(crate) tools: Option<Vec<String>>,
    pub(crate) max_turns: Option<u32>,
}

/// The most bytes that a step hands to an agent: 1 MiB.
const MOST_WISH: usize = 1 << 20;

impl Wish {
    fn too_long(&self) -> Option<Failure> {
        let findings = self.findings.iter().map(|finding| finding.message.len());
        let context = self
            .context
            .iter()
            .map(|(title, text)| title.len() + text.len());
        let tools = self.tools.iter().flatten().map(String::len);
        let bytes = self.prompt.len()
            + self.task.len()
            + findings.chain(context).chain(tools).sum::<usize>();
        let why = format!("{bytes} bytes for an agent; at most {MOST_WISH} are taken");
        (bytes > MOST_WISH).then_some(Failure::Invalid(why))
    }
}

/// What an agent's work came to, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Worked {
    spent: Spent,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    report: Option<AgentReport>,
    /// Why there is no report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_by: Option<Value>,
}

impl Worked {
    fn failed(spent: Spent, failure: &Failure) -> Self {
        let ended_by = Some(failure.to_json());
        Self {
            spent,
            report: None,
            ended_by,
        }
    }

    fn reported(report: AgentReport) -> Self {
        Self {
            spent: report.spent,
            report: Some(report),
            ended_by: None,
        }
    }

    fn into_answer(self) -> Result<AgentReport, Failure> {
        match (
            self.report,
            self.ended_by.as_ref().and_then(Failure::from_json),
        ) {
            (Some(report), _) => Ok(report),
            (None, Some(failure)) => Err(failure),
            (None, None) => Err(Failure::Other("the agent left nothing".to_owned())),
        }
    }
}

/// Runs one agent to its end.
pub(crate) async fn run(
    services: &Arc<Services>,
    caller: &Caller,
    view: &Arc<View>,
    limits: Option<Arc<AgentLimits>>,
    wish: Wish,
) -> Passed<AgentReport> {
    if let Some(long) = wish.too_long() {
        return Ok(Err(long));
    }
    let request = json!({
        "prompt": wish.prompt, "task": wish.task, "findings": wish.findings,
        "context": wish.context, "tools": wish.tools, "max-turns": wish.max_turns,
    });
    let verdict = caller.authority.agent_run();
    let door = &services.door;
    let opened = door.open(caller, &recorded::AGENT, request, verdict)?;
    let worked = match opened {
        Opened::Answered(answer) => answer,
        Opened::Scope(scope) => {
            let beneath = caller.beneath(scope.seq(), Arc::clone(&caller.authority));
            let worked = if let (Some(limits), Some(grant)) = (limits, caller.authority.agent()) {
                work(services, &beneath, view, &limits, grant, wish).await?
            } else {
                let why = format!("node `{}` has no limits for an agent", caller.node);
                Worked::failed(Spent::default(), &Failure::Invalid(why))
            };
            let response = json!(worked);
            door.close(caller, &recorded::AGENT, scope, Ok((worked, response)))?
        }
    };
    Ok(worked.and_then(|worked| {
        let words = worked.report.as_ref().map(|report| report.summary.as_str());
        services.count_agent(caller, &worked.spent, words);
        worked.into_answer()
    }))
}

async fn work(
    services: &Arc<Services>,
    caller: &Caller,
    view: &Arc<View>,
    limits: &AgentLimits,
    grant: &AgentGrant,
    wish: Wish,
) -> Result<Worked, Halt> {
    let unspent = |failure: &Failure| Worked::failed(Spent::default(), failure);
    let Some(model) = services.world().ok().and_then(|world| world.model.clone()) else {
        let cure = "no model is set up for this run: give --cassette, or --model-url and --model";
        return Ok(unspent(&Failure::Unavailable(cure.to_owned())));
    };
    let tools = narrowed(limits, grant, wish.tools.as_deref());
    let task = match task(services, caller, limits, grant, wish) {
        Ok(task) => task,
        Err(failure) => return Ok(unspent(&failure)),
    };
    let doored = DoorModel {
        services,
        caller,
        view,
        model: &*model,
        told: AtomicUsize::new(0),
    };
    let mut toolbox = DoorTools::new(services, caller, view, tools);
    match minion_agents::run(&task, &doored, &mut toolbox).await {
        Ok(report) => Ok(Worked::reported(report)),
        Err(error) => {
            let spent = error.spent;
            Ok(Worked::failed(spent, &failed(error)?))
        }
    }
}

/// Tools of the node, of the grant and of the call: what all three name.
fn narrowed(limits: &AgentLimits, grant: &AgentGrant, wish: Option<&[String]>) -> Vec<String> {
    let wished = |tool: &String| wish.is_none_or(|names| names.contains(tool));
    let granted = |tool: &String| grant.tools.contains(tool);
    limits
        .tools
        .iter()
        .filter(|tool| granted(tool) && wished(tool))
        .cloned()
        .collect()
}

fn task(
    services: &Services,
    caller: &Caller,
    limits: &AgentLimits,
    grant: &AgentGrant,
    wish: Wish,
) -> Result<AgentTask, Failure> {
    if !limits.prompts.iter().any(|prompt| *prompt == *wish.prompt) {
        let known: Vec<_> = limits.prompts.iter().map(PartName::as_str).collect();
        let known = known.join(", ");
        let why = format!(
            "`{}` is not a prompt of node `{}`; its prompts: {known}",
            wish.prompt, caller.node
        );
        return Err(Failure::Invalid(why));
    }
    let instructions = services
        .prompts
        .get(&wish.prompt)
        .cloned()
        .unwrap_or_default();
    let schema = limits.output_schema.clone();
    let before = services.spent_in(caller);
    let most = limits
        .max_turns
        .min(grant.max_turns)
        .saturating_sub(before.turns);
    let turns = most.min(wish.max_turns.unwrap_or(u32::MAX));
    let tokens = limits.max_tokens.min(grant.max_tokens);
    let tokens = tokens.saturating_sub(before.input_tokens + before.output_tokens);
    Ok(AgentTask {
        node: caller.node.clone(),
        visit: caller.round.into(),
        turns_before: before.turns,
        instructions,
        task: wish.task,
        findings: wish.findings,
        context: wish.context,
        output_schema: schema,
        limits: Limits {
            turns,
            tokens: tokens.min(services.door.meter().tokens_left()),
            tool_calls: turns.saturating_mul(TOOL_CALLS_A_TURN),
            wall: Duration::from_secs(limits.max_seconds.into()),
        },
    })
}

/// Tool calls that a turn may have on average.
const TOOL_CALLS_A_TURN: u32 = 8;

/// The model, each turn through the door as an external effect: its intent is committed
/// before it is asked, its answer before anyone hears it.
struct DoorModel<'a> {
    services: &'a Services,
    caller: &'a Caller,
    view: &'a View,
    model: &'a dyn Model,
    /// Messages of the conversation that are in the journal already.
    told: AtomicUsize,
}

impl DoorModel<'_> {
    /// A request as the journal keeps it: what is new in the conversation, and a digest of
    /// all of it, so that the records of an agent grow with its words and not with their
    /// square.
    fn asked(&self, request: &TurnRequest) -> Value {
        let whole = json!(request);
        let digest = Digest::of(whole.to_string().as_bytes());
        let told = self.told.swap(request.messages.len(), Relaxed);
        let new = request.messages.get(told..).unwrap_or_default();
        let tools = (told == 0).then_some(&request.tools);
        json!({
            "turn": request.turn, "told-before": told, "messages": new, "tools": tools,
            "max-output-tokens": request.max_output_tokens, "whole": digest.to_string(),
        })
    }
}

#[async_trait]
impl Model for DoorModel<'_> {
    fn label(&self) -> String {
        self.model.label()
    }

    fn price(&self) -> Option<Price> {
        self.model.price()
    }

    async fn turn(&self, request: &TurnRequest) -> Result<Turn, ModelError> {
        if self.services.door.meter().turn().is_err() {
            let why = "the run's budget of model turns or tokens is spent";
            return Err(ModelError::Host(Fatal::new(Halt::Stopped(why.to_owned()))));
        }
        let asked = self.asked(request);
        let verdict = self.caller.authority.agent_run();
        let door = &self.services.door;
        let refused = Mutex::new(None);
        let effect = |_permit| async {
            match self.model.turn(request).await {
                Ok(turn) => {
                    let response = json!(turn);
                    Ok((turn, response))
                }
                Err(error) => {
                    let failure = Failure::Unavailable(error.to_string());
                    *refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    Err(failure)
                }
            }
        };
        let tree = || {
            let seen = self.view.look().map_err(Halt::Stopped)?;
            Ok(seen.tree.to_string())
        };
        let passed = door
            .pass_external(self.caller, &recorded::TURN, asked, verdict, tree, effect)
            .await;
        match passed.map_err(|halt| ModelError::Host(Fatal::new(halt)))? {
            // Its tokens are booked when the agent ends, with those that no answer counted.
            Ok(turn) => Ok(turn),
            Err(failure) => {
                let error = refused.into_inner().unwrap_or_else(PoisonError::into_inner);
                Err(error.unwrap_or_else(|| ModelError::Recorded(failure.to_string())))
            }
        }
    }
}

/// A fault of the host ends the run; everything else is the step's to hear.
fn failed(error: AgentError) -> Result<Failure, Halt> {
    match error.cause {
        AgentFailure::Host(fatal) | AgentFailure::Model(ModelError::Host(fatal)) => {
            match fatal.into_inner().downcast::<Halt>() {
                Ok(halt) => Err(*halt),
                Err(other) => Ok(Failure::Other(other.to_string())),
            }
        }
        AgentFailure::Limit { kind, allowed } => Ok(Failure::Limit(LimitReached {
            kind: limit(kind),
            allowed,
        })),
        other => Ok(Failure::Unavailable(other.to_string())),
    }
}

fn limit(kind: minion_agents::LimitKind) -> LimitKind {
    match kind {
        minion_agents::LimitKind::Turns => LimitKind::Turns,
        minion_agents::LimitKind::Tokens => LimitKind::Tokens,
        minion_agents::LimitKind::ToolCalls => LimitKind::ToolCalls,
        minion_agents::LimitKind::WallTime => LimitKind::WallTime,
    }
}
