//! `minion-rt new`.

use crate::exit::{DONE, Fail};
use crate::render::talk;
use clap::Args;
use minion_bundle::{Sdk, new_project};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Makes a blueprint's project: it builds, runs and has a test
#[derive(Args)]
pub(crate) struct New {
    /// The folder to make
    folder: PathBuf,
    /// The blueprint's name, `namespace/name` [default: local/<folder>]
    #[arg(long)]
    name: Option<String>,
    /// The folder with minion-sdk's source [default: the one that minion-rt was built beside]
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
            Some(folder) => Sdk::at(folder).map_err(Fail::usage)?,
            None => found()?,
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

/// Where the SDK stood when this program was built.
const BUILT_BESIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk");

/// The SDK that this program was built beside, if it is still there. On another machine the
/// place may be anybody's, so it counts only where it is ours or the system's.
fn found() -> Result<Sdk, Fail> {
    let sdk = Sdk::at(Path::new(BUILT_BESIDE)).ok();
    let Some(sdk) = sdk.filter(|sdk| is_trusted(sdk.folder())) else {
        return Err(Fail::usage(
            "minion-sdk is not published yet: give --sdk, the folder `sdk` of minion-rt's repository",
        ));
    };
    let folder = sdk.folder().display();
    talk(&format!("sdk    {folder}  (--sdk names another)"));
    Ok(sdk)
}

fn is_trusted(folder: &Path) -> bool {
    let owner = |path: &Path| path.metadata().map(|found| found.uid());
    match (owner(folder), owner(Path::new("/proc/self"))) {
        (Ok(owner), Ok(own)) => owner == own || owner == 0,
        _ => false,
    }
}
