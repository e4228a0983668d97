//! What the tools did, in one line.

use minion_sdk::{Command, Completed, Failure, Output};

/// What one tool did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fixed {
    tool: String,
    /// How many files it changed, as far as it says.
    files: usize,
    trouble: Option<Trouble>,
}

#[derive(Clone, Debug, PartialEq)]
enum Trouble {
    /// It is not there.
    Missing(String),
    /// The operator doesn't want it run.
    Denied,
    /// It could not work on this source.
    Stopped(String),
}

impl Fixed {
    /// What a finished tool did.
    fn by(tool: &str, completed: &Completed, files: usize) -> Self {
        Self {
            tool: tool.to_owned(),
            files,
            trouble: trouble(completed),
        }
    }

    /// Runs a tool; `files` counts what it changed. One that is not granted is
    /// left out: the grant is a choice, and nothing depends on a fixer.
    pub(crate) fn run(
        tool: &str,
        command: Command,
        files: impl FnOnce(&Completed) -> usize,
    ) -> Result<Self, Failure> {
        match command.run() {
            Ok(completed) => Ok(Self::by(tool, &completed, files(&completed))),
            Err(Failure::Denied(_)) => Ok(Self {
                tool: tool.to_owned(),
                files: 0,
                trouble: Some(Trouble::Denied),
            }),
            Err(failure) => Err(failure),
        }
    }
}

fn trouble(completed: &Completed) -> Option<Trouble> {
    if completed.succeeded() {
        return None;
    }
    let stderr = completed.stderr_text();
    let error = stderr.lines().find(|line| line.starts_with("error"));
    let words = error
        .or(stderr.lines().next())
        .unwrap_or("it said nothing")
        .trim()
        .to_owned();
    let missing = completed
        .exit
        .is_some_and(|code| (126..=127).contains(&code))
        || words.contains("no such command")
        || words.contains("is not installed");
    Some(if missing {
        Trouble::Missing(words)
    } else {
        Trouble::Stopped(words)
    })
}

/// An error if a tool is missing, else a pass that says what was done.
pub(crate) fn of(fixed: &[Fixed]) -> Output {
    let mut words = Vec::new();
    for fixed in fixed {
        let Fixed {
            tool,
            files,
            trouble,
        } = fixed;
        match (trouble, files) {
            (Some(Trouble::Missing(why)), _) => return Output::error(format!("{tool}: {why}")),
            (Some(Trouble::Denied), _) => words.push(format!("{tool}: not granted")),
            (Some(Trouble::Stopped(why)), _) => words.push(format!("{tool} stopped: {why}")),
            (None, 0) => {}
            (None, 1) => words.push(format!("{tool}: 1 file changed")),
            (None, _) => words.push(format!("{tool}: {files} files changed")),
        }
    }
    if words.is_empty() {
        return Output::pass("nothing to do");
    }
    Output::pass(words.join("; "))
}
