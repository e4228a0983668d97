//! Rust: the toolchain's own programs instead of rustup's proxies, offline, with wrappers,
//! flags, linker, runner and aliases decided here and not by a `.cargo/config.toml`.

use std::fs;
use std::path::{Path, PathBuf};

use super::digest::Digests;
use super::search::{Search, beyond_system, is_executable};
use super::{Invocation, NotFound};
use crate::spec::HomeLink;

const PROGRAMS: [&str; 7] = [
    "cargo",
    "rustc",
    "rustdoc",
    "rustfmt",
    "cargo-clippy",
    "cargo-fmt",
    "clippy-driver",
];

/// Cargo's own short names, which a configuration could give another meaning.
const SHORT: [(&str, &str); 6] = [
    ("b", "build"),
    ("c", "check"),
    ("d", "doc"),
    ("r", "run"),
    ("rm", "remove"),
    ("t", "test"),
];

/// Starts its arguments and is nothing in between: takes the place of a configured runner.
const NO_RUNNER: &str = "/usr/bin/env";

/// One toolchain and the registry of the user that it belongs to.
#[derive(Debug)]
pub(super) struct Rust {
    prefix: PathBuf,
    cargo_home: PathBuf,
}

impl Rust {
    /// What `cargo` stands for on this host. A rustup proxy stands for the default toolchain.
    pub(super) fn find(search: &Search) -> Option<Self> {
        let cargo = search.find("cargo")?;
        let cargo_home = search
            .cargo_home
            .clone()
            .unwrap_or_else(|| search.home.join(".cargo"));
        let real = cargo.canonicalize().ok()?;
        let is_proxy = real.file_name().is_some_and(|name| name == "rustup")
            || cargo.with_file_name("rustup").exists();
        let prefix = if is_proxy {
            default_toolchain(search)?
        } else {
            real.parent()?.parent()?.to_owned()
        };
        is_executable(&prefix.join("bin/cargo")).then_some(Self { prefix, cargo_home })
    }

    pub(super) fn has(&self, program: &str) -> bool {
        PROGRAMS.contains(&program) && is_executable(&self.bin(program))
    }

    pub(super) fn resolve(
        &self,
        program: &str,
        args: &[String],
        search: &Search,
        caches: &Path,
        digests: &Digests,
    ) -> Result<Invocation, NotFound> {
        let (program, arguments) = self.directly(program, args, search);
        let target = caches.join("target");
        let unusable = |error| NotFound {
            program: program.display().to_string(),
            why: format!("its cache `{}` cannot be made: {error}", target.display()),
        };
        fs::create_dir_all(&target).map_err(unusable)?;
        let about = digests.version(&self.bin("rustc"), &["-vV"]);
        let (registry, git) = (
            self.cargo_home.join("registry"),
            self.cargo_home.join("git"),
        );
        let mut shown = beyond_system([self.prefix.clone(), registry, git]);
        shown.extend(
            beyond_system([program.clone()])
                .into_iter()
                .filter(|file| !file.starts_with(&self.prefix)),
        );
        Ok(Invocation {
            arguments,
            environment: self.environment(&target, &about),
            read_only: shown,
            home: self.home(),
            profile: "rust".to_owned(),
            digest: digests.of(&[&program, &self.bin("rustc")]),
            version: about.lines().next().unwrap_or_default().to_owned(),
            writable: vec![target.clone()],
            program,
        })
    }

    /// `cargo clippy` means the toolchain's `cargo-clippy`, whatever an alias says; likewise for
    /// every subcommand that is a program of its own outside of the workspace.
    fn directly(&self, program: &str, args: &[String], search: &Search) -> (PathBuf, Vec<String>) {
        let plain = (self.bin(program), args.to_vec());
        let Some((verb, rest)) = args.split_first().filter(|_| program == "cargo") else {
            return plain;
        };
        if let Some((_, whole)) = SHORT.iter().find(|(short, _)| short == verb) {
            let whole = (*whole).to_owned();
            return (plain.0, [std::slice::from_ref(&whole), rest].concat());
        }
        let is_name = verb
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        let name = format!("cargo-{verb}");
        let own = Some(self.bin(&name)).filter(|file| is_executable(file));
        let found = own.or_else(|| search.find(&name).filter(|file| !is_rustup_proxy(file)));
        match found.and_then(|file| file.canonicalize().ok()) {
            Some(file) if is_name && !verb.starts_with('-') => (file, args.to_vec()),
            _ => plain,
        }
    }

