//! `minion-rt build`.

use crate::exit::{DONE, Fail, chain, lines};
use crate::render::{say, talk};
use crate::settings::Settings;
use clap::Args;
use minion_bundle::{BuildError, BuildOptions, Built};
use minion_host::Engine;
use std::path::{Path, PathBuf};

/// Builds the one .wasm file of a blueprint or a plugin from its source
///
/// The folder has a minion.toml and is a Rust crate, or names a ready component. The same
/// source gives the same bytes.
#[derive(Args)]
pub(crate) struct Build {
    /// The folder with minion.toml
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Where to write the file [default: <name>.wasm]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Use no network
    #[arg(long)]
    offline: bool,
    /// Install the wasm target where it is missing
    #[arg(long)]
    install_targets: bool,
}

impl Build {
    pub(crate) fn run(&self) -> Result<u8, Fail> {
        let built = build(&self.folder, None, self.offline, self.install_targets)?;
        let name = built.bundle.manifest.name.to_string();
        let output = self.output.clone().unwrap_or_else(|| {
            let word = name.rsplit('/').next().unwrap_or("component");
            PathBuf::from(format!("{word}.wasm"))
        });
        std::fs::write(&output, &built.wasm)
            .map_err(|e| Fail::usage(format!("`{}` cannot be written: {e}", output.display())))?;
        say(&format!("{}  {}", built.bundle.digest, output.display()));
        Ok(DONE)
    }
}

/// Builds a folder of source; what there is to say goes to stderr.
pub(crate) fn build(
    folder: &Path,
    settings: Option<&Settings>,
    offline: bool,
    install_targets: bool,
) -> Result<Built, Fail> {
    let engine = Engine::new(None).map_err(|e| Fail::bug(chain(&e)))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Fail::bug)?;
    let describe = |component: &[u8]| {
        runtime
            .block_on(minion_host::describe(&engine, component))
            .map_err(|e| chain(&e))
    };
    let options = BuildOptions {
        target_dir: settings.map(Settings::built),
        install_targets,
        offline,
        quiet: settings.is_some(),
        shipped: &|name| minion_shipped::find(name).map(|plugin| plugin.bytes.to_vec()),
        describe: &describe,
        say: &|line| talk(line),
    };
    let built =
        minion_bundle::build(folder, &options).map_err(|e: BuildError| Fail::usage(lines(&e)))?;
    for note in &built.notes {
        talk(&format!("note   {note}"));
    }
    Ok(built)
}
