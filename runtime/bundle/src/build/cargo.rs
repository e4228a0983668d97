//! A crate's folder in, the bytes of its core module out.
//!
//! Everything that could make the same source give other bytes is set from
//! outside: the profile, the flags, and the paths that the compiler writes
//! into panic messages. What an outer cargo left in the environment is taken
//! out, so that a build inside of a build script is the same build.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::BuildError;
use super::project::Project;
use super::target::GUEST_TARGET;
use super::tools::Tools;

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

/// What of an outer cargo's environment is about the machine, not the build.
const KEPT: [&str; 9] = [
    "CARGO_BUILD_JOBS",
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_MAKEFLAGS",
    "CARGO_NET_",
    "CARGO_REGISTR",
    "CARGO_SOURCE_",
    "CARGO_TARGET_DIR",
    "CARGO_TERM_",
];

/// How cargo is called.
#[derive(Debug)]
pub(super) struct Cargo<'a> {
    pub(super) tools: &'a Tools,
    /// None: `minion` in the crate's own target folder.
    pub(super) target_dir: Option<&'a Path>,
    pub(super) offline: bool,
    /// The compiler's messages go into the error, not to the terminal.
    pub(super) quiet: bool,
}

impl Cargo<'_> {
    /// Compiles a crate to a core module.
    pub(super) fn compile(&self, source: &Path) -> Result<Vec<u8>, BuildError> {
        let project = Project::of(source, self)?;
        let default = project.target_dir.join("minion");
        let target_dir = self.target_dir.unwrap_or(&default);
        let mut command = self.command(source);
        command
            .args(["rustc", "--lib", "--crate-type", "cdylib", "--release"])
            .args([
                "--target",
                GUEST_TARGET,
                "--message-format",
                "json-render-diagnostics",
            ])
            .arg("--manifest-path")
            .arg(source.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(target_dir)
            .env(
                "CARGO_ENCODED_RUSTFLAGS",
                self.flags(source, &project, target_dir)?,
            )
            .envs(PROFILE.map(|(key, value)| (format!("CARGO_PROFILE_RELEASE_{key}"), value)))
            .stderr(if self.quiet {
                Stdio::piped()
            } else {
                Stdio::inherit()
            });
        if project.root.join("Cargo.lock").is_file() {
            command.arg("--locked");
        }
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
    pub(super) fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.tools.cargo);
        for (key, _) in std::env::vars_os() {
            let name = key.to_string_lossy();
            let kept = KEPT.iter().any(|kept| name.starts_with(kept));
            let wrapper = matches!(&*name, "RUSTC_WRAPPER" | "RUSTC_WORKSPACE_WRAPPER");
            if (name.starts_with("CARGO_") && !kept) || name == "RUSTFLAGS" || wrapper {
                command.env_remove(&key);
            }
        }
        if self.offline {
            command.env("CARGO_NET_OFFLINE", "true");
        }
        command.current_dir(folder);
        command
    }

    /// The compiler's flags, in cargo's encoding: every folder of this
    /// machine gets a name that is the same everywhere. Of several that fit,
    /// rustc takes the last.
    fn flags(&self, source: &Path, project: &Project, target: &Path) -> Result<String, BuildError> {
        let sysroot = PathBuf::from(self.tools.rustc(source, &["--print", "sysroot"])?);
        let mut folders = vec![(sysroot.join("lib/rustlib/src/rust"), "/rustc".to_owned())];
        folders.extend(cargo_home().map(|home| (home, "/cargo".to_owned())));
        for (name, folder) in &project.beside {
            folders.push((folder.clone(), format!("/beside/{name}")));
        }
        folders.push((project.root.clone(), "/source".to_owned()));
        folders.push((target.to_owned(), "/target".to_owned()));
        let flags = folders
            .iter()
            .map(|(folder, name)| format!("--remap-path-prefix={}={name}", folder.display()));
        Ok(flags.collect::<Vec<_>>().join("\u{1f}"))
    }
}

fn cargo_home() -> Option<PathBuf> {
    let default = || std::env::home_dir().map(|home| home.join(".cargo"));
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(default)
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

/// What a program said, to be shown as it is.
pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}
