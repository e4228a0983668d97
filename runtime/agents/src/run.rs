//! The loop: asks the model, judges what it wants called, lets the toolbox do
//! what may be done, and stops at the last words or at a limit.
//!
//! Given the same turns and the same answers of tools it makes the same
//! requests, so the host can play back what it has already on record.

use serde_json::Value;
use tokio::time::timeout_at;

use crate::meter::{Meter, Reserved, bytes_of};
use crate::offer::Offer;
use crate::prompt;
use crate::{
    AgentError, AgentFailure, AgentReport, AgentTask, LimitKind, Message, Model, ModelError,
    Refusal, SetupError, Stop, ToolAnswer, ToolBox, ToolCall, Turn, TurnRequest,
};
use minion_grants::Schema;

/// So many unusable calls or answers in a row end an agent.
pub const MAX_BAD_CALLS: u32 = 5;

/// How often an output that does not fit its schema is asked for again.
pub const MAX_OUTPUT_REQUESTS: u32 = 2;

const MAX_NOTES: usize = 100;

/// Runs one agent to its end.
pub async fn run(
    task: &AgentTask,
    model: &dyn Model,
    tools: &mut dyn ToolBox,
) -> Result<AgentReport, AgentError> {
    let meter = Meter::new(task.limits, model.price());
    let mut agent = match Agent::prepare(task, model, tools, meter) {
        Ok(agent) => agent,
        Err(error) => {
            return Err(AgentError {
                cause: error.into(),
                spent: Meter::new(task.limits, model.price()).spent(),
                notes: vec![],
            });
        }
    };
    let ended = agent.work().await;
    let (spent, notes) = (agent.meter.spent(), agent.notes);
    match ended {
        Ok((summary, output)) => Ok(AgentReport {
            summary,
            output,
            spent,
            notes,
        }),
        Err(cause) => Err(AgentError {
            cause,
            spent,
            notes,
        }),
    }
}

/// One agent at work.
struct Agent<'a> {
    task: &'a AgentTask,
    model: &'a dyn Model,
    tools: &'a mut dyn ToolBox,
    offer: Offer,
    output: Option<Schema>,
    meter: Meter,
    messages: Vec<Message>,
    /// Unusable calls and answers since the last usable one.
    bad: u32,
    /// Outputs that did not fit.
    unfit: u32,
    notes: Vec<String>,
}

impl<'a> Agent<'a> {
    fn prepare(
        task: &'a AgentTask,
        model: &'a dyn Model,
        tools: &'a mut dyn ToolBox,
        meter: Meter,
    ) -> Result<Self, SetupError> {
        let output = task.output_schema.as_ref().map(Schema::compile).transpose();
        Ok(Self {
            offer: Offer::pin(tools.specs())?,
            output: output.map_err(|why| SetupError::Schema {
                of: "the output".to_owned(),
                why,
            })?,
            messages: prompt::opening(task),
            task,
            model,
            tools,
            meter,
            bad: 0,
            unfit: 0,
            notes: vec![],
        })
    }

    async fn work(&mut self) -> Result<(String, Option<Value>), AgentFailure> {
        loop {
            let (turn, reserved) = self.ask().await?;
            if turn.stop == Stop::Filtered {
                return Err(AgentFailure::Filtered);
            }
            if !turn.tool_calls.is_empty() {
                self.answer_calls(turn).await?;
            } else if let Some(end) = self.judge_answer(turn, reserved)? {
                return Ok(end);
            }
        }
    }

    /// One turn of the model, reserved before and charged after.
    async fn ask(&mut self) -> Result<(Turn, Reserved), AgentFailure> {
        let mut request = self.request();
        let reserved = self.meter.reserve(bytes_of(&request))?;
        request.max_output_tokens = reserved.output;
        let Ok(answer) = timeout_at(self.meter.deadline(), self.model.turn(&request)).await else {
            self.meter.charge_unseen(reserved);
            return Err(self.meter.limit(LimitKind::WallTime));
        };
        let mut turn = answer.map_err(|error| {
            if matches!(
                error,
                ModelError::TimedOut { .. } | ModelError::BrokenOff { .. }
            ) {
                self.meter.charge_unseen(reserved);
            }
            AgentFailure::from(error)
        })?;
        self.meter.charge(reserved, &turn);
        let room = MAX_NOTES.saturating_sub(self.notes.len());
        self.notes.extend(turn.notes.drain(..).take(room));
        Ok((turn, reserved))
    }

