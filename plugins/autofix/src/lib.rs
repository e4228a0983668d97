//! Standard plugin: lets the project's own tools mend what they can.
//!
//! Nothing to do is a pass, and so is source that a tool can't parse: judging
//! is the gates' work. Only a tool that is missing is an error.

mod cargo;
mod outcome;
mod python;

use minion_sdk::prelude::*;
use minion_sdk::{Ecosystem, Purpose};
use outcome::Fixed;

plugin!(fix);

/// Commands that the project names take the place of those for its ecosystem.
fn fix(input: &Input<NoParameters>) -> Result<Output, Failure> {
    let mut fixed = Vec::new();
    for named in input.project(Purpose::Fix) {
        let command = input.command(&named.program).args(named.arguments.clone());
        fixed.push(Fixed::run(&named.program, command, |_| 0)?);
    }
    if fixed.is_empty() {
        for ecosystem in input.workspace().ecosystems()? {
            fixed.extend(match ecosystem {
                Ecosystem::Cargo => cargo::run(input)?,
                Ecosystem::Python => python::run(input)?,
            });
        }
    }
    Ok(outcome::of(&fixed))
}
