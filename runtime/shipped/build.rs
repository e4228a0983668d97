//! Builds the standard plugins from their source beside this crate, so that
//! the program carries exactly what the repository says.
//!
//! A missing WebAssembly target is installed where rustup is there, with a
//! warning that says so; else the build fails with the line that cures it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a build script talks by printing"
)]

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use minion_bundle::{BuildOptions, Built, build};

/// What is built, and the name by which it is bundled; sorted.
const PLUGINS: [(&str, &str); 3] = [
    ("std:autofix", "plugins/autofix"),
    ("std:lint", "plugins/lint"),
    ("std:test", "plugins/test"),
];

/// Whatever the plugins are made of.
const WATCHED: [&str; 5] = ["Cargo.lock", "Cargo.toml", "plugins", "sdk", "wit"];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let variable = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .ok_or(format!("{name} is not set"))
    };
    let top = variable("CARGO_MANIFEST_DIR")?
        .join("../..")
        .canonicalize()
        .map_err(text)?;
    let out = variable("OUT_DIR")?;
    for watched in WATCHED {
        println!("cargo::rerun-if-changed={}", top.join(watched).display());
    }
    let mut list = String::from("&[\n");
    for (name, folder) in PLUGINS {
        let built = plugin(name, &top.join(folder), &out)?;
        let file = out.join(name.replace(':', "-")).with_extension("wasm");
        std::fs::write(&file, &built.wasm).map_err(text)?;
        let digest = built.bundle.digest.as_bytes();
        let _ = writeln!(
            list,
            "Shipped {{ name: {name:?}, digest: Digest::from_bytes({digest:?}), bytes: include_bytes!({file:?}) }},"
        );
    }
    list.push(']');
    std::fs::write(out.join("plugins.rs"), list).map_err(text)
}

/// A build script's output is shown only when it fails, so the compiler's
/// messages go into the error.
fn plugin(name: &str, source: &Path, out: &Path) -> Result<Built, String> {
    let options = BuildOptions {
        target_dir: Some(guests(out)),
        install_targets: true,
        quiet: true,
        say: &|line| println!("cargo::warning={line}"),
        ..BuildOptions::default()
    };
    build(source, &options).map_err(|error| format!("{name} cannot be built: {error}"))
}

/// One folder for all profiles of this crate: `target/guests`, seen from
/// `target/<profile>/build/<crate>/out`.
fn guests(out: &Path) -> PathBuf {
    out.ancestors().nth(4).unwrap_or(out).join("guests")
}

fn text(error: io::Error) -> String {
    error.to_string()
}
