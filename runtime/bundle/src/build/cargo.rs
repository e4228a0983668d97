//! A crate's folder in, the bytes of its core module out.
//!
//! Everything that could make the same source give other bytes is set from
//! outside: the profile, the flags, and the paths that the compiler writes
//! into panic messages. What an outer cargo left in the environment is taken
//! out, so that a build inside of a build script is the same build.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::target::{GUEST_TARGET, rustc};
use super::{BuildError, BuildOptions};

/// The profile of every guest, whatever the crate's own says.
const PROFILE: [(&str, &str); 9] = [
    ("CODEGEN_UNITS", "1"),
    ("DEBUG", "false"),
    ("DEBUG_ASSERTIONS", "false"),
    ("INCREMENTAL", "false"),
    ("LTO", "fat"),
    ("OPT_LEVEL", "s"),
    ("OVERFLOW_CHECKS", "false"),
    ("PANIC", "abort"),
    ("STRIP", "symbols"),
];

/// Compiles a crate to a core module.
pub(super) fn compile(source: &Path, options: &BuildOptions<'_>) -> Result<Vec<u8>, BuildError> {
    let project = Project::of(source, options)?;
    let target_dir = options
        .target_dir
        .clone()
        .unwrap_or_else(|| project.target_dir.join("minion"));
    let mut command = cargo(source, options);
    command
        .args([
            "rustc",
            "--lib",
            "--crate-type",
            "cdylib",
            "--release",
            "--target",
            GUEST_TARGET,
        ])
        .args([
            "--message-format",
            "json-render-diagnostics",
            "--manifest-path",
        ])
        .arg(source.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target_dir)
        .env(
            "CARGO_ENCODED_RUSTFLAGS",
            flags(source, &project, &target_dir)?,
        );
    if project.root.join("Cargo.lock").is_file() {
        command.arg("--locked");
    }
    for (key, value) in PROFILE {
        command.env(format!("CARGO_PROFILE_RELEASE_{key}"), value);
    }
    command.stderr(if options.quiet {
        Stdio::piped()
    } else {
        Stdio::inherit()
    });
    let output = command
        .output()
        .map_err(|error| BuildError::tool("cargo", error))?;
    if !output.status.success() {
        return Err(BuildError::Compiler {
            output: lossy(&output.stderr),
        });
    }
    let module =
        artifact(&output.stdout, &project.package).ok_or_else(|| BuildError::NoModule {
            source_dir: source.to_owned(),
        })?;
    std::fs::read(&module).map_err(|error| BuildError::read(&module, error))
}

/// A cargo that knows nothing of the one that may have started us.
fn cargo(source: &Path, options: &BuildOptions<'_>) -> Command {
    const KEPT: [&str; 9] = [
        "CARGO_HOME",
        "CARGO_HTTP_",
        "CARGO_MAKEFLAGS",
        "CARGO_NET_",
        "CARGO_REGISTR",
        "CARGO_SOURCE_",
        "CARGO_TARGET_DIR",
        "CARGO_TERM_",
        "CARGO_BUILD_JOBS",
    ];
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    for (key, _) in std::env::vars_os() {
        let name = key.to_string_lossy();
        let foreign = name.starts_with("CARGO_") && !KEPT.iter().any(|kept| name.starts_with(kept));
        if foreign || name.starts_with("RUSTFLAGS") || name.contains("RUSTC_W") {
            command.env_remove(&key);
        }
    }
    if options.offline {
        command.env("CARGO_NET_OFFLINE", "true");
    }
    command.current_dir(source);
    command
}

/// What cargo knows of the crate without resolving its dependencies.
struct Project {
    package: String,
    root: PathBuf,
    target_dir: PathBuf,
    /// The folders of the crates outside of the workspace that it is built
    /// from, by name.
    beside: BTreeMap<String, PathBuf>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    path: Option<PathBuf>,
}

