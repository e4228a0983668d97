//! Running sandboxed programs in a view.
//!
//! In a gate every command sees the judged tree as it is: what an earlier one wrote is
//! gone. Programs are resolved outside of the workspace; the toolchain's profile takes what
//! steering it can out of the tree's hands.

use super::Services;
use super::files::summary;
use crate::view::View;
use minion_door::{Caller, Failure, Halt, calls};
use minion_sandbox::{Finished, NotFound};
use serde_json::json;
use std::sync::Arc;

/// The longest command line that is taken, in bytes.
const MOST_LINE: usize = 256 << 10;

type Passed<T> = Result<Result<T, Failure>, Halt>;

/// Runs one command and waits for its end.
pub(crate) async fn run(
    services: &Arc<Services>,
    caller: &Caller,
    view: &View,
    program: &str,
    arguments: &[String],
) -> Passed<Finished> {
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
        let response = json!({
            "exit": done.exit, "signal": done.signal, "timed-out": done.timed_out,
            "stdout": summary(&done.stdout), "stderr": summary(&done.stderr),
        });
        Ok((done, response))
    };
    services
        .door
        .pass_judged(caller, &calls::COMMAND_RUN, request, verdict, effect)
        .await
}

/// Whether the program is granted and found.
pub(crate) fn available(
    services: &Services,
    caller: &Caller,
    view: &View,
    program: &str,
) -> Result<bool, Halt> {
    let found = caller.program_granted(program)
        && services
            .toolchains
            .resolve(program, &[], view.root(), view.caches())
            .is_ok();
    let answer = services.door.pass(
        caller,
        &calls::COMMAND_AVAILABLE,
        json!({ "program": program }),
        |_| Ok((found, json!(found))),
    )?;
    Ok(answer.unwrap_or(false))
}

async fn execute(
    services: &Services,
    view: &View,
    program: &str,
    arguments: &[String],
) -> Result<Finished, Failure> {
    let stand = services
        .stand(view)
        .map_err(|e| Failure::Other(e.to_string()))?;
    let tool = services
        .toolchains
        .resolve(program, arguments, &stand.root, &stand.caches)
        .map_err(|e| Failure::Unavailable(not_found(&e)))?;
    view.touch();
    view.used(program, &tool);
    for folder in &tool.writable {
        services
            .sandbox
            .hand_over(folder)
            .map_err(|e| Failure::Other(e.to_string()))?;
    }
    let never = std::future::pending();
    services
        .sandbox
        .run(stand.spec(&tool), never)
        .await
        .map_err(|e| Failure::Unavailable(e.to_string()))
}

/// Where the operator's programs are is no affair of a guest or a model.
fn not_found(error: &NotFound) -> String {
    format!(
        "`{}` is not installed on this machine, or not where a run may take it from",
        error.program
    )
}
