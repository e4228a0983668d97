//! An agent's tools: the same services that a step's calls reach, so the same judge, the
//! same limits and the same records. What a tool says is data for the model.

use super::commands::Completed;
use super::{Services, commands, files};
use crate::view::View;
use async_trait::async_trait;
use minion_agents::{
    Fatal, Refusal, ToolAnswer, ToolBox, ToolCall, ToolSpec, WorkspaceCall, workspace_specs,
};
use minion_door::{Caller, Failure, Halt, calls};
use minion_grants::{CapabilityKind, Denial};
use minion_workspace::{EntryKind, FileEntry, Found};
use serde_json::json;
use std::sync::Arc;

/// Bytes of a command's output that a model is shown, from its end.
const SHOWN_OUTPUT: usize = 16 << 10;

/// The tools of one agent.
pub(crate) struct DoorTools<'a> {
    services: &'a Arc<Services>,
    caller: &'a Caller,
    view: &'a Arc<View>,
    tools: Vec<String>,
}

impl<'a> DoorTools<'a> {
    /// `tools` is what node, grant and call agree on.
    pub(crate) fn new(
        services: &'a Arc<Services>,
        caller: &'a Caller,
        view: &'a Arc<View>,
        tools: Vec<String>,
    ) -> Self {
        Self {
            services,
            caller,
            view,
            tools,
        }
    }

    async fn perform(&self, call: WorkspaceCall) -> Result<Result<String, Failure>, Halt> {
        let (services, caller, view) = (self.services.as_ref(), self.caller, self.view.as_ref());
        Ok(match call {
            WorkspaceCall::Read(a) => files::read(services, caller, view, &a.file)?
                .map(|content| lines(&content, a.first_line, a.lines)),
            WorkspaceCall::List(a) => {
                files::list(services, caller, view, &a.directory)?.map(|entries| listing(&entries))
            }
            WorkspaceCall::Search(a) => {
                files::search(services, caller, view, &a.pattern, &a.beneath)?
                    .map(|hits| found(&hits))
            }
            WorkspaceCall::Edit(a) => files::edit(services, caller, view, &a.file, &a.old, &a.new)?
                .map(|()| format!("edited {}", a.file)),
            WorkspaceCall::Write(a) => {
                files::write(services, caller, view, &a.file, a.content.as_bytes())?
                    .map(|()| format!("wrote {}", a.file))
            }
            WorkspaceCall::Run(a) => {
                commands::run(self.services, caller, view, &a.program, &a.arguments)
                    .await?
                    .map(|done| ended(&done))
            }
        })
    }
}

#[async_trait]
impl ToolBox for DoorTools<'_> {
    fn specs(&self) -> Vec<ToolSpec> {
        workspace_specs(self.tools.iter().map(String::as_str))
    }

    async fn call(&mut self, call: &ToolCall) -> Result<ToolAnswer, Fatal> {
        if self.services.door.meter().tool_call().is_err() {
            return Err(Fatal::new(Halt::Stopped(
                "the run's budget of tool calls is spent".to_owned(),
            )));
        }
        let typed = match WorkspaceCall::parse(call) {
            Ok(typed) => typed,
            Err(refusal) => return Ok(ToolAnswer::error(refusal.to_string())),
        };
        match self.perform(typed).await.map_err(Fatal::new)? {
            Ok(text) => Ok(ToolAnswer::done(text)),
            Err(failure) => Ok(ToolAnswer::error(failure.to_string())),
        }
    }

    async fn refused(&mut self, call: &ToolCall, refusal: &Refusal) -> Result<(), Fatal> {
        let request = json!({ "tool": call.name, "arguments": call.arguments });
        let denial = Denial {
            capability: CapabilityKind::Agent,
            target: refusal.target(&call.name),
            rule: refusal.rule().to_owned(),
            cure: refusal.cure(),
        };
        self.services
            .door
            .refuse(self.caller, &calls::AGENT_TOOL, request, denial)
            .map_err(Fatal::new)?;
        Ok(())
    }
}

fn lines(content: &[u8], first: Option<u32>, count: Option<u32>) -> String {
    let text = String::from_utf8_lossy(content);
    if first.is_none() && count.is_none() {
        return text.into_owned();
    }
    let skipped = first.unwrap_or(1).saturating_sub(1) as usize;
    let taken = count.map_or(usize::MAX, |count| count as usize);
    text.split_inclusive('\n')
        .skip(skipped)
        .take(taken)
        .collect()
}

fn listing(entries: &[FileEntry]) -> String {
    let name = |entry: &FileEntry| match entry.kind {
        EntryKind::Directory => format!("{}/\n", entry.name),
        EntryKind::File => format!("{}\n", entry.name),
        EntryKind::Symlink => format!("{} (link)\n", entry.name),
    };
    entries.iter().map(name).collect()
}

fn found(found: &Found) -> String {
    if found.hits.is_empty() {
        return "no line matches".to_owned();
    }
    let lines = found
        .hits
        .iter()
        .map(|hit| format!("{}:{}: {}\n", hit.file, hit.line, hit.text));
    let more = found
        .truncated
        .then(|| "(there is more: search more narrowly)\n".to_owned());
    lines.chain(more).collect()
}

fn ended(done: &Completed) -> String {
    let how = match (done.timed_out, done.exit) {
        (true, _) => "ran out of time and was killed".to_owned(),
        (false, Some(code)) => format!("exit code {code}"),
        (false, None) => "was ended by a signal".to_owned(),
    };
    format!(
        "{how}\n--- stdout\n{}\n--- stderr\n{}",
        tail(&done.stdout),
        tail(&done.stderr)
    )
}

fn tail(output: &[u8]) -> String {
    let from = output.len().saturating_sub(SHOWN_OUTPUT);
    String::from_utf8_lossy(&output[from..]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_lines_is_cut_out() {
        assert_eq!(lines(b"a\nb\nc\n", Some(2), Some(1)), "b\n");
        assert_eq!(lines(b"a\nb\nc", Some(3), None), "c");
        assert_eq!(lines(b"a\nb", Some(9), None), "");
    }
}
