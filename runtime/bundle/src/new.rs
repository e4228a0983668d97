//! A folder's name in, a blueprint's project out, that builds, runs and has a
//! test. Refuses to write into a folder that has something in it.

use std::path::{Path, PathBuf};

use minion_grants::shown;
use thiserror::Error;

/// A folder with the source of minion-sdk, which a new project depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sdk(PathBuf);

/// How the SDK's package is called.
const SDK: &str = "minion-sdk";

impl Sdk {
    /// The SDK in this folder, if its `Cargo.toml` says that it is one.
    pub fn at(folder: &Path) -> Result<Self, NewError> {
        let not = |why: String| NewError::NotTheSdk {
            folder: folder.to_owned(),
            why,
        };
        let path = folder
            .canonicalize()
            .map_err(|error| not(error.to_string()))?;
        let text = std::fs::read_to_string(path.join("Cargo.toml"))
            .map_err(|error| not(format!("its Cargo.toml cannot be read: {error}")))?;
        match package_of(&text) {
            Some(name) if name == SDK => Ok(Self(path)),
            Some(name) => Err(not(format!("its Cargo.toml is that of `{}`", shown(&name)))),
            None => Err(not("its Cargo.toml names no package".to_owned())),
        }
    }

    /// The folder, by its real name.
    pub fn folder(&self) -> &Path {
        &self.0
    }
}

fn package_of(manifest: &str) -> Option<String> {
    let manifest: toml::Table = toml::from_str(manifest).ok()?;
    let name = manifest.get("package")?.get("name")?.as_str()?;
    Some(name.to_owned())
}

/// Why there is no new project.
#[derive(Debug, Error)]
pub enum NewError {
    /// The name can't be a blueprint's.
    #[error(
        "`{name}` is no name for a blueprint; take `namespace/name`, in a-z, 0-9 and `-`, e.g. `acme/fix-bug`"
    )]
    BadName {
        /// The name.
        name: String,
    },
    /// The folder is not the SDK's.
    #[error("there is no {SDK} at `{}`: {why}; name the folder `sdk` of minion-rt's repository", folder.display())]
    NotTheSdk {
        /// The folder.
        folder: PathBuf,
        /// What is there instead.
        why: String,
    },
    /// Something is there already.
    #[error("`{}` is there already and is not empty; take another folder", dir.display())]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
    },
    /// A file can't be written.
    #[error("`{}` cannot be written: {source}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Makes the project of a hello-world blueprint and returns the files in it.
pub fn new_project(dir: &Path, name: &str, sdk: &Sdk) -> Result<Vec<PathBuf>, NewError> {
    let package = package(name).ok_or_else(|| NewError::BadName { name: shown(name) })?;
    let full = dir
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some());
    if full {
        return Err(NewError::NotEmpty {
            dir: dir.to_owned(),
        });
    }
    let sdk = format!("{{ path = {:?} }}", sdk.folder().display().to_string());
    let mut written = Vec::new();
    for (file, text) in FILES {
        let text = text
            .replace("{{name}}", name)
            .replace("{{package}}", &package)
            .replace("{{sdk}}", &sdk);
        let path = dir.join(file);
        write(&path, &text).map_err(|source| NewError::Write {
            file: path.clone(),
            source,
        })?;
        written.push(path);
    }
    Ok(written)
}

/// By its path in the project; the ending keeps cargo from taking the
/// template for a crate.
const FILES: [(&str, &str); 5] = [
    (
        "Cargo.toml",
        include_str!("../template/Cargo.toml.template"),
    ),
    (
        "minion.toml",
        include_str!("../template/minion.toml.template"),
    ),
    ("src/lib.rs", include_str!("../template/lib.rs.template")),
    (
        "src/tests.rs",
        include_str!("../template/tests.rs.template"),
    ),
    (".gitignore", "/target\n"),
];

/// The name of the crate: with the namespace, so that it is never a keyword
/// or a name that cargo keeps for itself.
fn package(name: &str) -> Option<String> {
    let (namespace, rest) = name.split_once('/')?;
    (word(namespace) && word(rest)).then(|| format!("{namespace}-{rest}"))
}

fn word(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.len() <= 50
        && text.bytes().all(allowed)
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}
