//! Builds the standard plugins from their source beside this crate, so that
//! the program carries exactly what the repository says.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use minion_bundle::{BuildOptions, build};

/// What is built, and by which name it is bundled.
const PLUGINS: [(&str, &str); 3] = [
    ("std:autofix", "plugins/autofix"),
    ("std:lint", "plugins/lint"),
    ("std:test", "plugins/test"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let top = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?)
        .join("../..")
        .canonicalize()?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    for watched in ["plugins", "sdk", "wit"] {
        println!("cargo::rerun-if-changed={}", top.join(watched).display());
    }
    let mut list = String::from("&[\n");
    for (name, folder) in PLUGINS {
        let source = top.join(folder);
        if !source.join("minion.toml").is_file() {
            continue;
        }
        let file = out.join(name.replace(':', "-")).with_extension("wasm");
        std::fs::write(&file, plugin(name, &source, &out)?)?;
        writeln!(
            list,
            "Shipped {{ name: {name:?}, bytes: include_bytes!({file:?}) }},"
        )?;
    }
    list.push(']');
    std::fs::write(out.join("plugins.rs"), list)?;
    Ok(())
}

/// A build script's output is shown only when it fails, so the compiler's
/// messages go into the error.
fn plugin(name: &str, source: &Path, out: &Path) -> Result<Vec<u8>, String> {
    let options = BuildOptions {
        target_dir: Some(out.join("guests")),
        install_targets: true,
        quiet: true,
        say: &|line| println!("cargo::warning={line}"),
        ..BuildOptions::default()
    };
    match build(source, &options) {
        Ok(built) => Ok(built.wasm),
        Err(error) => Err(format!("{name}: {error}")),
    }
}
