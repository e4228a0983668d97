//! `minion:host/agent`: the model that the host provides.

use crate::bindings::host::agent as wit;
use crate::bindings::host::types::Failure;
use crate::guest::Guest;
use crate::imports::findings_from_guest;
use crate::services::agentic::{self, Wish};

impl wit::Host for Guest {
    async fn run(&mut self, task: wit::Task) -> wasmtime::Result<Result<wit::Report, Failure>> {
        let wish = Wish {
            prompt: task.prompt,
            task: task.task,
            findings: findings_from_guest(task.findings),
            context: task.context,
            tools: task.tools,
            max_turns: task.max_turns,
        };
        let limits = self.agent.clone();
        let answer = agentic::run(&self.services, &self.caller, &self.view, limits, wish).await?;
        Ok(answer
            .map(|report| wit::Report {
                summary: report.summary,
                output: report.output.map(|output| output.to_string()),
                turns: report.spent.turns,
                tool_calls: report.spent.tool_calls,
                input_tokens: report.spent.input_tokens,
                output_tokens: report.spent.output_tokens,
            })
            .map_err(Into::into))
    }
}
