//! `minion:host/command`: sandboxed programs.

use crate::bindings::host::command as wit;
use crate::bindings::host::types::Failure;
use crate::guest::Guest;
use crate::services::commands;

impl wit::Host for Guest {
    async fn run(
        &mut self,
        program: String,
        arguments: Vec<String>,
    ) -> wasmtime::Result<Result<wit::Completed, Failure>> {
        let answer = commands::run(
            &self.services,
            &self.caller,
            &self.view,
            &program,
            &arguments,
        )
        .await?;
        Ok(answer
            .map(|done| wit::Completed {
                exit: done.exit,
                stdout: done.stdout,
                stderr: done.stderr,
                truncated: done.truncated,
                timed_out: done.timed_out,
            })
            .map_err(Into::into))
    }

    fn available(&mut self, program: String) -> wasmtime::Result<bool> {
        Ok(commands::available(
            &self.services,
            &self.caller,
            &self.view,
            &program,
        )?)
    }
}