    fn environment(&self, target: &Path, about: &str) -> Vec<(String, String)> {
        let bin = |name| self.bin(name).display().to_string();
        let host = about
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .unwrap_or_default();
        let of_host = |what| {
            format!(
                "CARGO_TARGET_{}_{what}",
                host.to_uppercase().replace('-', "_")
            )
        };
        let path = format!(
            "{}:/usr/local/bin:/usr/bin:/bin",
            self.prefix.join("bin").display()
        );
        let mut all: Vec<(String, String)> = vec![
            ("PATH".into(), path),
            ("CARGO".into(), bin("cargo")),
            ("RUSTC".into(), bin("rustc")),
            ("RUSTDOC".into(), bin("rustdoc")),
            ("RUSTFMT".into(), bin("rustfmt")),
            ("CARGO_TARGET_DIR".into(), target.display().to_string()),
            ("CARGO_NET_OFFLINE".into(), "true".into()),
            ("CARGO_TERM_COLOR".into(), "never".into()),
            ("CARGO_TERM_PROGRESS_WHEN".into(), "never".into()),
        ];
        let emptied = [
            "RUSTC_WRAPPER",
            "RUSTC_WORKSPACE_WRAPPER",
            "CARGO_BUILD_RUSTC_WRAPPER",
            "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "RUSTDOCFLAGS",
            "CARGO_ENCODED_RUSTDOCFLAGS",
        ];
        all.extend(emptied.map(|name| (name.to_owned(), String::new())));
        if !host.is_empty() {
            all.push((of_host("RUNNER"), NO_RUNNER.to_owned()));
            let linker = ["/usr/bin/cc", "/bin/cc"]
                .into_iter()
                .find(|file| Path::new(file).exists());
            all.extend(linker.map(|file| (of_host("LINKER"), file.to_owned())));
        }
        all
    }

    /// Of the user's `CARGO_HOME` only what was downloaded: no credentials, no configuration.
    fn home(&self) -> Vec<HomeLink> {
        let link = |name: &str| HomeLink {
            name: Path::new(".cargo").join(name),
            target: self.cargo_home.join(name),
        };
        ["registry", "git"]
            .map(link)
            .into_iter()
            .filter(|link| link.target.exists())
            .collect()
    }

    fn bin(&self, name: &str) -> PathBuf {
        self.prefix.join("bin").join(name)
    }
}

fn is_rustup_proxy(file: &Path) -> bool {
    file.canonicalize()
        .is_ok_and(|real| real.file_name().is_some_and(|name| name == "rustup"))
}

/// Read from rustup's own files: running its proxy would ask the workspace which one to take.
fn default_toolchain(search: &Search) -> Option<PathBuf> {
    let rustup = search
        .rustup_home
        .clone()
        .unwrap_or_else(|| search.home.join(".rustup"));
    let settings = fs::read_to_string(rustup.join("settings.toml")).unwrap_or_default();
    let settings: toml::Table = settings.parse().unwrap_or_default();
    let chosen = settings
        .get("default_toolchain")
        .and_then(|name| name.as_str());
    let name = search.rustup_toolchain.as_deref().or(chosen)?;
    let toolchains = rustup.join("toolchains");
    let exact = toolchains.join(name).canonicalize().ok();
    exact.or_else(|| {
        // `stable` stands for `stable-<host>`.
        let entries = fs::read_dir(&toolchains).ok()?;
        let mut full: Vec<_> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        full.sort();
        let prefix = format!("{name}-");
        let named = full.into_iter().find(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with(&prefix))
        });
        named?.canonicalize().ok()
    })
}
