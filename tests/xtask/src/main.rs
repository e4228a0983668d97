//! Developer commands, without anything to set up by hand.
//!
//! `cargo xtask demo` runs the standard blueprint on a sample project; `cargo xtask test`
//! passes every test. Both install the wasm target where it is missing, and say so.

#![expect(clippy::print_stderr, reason = "a command for people")]

mod demo;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

#[derive(Parser)]
#[command(about = "Developer commands of minion-rt")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Runs the fix-bug blueprint on a sample project with a failing test
    Demo(demo::Demo),
    /// Passes all tests
    Test {
        /// Handed to `cargo test`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    ensure_targets()?;
    match arguments.verb {
        Verb::Demo(demo) => demo.run(),
        Verb::Test { rest } => {
            run(cargo().args(["test", "--workspace", "--quiet"]).args(rest))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(&here).to_owned()
}

pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

/// Guests are compiled for wasm; the target comes with rustup.
fn ensure_targets() -> Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()?;
    let folder = String::from_utf8(output.stdout)?;
    if PathBuf::from(folder.trim()).is_dir() {
        return Ok(());
    }
    eprintln!("installing the target {TARGET}: rustup target add {TARGET}");
    let added = Command::new("rustup")
        .args(["target", "add", TARGET])
        .status();
    match added {
        Ok(status) if status.success() => Ok(()),
        _ => bail!("guests need the target {TARGET}; run: rustup target add {TARGET}"),
    }
}
