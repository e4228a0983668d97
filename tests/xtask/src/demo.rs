//! The main job on a sample: a copy of it becomes a git repository, the blueprint is built
//! and run on it with a cassette in place of a model.

use crate::{cargo, root, run};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The sample projects.
#[derive(Clone, Copy, ValueEnum)]
enum Sample {
    /// A package with a failing unittest
    Python,
    /// A crate with a failing test
    Rust,
    /// A clone of this very repository: the agent adds a test to one of its rooms
    Itself,
}

impl Sample {
    fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Rust => "rust",
            Self::Itself => "itself",
        }
    }

    fn task(self) -> &'static str {
        match self {
            Self::Python | Self::Rust => "the parser drops the last line of its input",
            Self::Itself => "test that a command past the budget of the door is refused",
        }
    }

    fn grants(self) -> &'static str {
        match self {
            Self::Python | Self::Rust => "grants.toml",
            Self::Itself => "grants-itself.toml",
        }
    }

    /// A repository of its own beneath `target/`.
    fn repository(self) -> Result<PathBuf> {
        match self {
            Self::Python | Self::Rust => fresh_repository(self.name()),
            Self::Itself => fresh_clone(self.name()),
        }
    }
}

#[derive(Args)]
pub(crate) struct Demo {
    /// Which sample project
    #[arg(long, value_enum, default_value = "python")]
    sample: Sample,
    /// Let the agent cheat: nothing may be delivered
    #[arg(long)]
    cheat: bool,
    /// Handed to `minion-rt exec`
    #[arg(last = true)]
    rest: Vec<String>,
}

impl Demo {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let name = self.sample.name();
        if self.cheat && matches!(self.sample, Sample::Itself) {
            bail!("there is no cheating agent for this sample; use --sample python or rust");
        }
        run(cargo().args(["build", "--quiet", "--package", "minion-rt"]))?;
        let repository = self.sample.repository()?;
        let cassette = if self.cheat {
            format!("cheat-{name}")
        } else {
            name.to_owned()
        };
        let samples = root().join("tests/samples");
        let grants = samples.join(self.sample.grants());
        for_the_owner_alone(&grants)?;
        let mut exec = Command::new(beside_us()?);
        exec.current_dir(root())
            .arg("exec")
            .arg("blueprints/fix-bug")
            .arg("--repo")
            .arg(&repository)
            .args(["--task", self.sample.task()])
            .arg("--grants")
            .arg(&grants)
            .arg("--cassette")
            .arg(
                samples
                    .join("cassettes")
                    .join(cassette)
                    .with_extension("json"),
            )
            .args(&self.rest);
        eprintln!("$ {}\n", shown(&exec));
        let status = exec.status().context("cannot start minion-rt")?;
        Ok(ExitCode::from(
            u8::try_from(status.code().unwrap_or(70)).unwrap_or(70),
        ))
    }
}

/// The command that was just built: cargo puts it beside this one.
fn beside_us() -> Result<PathBuf> {
    let us = std::env::current_exe().context("cannot tell where this command is")?;
    Ok(us.with_file_name("minion-rt"))
}

/// A clone of what is committed here.
fn fresh_clone(name: &str) -> Result<PathBuf> {
    let to = cleared(name)?;
    let quiet = ["clone", "--quiet", "--no-local"];
    run(Command::new("git").args(quiet).arg(root()).arg(&to))?;
    Ok(to)
}

/// A folder's place beneath `target/`, with nothing there.
fn cleared(name: &str) -> Result<PathBuf> {
    let to = root().join("target/demo").join(name);
    if to.exists() {
        std::fs::remove_dir_all(&to).with_context(|| format!("cannot clear {}", to.display()))?;
    }
    std::fs::create_dir_all(to.parent().unwrap_or(&to))?;
    Ok(to)
}

/// A copy of the sample beneath `target/`, with one commit.
fn fresh_repository(name: &str) -> Result<PathBuf> {
    let to = cleared(name)?;
    copy(&root().join("tests/samples").join(name), &to)?;
    let git = |arguments: &[&str]| {
        run(Command::new("git")
            .current_dir(&to)
            .args([
                "-c",
                "user.name=sample",
                "-c",
                "user.email=sample@example.invalid",
            ])
            .args([
                "-c",
                "commit.gpgSign=false",
                "-c",
                "core.hooksPath=/dev/null",
            ])
            .args(arguments))
    };
    git(&["init", "--quiet", "--initial-branch=main"])?;
    git(&["add", "--all"])?;
    git(&["commit", "--quiet", "--message=The sample project"])?;
    Ok(to)
}

/// A checkout under a generous umask may be written by a group, and such a grants file is
/// refused.
fn for_the_owner_alone(file: &Path) -> Result<()> {
    let shown = || file.display().to_string();
    let mut permissions = std::fs::metadata(file).with_context(shown)?.permissions();
    let mode = permissions.mode();
    if mode & 0o022 != 0 {
        permissions.set_mode(mode & !0o022);
        std::fs::set_permissions(file, permissions).with_context(shown)?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in
        std::fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?
    {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let quoted = words.map(|word| {
        let word = word.to_string_lossy();
        if word.contains(' ') {
            format!("\"{word}\"")
        } else {
            word.into_owned()
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}