    fn request(&self) -> TurnRequest {
        TurnRequest {
            node: self.task.node.clone(),
            visit: self.task.visit,
            turn: self
                .task
                .turns_before
                .saturating_add(self.meter.spent().turns)
                .saturating_add(1),
            messages: self.messages.clone(),
            tools: self.offer.specs(),
            max_output_tokens: 0,
            deadline: Some(self.meter.deadline()),
        }
    }

    async fn answer_calls(&mut self, turn: Turn) -> Result<(), AgentFailure> {
        self.messages
            .push(prompt::said(turn.text, &turn.tool_calls));
        for call in &turn.tool_calls {
            if let Some(kind) = self.meter.overdrawn() {
                self.refuse(call, &self.meter.refusal(kind)).await?;
                return Err(self.meter.limit(kind));
            }
            let judged = self.meter.take_call().and_then(|()| self.offer.judge(call));
            let message = match judged {
                Ok(()) => prompt::answered(call, &self.execute(call).await?),
                Err(refusal) => {
                    self.refuse(call, &refusal).await?;
                    let message = prompt::refused(call, &refusal.to_string());
                    self.count_bad(refusal)?;
                    message
                }
            };
            self.messages.push(message);
        }
        Ok(())
    }

    async fn execute(&mut self, call: &ToolCall) -> Result<ToolAnswer, AgentFailure> {
        self.bad = 0;
        match timeout_at(self.meter.deadline(), self.tools.call(call)).await {
            Ok(answer) => answer.map_err(AgentFailure::Host),
            Err(_) => Err(self.meter.limit(LimitKind::WallTime)),
        }
    }

    async fn refuse(&mut self, call: &ToolCall, refusal: &Refusal) -> Result<(), AgentFailure> {
        self.meter.count_refused();
        let noted = self.tools.refused(call, refusal).await;
        noted.map_err(AgentFailure::Host)
    }

    fn count_bad(&mut self, last: Refusal) -> Result<(), AgentFailure> {
        self.bad += 1;
        if self.bad < MAX_BAD_CALLS {
            return Ok(());
        }
        Err(match last {
            Refusal::Limit { kind, allowed } => AgentFailure::Limit { kind, allowed },
            last => AgentFailure::OnlyBadCalls {
                count: self.bad,
                last,
            },
        })
    }

    /// The end, when these are usable last words.
    fn judge_answer(
        &mut self,
        turn: Turn,
        reserved: Reserved,
    ) -> Result<Option<(String, Option<Value>)>, AgentFailure> {
        if let Some(refusal) = unusable(&turn, reserved) {
            self.ask_again(turn.text, &refusal.to_string());
            self.count_bad(refusal)?;
            return Ok(None);
        }
        let Some(schema) = &self.output else {
            return Ok(Some((turn.text, None)));
        };
        let fitted =
            prompt::json_in(&turn.text).and_then(|output| schema.check(&output).map(|()| output));
        match fitted {
            Ok(output) => Ok(Some((turn.text, Some(output)))),
            Err(problems) => self.ask_for_output(turn.text, problems).map(|()| None),
        }
    }

    fn ask_for_output(&mut self, text: String, problems: String) -> Result<(), AgentFailure> {
        if self.unfit == MAX_OUTPUT_REQUESTS {
            let asked = self.unfit + 1;
            return Err(AgentFailure::Output { asked, problems });
        }
        self.unfit += 1;
        let words = format!(
            "your answer does not fit the output schema: {problems}. Answer again with JSON that fits it, and nothing else"
        );
        self.ask_again(text, &words);
        Ok(())
    }

    fn ask_again(&mut self, text: String, why: &str) {
        self.messages.push(prompt::said(text, &[]));
        let text = format!("Not accepted: {why}.");
        self.messages.push(Message::User { text });
    }
}

fn unusable(turn: &Turn, reserved: Reserved) -> Option<Refusal> {
    if turn.stop == Stop::Length {
        let tokens = reserved.output;
        return Some(Refusal::CutOff { tokens });
    }
    turn.text.trim().is_empty().then_some(Refusal::Empty)
}

impl From<ModelError> for AgentFailure {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Host(fatal) => Self::Host(fatal),
            error => Self::Model(error),
        }
    }
}