impl Project {
    fn of(source: &Path, options: &BuildOptions<'_>) -> Result<Self, BuildError> {
        let metadata = metadata(source, options)?;
        let own = source.join("Cargo.toml");
        let package = metadata
            .packages
            .iter()
            .find(|package| same_file(&package.manifest_path, &own))
            .ok_or_else(|| BuildError::NoModule {
                source_dir: source.to_owned(),
            })?;
        let mut project = Self {
            package: package.id.clone(),
            root: metadata.workspace_root.clone(),
            target_dir: metadata.target_directory.clone(),
            beside: BTreeMap::new(),
        };
        project.follow(&metadata, options)?;
        Ok(project)
    }

    /// Path dependencies outside of the workspace, and theirs.
    fn follow(
        &mut self,
        metadata: &Metadata,
        options: &BuildOptions<'_>,
    ) -> Result<(), BuildError> {
        let dependencies = metadata
            .packages
            .iter()
            .flat_map(|package| &package.dependencies);
        for dependency in dependencies {
            let Some(path) = &dependency.path else {
                continue;
            };
            if path.starts_with(&self.root) || self.beside.values().any(|known| known == path) {
                continue;
            }
            self.beside.insert(dependency.name.clone(), path.clone());
            self.follow(&self::metadata(path, options)?, options)?;
        }
        Ok(())
    }
}

fn metadata(source: &Path, options: &BuildOptions<'_>) -> Result<Metadata, BuildError> {
    let output = cargo(source, options)
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--manifest-path",
        ])
        .arg(source.join("Cargo.toml"))
        .output()
        .map_err(|error| BuildError::tool("cargo", error))?;
    if !output.status.success() {
        return Err(BuildError::Compiler {
            output: lossy(&output.stderr),
        });
    }
    serde_json::from_slice(&output.stdout).map_err(|error| BuildError::Compiler {
        output: format!("cargo metadata: {error}"),
    })
}

fn same_file(left: &Path, right: &Path) -> bool {
    match (left.canonicalize(), right.canonicalize()) {
        (Ok(left), Ok(right)) => left == right,
        _ => false,
    }
}

/// The compiler's flags, in cargo's encoding: every folder of this machine
/// gets a name that is the same everywhere. Of several that fit, rustc takes
/// the last.
fn flags(source: &Path, project: &Project, target_dir: &Path) -> Result<String, BuildError> {
    let sysroot = PathBuf::from(rustc(source, &["--print", "sysroot"])?.trim_end());
    let mut folders = vec![(sysroot.join("lib/rustlib/src/rust"), "/rustc".to_owned())];
    if let Some(home) = cargo_home() {
        folders.push((home, "/cargo".to_owned()));
    }
    for (name, folder) in &project.beside {
        folders.push((folder.clone(), format!("/beside/{name}")));
    }
    folders.push((project.root.clone(), "/source".to_owned()));
    folders.push((target_dir.to_owned(), "/target".to_owned()));
    let flags = folders
        .iter()
        .map(|(folder, name)| format!("--remap-path-prefix={}={name}", folder.display()));
    Ok(flags.collect::<Vec<_>>().join("\u{1f}"))
}

fn cargo_home() -> Option<PathBuf> {
    let home = || std::env::home_dir().map(|home| home.join(".cargo"));
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(home)
}

/// The module among what cargo says that it made.
fn artifact(messages: &[u8], package: &str) -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        reason: String,
        package_id: Option<String>,
        #[serde(default)]
        filenames: Vec<PathBuf>,
    }
    let lines = messages.split(|&byte| byte == b'\n');
    let made = lines.filter_map(|line| serde_json::from_slice::<Message>(line).ok());
    made.filter(|message| message.reason == "compiler-artifact")
        .filter(|message| message.package_id.as_deref() == Some(package))
        .flat_map(|message| message.filenames)
        .find(|file| {
            file.extension()
                .is_some_and(|extension| extension == "wasm")
        })
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}
