//! Standard plugin: the project's tests.
//!
//! An exit code proves nothing here. A pass takes a report in which every
//! started runner came to its own end with counts that agree, and at least one
//! test. What a project's own code can still forge, because it runs in the
//! same process as its runner, is bounded by the host: it compares with the
//! base and names what steers a verdict.

mod cargo;
mod command;
mod libtest;
mod outcome;
mod python;
mod tap;

use minion_sdk::prelude::*;
use minion_sdk::{Ecosystem, Purpose};
use outcome::Tests;

plugin!(test);

/// Commands that the project names take the place of those for its ecosystem.
fn test(input: &Input<NoParameters>) -> Result<Output, Failure> {
    let mut tests = Vec::new();
    for named in input.project(Purpose::Test) {
        tests.push(command::run(input, named)?);
    }
    if tests.is_empty() {
        for ecosystem in input.workspace().ecosystems()? {
            tests.push(match ecosystem {
                Ecosystem::Cargo => cargo::run(input)?,
                Ecosystem::Python => python::run(input)?,
            });
        }
    }
    if tests.is_empty() {
        return Ok(Output::error(
            "neither a Cargo nor a Python project: name its test command in .minion/project.toml",
        ));
    }
    Ok(Tests::joined(tests).output())
}
