//! What the host adds: each figure beside its floor, measured in turns in this one run.
//!
//! `cargo bench -p minion-host --features bench` prints medians of processor or wall time
//! and their ratio to bare wasmtime: a fresh instance with one step, a call of the host,
//! the way of `exec` from its first line to the first host call, and runs of a thousand visits.
//! `-- laps` prints one table: `instance`, `calls`, `start` or `laps`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for people to read"
)]

mod calls;
mod instance;
mod laps;
mod measure;
mod raw;
mod start;
mod world;

use std::process::ExitCode;

/// Measures and prints one table.
type Figures = fn(&world::World);

fn main() -> ExitCode {
    // The sandbox starts this program for its stages, and `start` for its children.
    if let Some(code) = minion_sandbox::stage_main() {
        return ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX));
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(child) = start::Child::from_arguments(&arguments) {
        child.run();
        return ExitCode::SUCCESS;
    }
    // `cargo bench` passes `--bench`; `cargo test --benches` does not.
    if arguments.iter().any(|argument| argument == "--bench") {
        let world = world::World::new();
        let named: Vec<_> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
        let all: [(&str, Figures); 4] = [
            ("instance", instance::figures),
            ("calls", calls::figures),
            ("start", start::figures),
            ("laps", laps::figures),
        ];
        for (name, figures) in all {
            if named.is_empty() || named.iter().any(|wanted| *wanted == name) {
                figures(&world);
            }
        }
    }
    ExitCode::SUCCESS
}
