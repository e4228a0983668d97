//! The `minion-rt` command: one file per verb, exit codes in one place.
//!
//! stdout is data, stderr is talk. A user's mistake is one message that names the thing and
//! the cure; a stack trace would be a bug of ours.

mod exit;
mod render;
mod settings;
mod verbs;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Runs blueprints: state machines that let coding agents work unattended on real
/// repositories, sandboxed, and come back with a verified change
#[derive(Parser)]
#[command(name = "minion-rt", version, after_help = exit::HELP)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Exec(Box<verbs::exec::Exec>),
    Resume(verbs::resume::Resume),
    Approve(verbs::decide::Approve),
    Reject(verbs::decide::Reject),
    Cancel(verbs::cancel::Cancel),
    Replay(verbs::replay::Replay),
    Inspect(verbs::inspect::Inspect),
    Runs(verbs::runs::Runs),
    Audit(verbs::audit::Audit),
    Build(verbs::build::Build),
    New(verbs::new::New),
}

fn main() -> ExitCode {
    // A process that the sandbox starts is a stage of it and nothing else.
    if let Some(code) = minion_sandbox::stage_main() {
        return ExitCode::from(u8::try_from(code).unwrap_or(exit::BUG));
    }
    let json = exit::wants_json(std::env::args_os());
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return exit::usage(&error, json),
    };
    trace();
    let done = match arguments.verb {
        Verb::Exec(verb) => verb.run(),
        Verb::Resume(verb) => verb.run(),
        Verb::Approve(verb) => verb.run(),
        Verb::Reject(verb) => verb.run(),
        Verb::Cancel(verb) => verb.run(),
        Verb::Replay(verb) => verb.run(),
        Verb::Inspect(verb) => verb.run(),
        Verb::Runs(verb) => verb.run(),
        Verb::Audit(verb) => verb.run(),
        Verb::Build(verb) => verb.run(),
        Verb::New(verb) => verb.run(),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(fail) => fail.report(json),
    }
}

/// `MINION_RT_LOG=debug` shows what happens inside.
fn trace() {
    let Ok(filter) = tracing_subscriber::EnvFilter::try_from_env("MINION_RT_LOG") else {
        return;
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
