//! Builds the standard plugins from their source beside this crate, so that
//! the program carries exactly what the repository says.
//!
//! A missing WebAssembly target is installed where rustup is there, with a
//! warning that says so; else the build fails with the line that cures it.

#![expect(clippy::print_stderr, reason = "a build script that fails says why")]

use std::fmt::Write as _;
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
        .map_err(|error| error.to_string())?;
    let out = variable("OUT_DIR")?;
    for watched in WATCHED {
        println!("cargo::rerun-if-changed={}", top.join(watched).display());
    }
    let mut list = String::from("&[\n");
    for (name, folder) in PLUGINS {
        let built = plugin(name, &top.join(folder), &out)?;
        let file = format!("{}.wasm", name.replace(':', "-"));
        write(&out.join(&file), &built.wasm)?;
        let digest = built.bundle.digest.as_bytes();
        let _ = writeln!(
            list,
            "Shipped {{ name: {name:?}, digest: Digest::from_bytes({digest:?}), \
             bytes: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{file}\")) }},"
        );
    }
    list.push(']');
    write(&out.join("plugins.rs"), list.as_bytes())
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

fn write(file: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(file, bytes).map_err(|error| format!("{}: {error}", file.display()))
}
