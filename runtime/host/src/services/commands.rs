//! Running sandboxed programs in a view.
//!
//! In a gate every command sees the judged tree as it is: what an earlier one wrote is
//! gone. Programs are resolved outside of the workspace; the toolchain's profile takes what
//! steering it can out of the tree's hands.

use super::{Services, recorded};
use crate::view::View;
use minion_door::{Caller, Failure, Halt, Passed};
use minion_sandbox::NotFound;
use serde_json::json;
use std::sync::Arc;

/// The longest command line that is taken, in bytes.
const MOST_LINE: usize = 256 << 10;

/// A command that is over, as whoever called it sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Completed {
    /// The exit code, when it ended by itself.
    pub(crate) exit: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// Beginning and end only.
    pub(crate) truncated: bool,
    pub(crate) timed_out: bool,
}

/// Runs one command and waits for its end.
pub(crate) async fn run(
    services: &Arc<Services>,
    caller: &Caller,
    view: &View,
    program: &str,
    arguments: &[String],
) -> Passed<Completed> {
    let bytes = program.len() + arguments.iter().map(String::len).sum::<usize>();
    if bytes > MOST_LINE {
        let why = format!("a command line of {bytes} bytes; at most {MOST_LINE} are taken");
        return Ok(Err(Failure::Invalid(why)));
    }
    if let Err(limit) = services.door.meter().command() {
        return Ok(Err(Failure::Limit(limit)));
    }
    let verdict = caller.command(program, arguments);
    let request = json!({ "program": program, "arguments": arguments });
    let effect = |_permit| async {
        let done = execute(services, view, program, arguments).await?;
        let response = recorded::completed(&done);
        Ok((done, response))
    };
    services
        .door
        .pass_judged(caller, &recorded::RUN, request, verdict, effect)
        .await
}

/// Whether the program is granted and found.
pub(crate) fn available(
    services: &Services,
    caller: &Caller,
    view: &View,
    program: &str,
) -> Result<bool, Halt> {
    let request = json!({ "program": program });
    let answer = services
        .door
        .pass(caller, &recorded::AVAILABLE, request, |_| {
            let toolchains = &services.world()?.toolchains;
            let found = caller.program_granted(program)
                && toolchains
                    .resolve(program, &[], view.root(), view.caches())
                    .is_ok();
            Ok((found, json!(found)))
        })?;
    Ok(answer.unwrap_or(false))
}

async fn execute(
    services: &Services,
    view: &View,
    program: &str,
    arguments: &[String],
) -> Result<Completed, Failure> {
    let world = services.world()?;
    let stand = world
        .stand(view)
        .map_err(|e| Failure::Other(e.to_string()))?;
    let tool = world
        .toolchains
        .resolve(program, arguments, &stand.root, &stand.caches)
        .map_err(|e| Failure::Unavailable(not_found(&e)))?;
    view.touch();
    view.used(program, &tool);
    for folder in &tool.writable {
        world
            .sandbox
            .hand_over(folder)
            .map_err(|e| Failure::Other(e.to_string()))?;
    }
    let never = std::future::pending();
    let done = world
        .sandbox
        .run(stand.spec(&tool), never)
        .await
        .map_err(|e| Failure::Unavailable(e.to_string()))?;
    Ok(Completed {
        exit: done.exit,
        stdout: done.stdout,
        stderr: done.stderr,
        truncated: done.truncated,
        timed_out: done.timed_out,
    })
}

/// Where the operator's programs are is no affair of a guest or a model.
fn not_found(error: &NotFound) -> String {
    format!(
        "`{}` is not installed on this machine, or not where a run may take it from",
        error.program
    )
}
