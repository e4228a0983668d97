//! The main job on a sample: a copy of it becomes a git repository, the blueprint is built
//! and run on it with a cassette in place of a model.

use crate::{cargo, root, run};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The sample projects.
#[derive(Clone, Copy, ValueEnum)]
enum Sample {
    Python,
    Rust,
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
        let name = match self.sample {
            Sample::Python => "python",
            Sample::Rust => "rust",
        };
        run(cargo().args(["build", "--quiet", "--package", "minion-rt"]))?;
        let repository = fresh_repository(name)?;
        let cassette = if self.cheat {
            format!("cheat-{name}")
        } else {
            name.to_owned()
        };
        let samples = root().join("tests/samples");
        let mut exec = Command::new(root().join("target/debug/minion-rt"));
        exec.current_dir(root())
            .arg("exec")
            .arg("blueprints/fix-bug")
            .arg("--repo")
            .arg(&repository)
            .args(["--task", "the parser drops the last line of its input"])
            .arg("--grants")
            .arg(samples.join("grants.toml"))
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

/// A copy of the sample beneath `target/`, with one commit.
fn fresh_repository(name: &str) -> Result<PathBuf> {
    let to = root().join("target/demo").join(name);
    if to.exists() {
        std::fs::remove_dir_all(&to).with_context(|| format!("cannot clear {}", to.display()))?;
    }
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
