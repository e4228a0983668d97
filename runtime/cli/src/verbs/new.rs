//! `minion-rt new`.

use crate::exit::{DONE, Fail};
use crate::render::talk;
use clap::Args;
use minion_bundle::{SdkSource, new_project};
use std::path::PathBuf;

/// Makes a blueprint's project: it builds, runs and has a test
#[derive(Args)]
pub(crate) struct New {
    /// The folder to make
    folder: PathBuf,
    /// The blueprint's name, `namespace/name` [default: local/<folder>]
    #[arg(long)]
    name: Option<String>,
    /// A folder with minion-sdk's source; without it, the published version of this release
    #[arg(long, value_name = "FOLDER")]
    sdk: Option<PathBuf>,
}

impl New {
    pub(crate) fn run(&self) -> Result<u8, Fail> {
        let word = self
            .folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let name = match (&self.name, word) {
            (Some(name), _) => name.clone(),
            (None, Some(word)) => format!("local/{word}"),
            (None, None) => {
                return Err(Fail::usage(
                    "give the folder a name, or the blueprint one with --name",
                ));
            }
        };
        let sdk = match &self.sdk {
            Some(path) => SdkSource::Path(path.canonicalize().map_err(|e| {
                Fail::usage(format!("there is no SDK at `{}`: {e}", path.display()))
            })?),
            None => SdkSource::Version(env!("CARGO_PKG_VERSION").to_owned()),
        };
        let written = new_project(&self.folder, &name, &sdk).map_err(Fail::usage)?;
        for file in &written {
            talk(&format!("made   {}", file.display()));
        }
        let folder = self.folder.display();
        talk(&format!(
            "next   cargo test --manifest-path {folder}/Cargo.toml"
        ));
        talk(&format!(
            "       minion-rt exec {folder} --task \"say hello\" --allow-asked"
        ));
        Ok(DONE)
    }
}
