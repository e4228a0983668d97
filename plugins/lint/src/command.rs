//! A command that the project names: its exit is its verdict, and lines such as
//! `src/a.c:12:3: message` are its findings.

use crate::{message, verdict::Looked};
use minion_sdk::prelude::*;
use minion_sdk::{Completed, ProjectCommand};

const TOOL: &str = "the project's command";

/// Runs it.
pub(crate) fn run(input: &Input<NoParameters>, named: &ProjectCommand) -> Result<Looked, Failure> {
    let completed = input
        .command(&named.program)
        .args(named.arguments.clone())
        .run()?;
    Ok(judge(&completed))
}

fn judge(completed: &Completed) -> Looked {
    // 126 and 127: the program was not there.
    let ended = completed
        .exit
        .is_some_and(|code| !(126..=127).contains(&code));
    if completed.timed_out || !ended {
        return Looked::blinded(TOOL, completed);
    }
    if completed.succeeded() {
        return Looked::found(TOOL, Vec::new());
    }
    let (stdout, stderr) = (completed.stdout_text(), completed.stderr_text());
    let mut findings = message::read(&stdout).findings;
    findings.extend(stdout.lines().chain(stderr.lines()).filter_map(finding));
    if findings.is_empty() {
        let said = stderr
            .lines()
            .chain(stdout.lines())
            .find(|line| !line.trim().is_empty());
        findings.push(Finding::error(
            said.unwrap_or("it failed and said nothing").trim(),
        ));
    }
    Looked::found(TOOL, findings)
}

/// `file:line: message` or `file:line:column: message`.
fn finding(line: &str) -> Option<Finding> {
    let (place, message) = line.split_once(": ")?;
    let mut parts = place.split(':');
    let file = parts.next()?;
    let number = parts.next()?.parse::<u32>().ok()?;
    let plain = !file.is_empty() && !file.starts_with('/') && !file.contains(char::is_whitespace);
    plain.then(|| Finding::error(message.trim()).at(file, number))
}

#[cfg(test)]
mod tests {
    use super::judge;
    use minion_sdk::testing::exited;

    #[test]
    fn places_in_the_output_become_findings() {
        let looked = judge(&exited(
            2,
            "src/a.c:12:3: warning: unused\nin file b:\n",
            "make: *** [lint] Error 1\n",
        ));
        assert_eq!(looked.findings.len(), 1);
        assert_eq!(
            (looked.findings[0].file.as_deref(), looked.findings[0].line),
            (Some("src/a.c"), Some(12))
        );
    }

    #[test]
    fn a_failure_without_places_keeps_its_first_words() {
        let looked = judge(&exited(1, "", "3 problems\n"));
        assert_eq!(looked.findings[0].message, "3 problems");
    }

    #[test]
    fn a_program_that_is_not_there_could_not_look() {
        assert!(judge(&exited(127, "", "make: not found")).blind.is_some());
    }
}
