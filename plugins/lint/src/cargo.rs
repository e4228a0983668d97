//! Cargo projects: clippy with warnings denied, and rustfmt. The command lines
//! stand in `minion.toml` as they are here.

use crate::message;
use crate::verdict::Looked;
use minion_sdk::Completed;
use minion_sdk::prelude::*;
use std::collections::BTreeSet;

const CLIPPY: [&str; 9] = [
    "clippy",
    "--offline",
    "--workspace",
    "--all-targets",
    "--message-format=json",
    "--color=never",
    "--",
    "-D",
    "warnings",
];
const FORMAT: [&str; 3] = ["fmt", "--all", "--check"];
const ROOT: [&str; 5] = [
    "locate-project",
    "--offline",
    "--workspace",
    "--message-format",
    "plain",
];

/// Clippy's findings and those of rustfmt.
pub(crate) fn run(input: &Input<NoParameters>) -> Result<[Looked; 2], Failure> {
    let clippy = judge_clippy(&input.command("cargo").args(CLIPPY).run()?);
    let format = input.command("cargo").args(FORMAT).run()?;
    let root = if format.succeeded() {
        String::new()
    } else {
        root(input)
    };
    let format = judge_format(&format, &root);
    // What doesn't parse can't be formatted; the compiler has said so already.
    let format = match format.blind {
        Some(_) if !clippy.findings.is_empty() => Looked::found("rustfmt", Vec::new()),
        _ => format,
    };
    Ok([clippy, format])
}

fn judge_clippy(completed: &Completed) -> Looked {
    let messages = message::read(&completed.stdout_text());
    let ended = messages.finished == Some(completed.succeeded());
    match messages.findings.is_empty() {
        _ if !ended || completed.truncated => Looked::blinded("clippy", completed),
        true if !completed.succeeded() => Looked::blinded("clippy", completed),
        _ => Looked::found("clippy", messages.findings),
    }
}

/// Where cargo sees the root: rustfmt names files by their whole paths.
fn root(input: &Input<NoParameters>) -> String {
    let located = input.command("cargo").args(ROOT).run();
    let manifest = located
        .map(|located| located.stdout_text())
        .unwrap_or_default();
    manifest
        .trim_end()
        .strip_suffix("Cargo.toml")
        .unwrap_or_default()
        .to_owned()
}

/// `Diff in /root/src/lib.rs:12:` before each piece that would be changed.
fn judge_format(completed: &Completed, root: &str) -> Looked {
    if completed.succeeded() {
        return Looked::found("rustfmt", Vec::new());
    }
    let mut files = BTreeSet::new();
    let mut findings = Vec::new();
    for line in completed.stdout_text().lines() {
        let Some((file, number)) = line.strip_prefix("Diff in ").and_then(place) else {
            continue;
        };
        if files.insert(file.to_owned()) {
            findings.push(unformatted(file.strip_prefix(root).unwrap_or(file), number));
        }
    }
    if findings.is_empty() {
        return Looked::blinded("rustfmt", completed);
    }
    Looked::found("rustfmt", findings)
}

fn unformatted(file: &str, line: u32) -> Finding {
    if file.starts_with('/') {
        return Finding::error(format!("`{file}` is not formatted")).rule("rustfmt");
    }
    Finding::error("not formatted; run `cargo fmt`")
        .at(file, line)
        .rule("rustfmt")
}

fn place(text: &str) -> Option<(&str, u32)> {
    let (file, line) = text.strip_suffix(':')?.rsplit_once(':')?;
    Some((file, line.parse().ok()?))
}

#[cfg(test)]
#[path = "cargo_tests.rs"]
mod tests;
