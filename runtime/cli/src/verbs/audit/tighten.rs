//! `minion-rt audit tighten`: what was granted and never used, as a patch of the grants file.

use super::used::used;
use super::{look, meant};
use crate::exit::{DONE, Fail, chain};
use crate::render::patch::shown_patch;
use crate::render::{data, plural, say, talk};
use crate::verbs::runs::At;
use clap::Args;
use minion_grants::{Narrowing, Tightened, shown, tighten};
use minion_journal::RunId;
use minion_workspace::text_patch;
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// The largest grants file, as admission takes it.
const MOST: u64 = 1 << 20;

const CAUTION: &str = "not exercised is not the same as not needed: these runs did not use what goes; others may. \
    Read it, apply it, and give it back where a run is denied something that it should have";

/// Proposes a narrower grants file: without what these runs were granted and never used
///
/// Prints a patch; nothing is changed. Patterns that were used only in some folders become
/// patterns of these folders, and of everything that is asked something stays granted, so that
/// the same runs are still admitted. Bounds on turns and tokens, gates and accepted changes
/// stay as they are.
#[derive(Args)]
pub(super) struct Tighten {
    /// The runs, by their ids or the parts of them that screens show
    #[arg(required = true)]
    runs: Vec<String>,
    /// The grants file, in place of $XDG_CONFIG_HOME/minion-rt/grants.toml
    #[arg(long, value_name = "FILE")]
    grants: Option<PathBuf>,
}

impl Tighten {
    pub(super) fn run(&self, at: &At) -> Result<u8, Fail> {
        let file = self.grants.clone().unwrap_or_else(|| at.settings.grants());
        let text = read(&file)?;
        let Some(store) = look(&at.settings)? else {
            return Err(Fail::usage("there is no run here to learn from"));
        };
        let runs = meant(&*store, &self.runs)?;
        let uses = runs.iter().map(|run| used(&*store, *run));
        let uses = uses.collect::<Result<Vec<_>, _>>()?;
        let tight = tighten(&file, &text, &uses).map_err(|e| Fail::usage(chain(&e)))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let patch = text_patch(&name, text.as_bytes(), tight.text.as_bytes());
        if at.json {
            data(&as_json(&file, &runs, &tight, &patch).to_string());
        } else {
            told(&file, &runs, &tight, &patch);
        }
        Ok(DONE)
    }
}

fn read(file: &Path) -> Result<String, Fail> {
    use std::io::Read as _;
    let name = shown(&file.display().to_string());
    let unread = |error| Fail::usage(format!("grants file `{name}` cannot be read: {error}"));
    let mut text = String::new();
    let opened = std::fs::File::open(file).map_err(unread)?;
    opened
        .take(MOST)
        .read_to_string(&mut text)
        .map_err(unread)?;
    Ok(text)
}

fn told(file: &Path, runs: &[RunId], tight: &Tightened, patch: &[u8]) {
    let of = plural(runs.len() as u64, "run");
    let name = shown(&file.display().to_string());
    for holder in &tight.unused {
        talk(&format!(
            "note   the grant for `{}` was for none of {of}: it stays as it is",
            shown(holder)
        ));
    }
    if tight.changes.is_empty() {
        return talk(&format!("nothing of `{name}` is wider than what {of} used"));
    }
    for change in &tight.changes {
        talk(&line(change));
    }
    talk(&format!("caution  {CAUTION}"));
    talk(&format!(
        "next     patch {name} < PATCH, or git apply beside it"
    ));
    if std::io::stdout().is_terminal() {
        say(&shown_patch(patch));
    } else {
        // A closed pipe is not worth an error.
        let _ = std::io::stdout().lock().write_all(patch);
    }
}

/// `narrow  acme/fix-bug  files.write  ** → src/**`
fn line(change: &Narrowing) -> String {
    let list = |texts: &[String]| {
        texts
            .iter()
            .map(|text| shown(text))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let to = match list(&change.added) {
        none if none.is_empty() => String::new(),
        added => format!(" → {added}"),
    };
    let (holder, removed) = (shown(&change.holder), list(&change.removed));
    format!("narrow   {holder}  {}  {removed}{to}", change.key)
}

fn as_json(file: &Path, runs: &[RunId], tight: &Tightened, patch: &[u8]) -> Value {
    let changes = tight.changes.iter().map(|change| {
        json!({
            "grant": change.holder, "key": change.key, "removed": change.removed,
            "added": change.added,
        })
    });
    json!({
        "grants": file.display().to_string(),
        "runs": runs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "changes": changes.collect::<Vec<_>>(), "unused": tight.unused,
        "patch": String::from_utf8_lossy(patch), "caution": CAUTION,
    })
}
