//! Standard plugin: the project's linters, findings structured.
//!
//! A linter that found nothing is a pass; one that could not look is an error,
//! never a pass. Settings of a project that would silence it are the host's to
//! name: it knows what the change touched.

mod cargo;
mod command;
mod message;
mod python;
mod verdict;

use minion_sdk::prelude::*;
use minion_sdk::{Ecosystem, Purpose};

plugin!(lint);

/// Commands that the project names take the place of those for its ecosystem.
fn lint(input: &Input<NoParameters>) -> Result<Output, Failure> {
    let mut looked = Vec::new();
    for named in input.project(Purpose::Lint) {
        looked.push(command::run(input, named)?);
    }
    if looked.is_empty() {
        for ecosystem in input.workspace().ecosystems()? {
            match ecosystem {
                Ecosystem::Cargo => looked.extend(cargo::run(input)?),
                Ecosystem::Python => looked.push(python::run(input)?),
            }
        }
    }
    if looked.is_empty() {
        return Ok(Output::error(
            "neither a Cargo nor a Python project: name its lint command in .minion/project.toml",
        ));
    }
    Ok(verdict::of(looked))
}
