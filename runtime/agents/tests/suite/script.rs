//! A model and a toolbox that do what a test wrote down.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use minion_agents::{
    AgentTask, Fatal, Limits, Model, ModelError, Price, Refusal, ToolAnswer, ToolBox, ToolCall,
    ToolSpec, Turn, TurnRequest, Usage, workspace_specs,
};
use serde_json::{Value, json};

/// Limits that no test reaches by accident.
pub(crate) const WIDE: Limits = Limits {
    turns: 20,
    tokens: 200_000,
    tool_calls: 50,
    wall: Duration::from_secs(30),
};

pub(crate) fn task() -> AgentTask {
    AgentTask {
        node: "implement".to_owned(),
        visit: 1,
        turns_before: 0,
        instructions: "You mend bugs.".to_owned(),
        task: "the parser drops the last line".to_owned(),
        findings: vec![],
        context: vec![],
        output_schema: None,
        limits: WIDE,
    }
}

pub(crate) fn says(text: &str) -> Turn {
    Turn {
        text: text.to_owned(),
        usage: Some(Usage {
            input_tokens: 100,
            output_tokens: 10,
            cached_input_tokens: 0,
        }),
        ..Turn::default()
    }
}

pub(crate) fn calls(calls: &[(&str, Value)]) -> Turn {
    let tool_calls = calls
        .iter()
        .enumerate()
        .map(|(index, (name, arguments))| ToolCall {
            id: format!("c{index}"),
            name: (*name).to_owned(),
            arguments: arguments.clone(),
        });
    Turn {
        tool_calls: tool_calls.collect(),
        ..says("")
    }
}

pub(crate) fn reads(file: &str) -> Turn {
    calls(&[("read", json!({ "file": file }))])
}

/// Takes the turns that were written down, and remembers what it was asked.
#[derive(Debug)]
pub(crate) struct Script {
    turns: Mutex<VecDeque<Turn>>,
    pub(crate) asked: Mutex<Vec<TurnRequest>>,
    pub(crate) price: Option<Price>,
    pub(crate) takes: Duration,
}

impl Script {
    pub(crate) fn new(turns: impl IntoIterator<Item = Turn>) -> Self {
        Self {
            turns: Mutex::new(turns.into_iter().collect()),
            asked: Mutex::new(vec![]),
            price: None,
            takes: Duration::ZERO,
        }
    }

    pub(crate) fn requests(&self) -> Vec<TurnRequest> {
        self.asked.lock().unwrap().clone()
    }

    /// The last conversation, as text to search in.
    pub(crate) fn last_conversation(&self) -> String {
        let asked = self.asked.lock().unwrap();
        serde_json::to_string(&asked.last().unwrap().messages).unwrap()
    }
}

#[async_trait]
impl Model for Script {
    fn label(&self) -> String {
        "script".to_owned()
    }

    fn price(&self) -> Option<Price> {
        self.price
    }

    async fn turn(&self, request: &TurnRequest) -> Result<Turn, ModelError> {
        tokio::time::sleep(self.takes).await;
        self.asked.lock().unwrap().push(request.clone());
        Ok(self
            .turns
            .lock()
            .unwrap()
            .pop_front()
            .expect("a turn more than was written down"))
    }
}

/// Answers every call with the same text, and remembers what reached it.
pub(crate) struct Tools {
    pub(crate) offered: Vec<ToolSpec>,
    pub(crate) called: Vec<ToolCall>,
    pub(crate) refused: Vec<(ToolCall, Refusal)>,
    pub(crate) answer: String,
    pub(crate) takes: Duration,
    pub(crate) broken: bool,
}

impl Tools {
    pub(crate) fn new(answer: &str) -> Self {
        Self {
            offered: workspace_specs(["read", "write"]),
            called: vec![],
            refused: vec![],
            answer: answer.to_owned(),
            takes: Duration::ZERO,
            broken: false,
        }
    }

    pub(crate) fn rules(&self) -> Vec<&'static str> {
        self.refused
            .iter()
            .map(|(_, refusal)| refusal.rule())
            .collect()
    }
}

#[async_trait]
impl ToolBox for Tools {
    fn specs(&self) -> Vec<ToolSpec> {
        self.offered.clone()
    }

    async fn call(&mut self, call: &ToolCall) -> Result<ToolAnswer, Fatal> {
        tokio::time::sleep(self.takes).await;
        if self.broken {
            return Err(Fatal::new("the journal cannot be written"));
        }
        self.called.push(call.clone());
        Ok(ToolAnswer::done(self.answer.clone()))
    }

    async fn refused(&mut self, call: &ToolCall, refusal: &Refusal) -> Result<(), Fatal> {
        self.refused.push((call.clone(), refusal.clone()));
        Ok(())
    }
}
