//! Programs, run in the sandbox without a shell.

pub use crate::bindings::host::command::Completed;

use crate::{Failure, host};

/// A program with its arguments, not yet run.
#[derive(Clone, Debug)]
#[must_use = "a command does nothing until `run`"]
pub struct Command {
    program: String,
    arguments: Vec<String>,
}

impl Command {
    pub(crate) fn new(program: &str) -> Self {
        Self {
            program: program.to_owned(),
            arguments: Vec::new(),
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Runs it in the root of the workspace and waits for its end. An exit
    /// code other than 0 is no failure of the call.
    pub fn run(self) -> Result<Completed, Failure> {
        Ok(host::command::run(&self.program, &self.arguments)?)
    }
}

impl std::fmt::Display for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.program)?;
        self.arguments
            .iter()
            .try_for_each(|argument| write!(f, " {argument}"))
    }
}

impl Completed {
    /// Whether it came to its end by itself and said 0.
    pub fn succeeded(&self) -> bool {
        self.exit == Some(0) && !self.timed_out
    }

    /// The standard output as text; what is not UTF-8 is replaced.
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The standard error output as text; what is not UTF-8 is replaced.
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

pub(crate) fn available(program: &str) -> bool {
    host::command::available(program)
}
