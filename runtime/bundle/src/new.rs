//! A folder's name in, a blueprint's project out, that builds, runs and has a
//! test. Refuses to write into a folder that has something in it.

use std::path::{Path, PathBuf};

use minion_grants::shown;
use thiserror::Error;

/// Where a new project gets minion-sdk from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SdkSource {
    /// A folder with its source.
    Path(PathBuf),
    /// A published version.
    Version(String),
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
pub fn new_project(dir: &Path, name: &str, sdk: &SdkSource) -> Result<Vec<PathBuf>, NewError> {
    let package = package(name).ok_or_else(|| NewError::BadName { name: shown(name) })?;
    let full = dir
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some());
    if full {
        return Err(NewError::NotEmpty {
            dir: dir.to_owned(),
        });
    }
    let sdk = match sdk {
        SdkSource::Path(path) => format!("{{ path = {:?} }}", path.display().to_string()),
        SdkSource::Version(version) => format!("{version:?}"),
    };
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
const FILES: [(&str, &str); 6] = [
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
    (
        "prompts/greet.md",
        include_str!("../template/greet.md.template"),
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
