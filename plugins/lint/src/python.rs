//! Python projects: ruff where it is, else the interpreter's own compiler.
//! Neither runs code of the project. Ruff looks without the settings of the
//! tree, so that these can't silence it.

use crate::verdict::Looked;
use minion_sdk::Completed;
use minion_sdk::prelude::*;
use serde::Deserialize;

const CHECK: &str = include_str!("python/check.py");
/// The rules are named: which ones ruff has by default depends on its version.
const RUFF: [&str; 7] = [
    "check",
    "--isolated",
    "--no-cache",
    "--no-respect-gitignore",
    "--select=E4,E7,E9,F",
    "--output-format=pylint",
    ".",
];

/// Ruff's findings, or those of the compiler.
pub(crate) fn run(input: &Input<NoParameters>) -> Result<Looked, Failure> {
    if input.available("ruff") {
        let completed = input.command("ruff").args(RUFF).run()?;
        return Ok(judge_ruff(&completed));
    }
    let completed = input.command("python3").args(["-I", "-c", CHECK]).run()?;
    Ok(judge_compiler(&completed))
}

/// `src/a.py:12: [F401] message`; exit 1 with findings, 0 without.
fn judge_ruff(completed: &Completed) -> Looked {
    let stdout = completed.stdout_text();
    let findings: Vec<_> = stdout.lines().filter_map(ruff_finding).collect();
    let told = if findings.is_empty() {
        Some(0)
    } else {
        Some(1)
    };
    if completed.exit != told || completed.truncated || completed.timed_out {
        return Looked::blinded("ruff", completed);
    }
    Looked::found("ruff", findings)
}

fn ruff_finding(line: &str) -> Option<Finding> {
    let (place, rest) = line.split_once(": [")?;
    let (file, number) = place.rsplit_once(':')?;
    let (rule, message) = rest.split_once("] ")?;
    Some(
        Finding::error(message)
            .at(file, number.parse::<u32>().ok()?)
            .rule(rule),
    )
}

#[derive(Deserialize)]
struct Compiled {
    checked: usize,
    findings: Vec<CompilerFinding>,
}

#[derive(Deserialize)]
struct CompilerFinding {
    file: String,
    line: Option<u32>,
    rule: String,
    message: String,
}

fn judge_compiler(completed: &Completed) -> Looked {
    let compiled = serde_json::from_slice::<Compiled>(&completed.stdout);
    match compiled {
        Ok(compiled) if completed.succeeded() && compiled.checked > 0 => {
            let findings = compiled.findings.into_iter().map(|found| {
                Finding::error(found.message)
                    .at(found.file, found.line)
                    .rule(found.rule)
            });
            Looked::found("python3", findings.collect())
        }
        Ok(compiled) if compiled.checked == 0 => {
            Looked::blind("python3", "there is no Python file")
        }
        _ => Looked::blinded("python3", completed),
    }
}

#[cfg(test)]
#[path = "python_tests.rs"]
mod tests;
