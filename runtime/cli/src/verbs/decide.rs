//! `minion-rt approve` and `minion-rt reject`.

use crate::exit::{DONE, Fail};
use crate::render::{data, say, short};
use crate::settings::Settings;
use crate::verbs::drive;
use crate::verbs::trees::{self, Trees, tree};
use clap::Args;
use minion_grants::{protected, secret_looking, shown, steering};
use minion_host::{Recorded, Resumable, take_up};
use minion_journal::{Body, Clock, Decision, SystemClock, resolve};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

/// The most paths in a message.
const MOST_KNOWN: usize = 20;

/// What a person says about a run that waits.
#[derive(Args)]
pub(crate) struct Words {
    /// The run's id, or the part of it that screens show
    run: String,
    /// Why, in your words
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// The tree that is meant, or the first characters of its id: if the run waits with another
    /// one, nothing is decided
    #[arg(long, value_name = "ID", value_parser = meant)]
    tree: Option<String>,
    /// Who decides, if it is not the user of this machine
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Where the journal is kept
    /// [default: $MINION_RT_STATE, else $XDG_DATA_HOME/minion-rt]
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
    /// Print what was recorded as JSON
    #[arg(long)]
    json: bool,
}

/// Says yes to a run that waits at an approval
///
/// The decision is about the tree that the run waits with, which `minion-rt runs diff <run>`
/// shows, and stands in its journal with your name. It cannot be taken back;
/// `minion-rt resume <run>` goes on from there.
#[derive(Args)]
pub(crate) struct Approve {
    #[command(flatten)]
    words: Words,
    /// Accept that this file, which the run changed and which is protected or steers its own
    /// verdict, is delivered as it is in the tree
    #[arg(long, value_name = "PATH")]
    accept: Vec<String>,
}

/// Says no to a run that waits at an approval
#[derive(Args)]
pub(crate) struct Reject {
    #[command(flatten)]
    words: Words,
}

impl Approve {
    pub(crate) fn run(&self) -> Result<u8, Fail> {
        self.words.record(true, &self.accept)
    }
}

impl Reject {
    pub(crate) fn run(&self) -> Result<u8, Fail> {
        self.words.record(false, &[])
    }
}

impl Words {
    fn record(&self, approved: bool, accepts: &[String]) -> Result<u8, Fail> {
        let settings = Settings::new(self.state.as_deref())?;
        let store = drive::store(&settings)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let run = resolve(&*store, &self.run).map_err(|e| Fail::lookup(&e))?;
        let taken = take_up(&store, &clock, run).map_err(|e| drive::failed(&e))?;
        let decision = self.decision(&settings, &taken, approved, accepts)?;
        let told = decision.clone();
        taken
            .note(Body::Decided(decision))
            .map_err(|e| drive::failed(&e))?;
        if self.json {
            data(
                &json!({
                    "run": run.to_string(), "node": told.node, "approved": approved, "by": told.by,
                    "tree": told.tree, "accepts": told.accepts,
                })
                .to_string(),
            );
        } else {
            let word = if approved { "approved" } else { "rejected" };
            let (by, tree) = (shown(&told.by), short(&told.tree));
            say(&format!(
                "{word}  {} at {}, tree {tree}, by {by}",
                run.short(),
                told.node
            ));
            for (index, path) in told.accepts.iter().enumerate() {
                let head = if index == 0 { "accepts" } else { "" };
                say(&format!("  {head:<10} {}", shown(path)));
            }
            say(&format!("  next       minion-rt resume {}", run.short()));
        }
        Ok(DONE)
    }

    fn decision(
        &self,
        settings: &Settings,
        taken: &Resumable,
        approved: bool,
        accepts: &[String],
    ) -> Result<Decision, Fail> {
        let run = taken.recorded().run.short();
        let Some(parked) = taken.parked() else {
            return Err(Fail::usage(format!("run {run} does not wait for anybody")));
        };
        if let Some(decision) = &parked.decision {
            let word = if decision.approved { "yes" } else { "no" };
            return Err(Fail::usage(format!(
                "{} has said {word} already, and a decision cannot be taken back; `minion-rt resume {run}` goes on",
                shown(&decision.by)
            )));
        }
        if let Some(meant) = self
            .tree
            .as_deref()
            .filter(|id| !parked.tree.starts_with(id))
        {
            let (tree, meant) = (short(&parked.tree), shown(meant));
            return Err(Fail::refused(format!(
                "run {run} waits with tree {tree} and not with {meant}; `minion-rt runs show {run}` tells what it did"
            )));
        }
        Ok(Decision {
            node: parked.node.clone(),
            approved,
            by: self.by.clone().unwrap_or_else(user),
            comment: self.comment.clone(),
            tree: parked.tree.clone(),
            accepts: accepted(settings, taken.recorded(), &parked.tree, accepts)?,
        })
    }
}

/// At least as much of a tree's id as screens show.
fn meant(text: &str) -> Result<String, String> {
    let id = text.trim_end_matches('…').to_ascii_lowercase();
    if id.len() < 7 || !id.chars().all(|letter| letter.is_ascii_hexdigit()) {
        return Err("a tree's id has the letters 0-9 and a-f; name at least 7 of them".to_owned());
    }
    Ok(id)
}

/// What of the run's changes is accepted by these words, which each name one of them. Which of
/// them a gate finds to steer its verdict may show only later, so any may be named.
fn accepted(
    settings: &Settings,
    recorded: &Recorded,
    waits_with: &str,
    typed: &[String],
) -> Result<Vec<String>, Fail> {
    if typed.is_empty() {
        return trees::folder(settings, recorded).map(|_| Vec::new());
    }
    let (base, now) = (tree(&recorded.started.base_tree)?, tree(waits_with)?);
    let changes = Trees::open(settings, recorded, None)?.look(|trees| trees.changes(base, now))?;
    let paths: Vec<_> = changes.into_iter().map(|change| change.path).collect();
    let named = |typed: &String| {
        let found = paths
            .iter()
            .find(|path| *path == typed || shown(path) == *typed);
        found.cloned().ok_or_else(|| {
            let (typed, run) = (shown(typed), recorded.run.short());
            Fail::usage(format!(
                "run {run} does not change `{typed}`; it changes {}",
                known(&paths)
            ))
        })
    };
    typed.iter().map(named).collect()
}

/// What a run changed: first what is delivered only when somebody accepts it, with the reason.
fn known(paths: &[String]) -> String {
    let doubtful = |path: &str| {
        let steers = steering(path).map(|found| found.why);
        steers.or(protected(path)).or(secret_looking(path))
    };
    let mut told: Vec<_> = paths
        .iter()
        .map(|path| (doubtful(path), shown(path)))
        .collect();
    told.sort_by_key(|(why, _)| why.is_none());
    let more = told.len().saturating_sub(MOST_KNOWN);
    let mut told: Vec<_> = told
        .into_iter()
        .take(MOST_KNOWN)
        .map(|(why, path)| match why {
            Some(why) => format!("`{path}` ({why})"),
            None => format!("`{path}`"),
        })
        .collect();
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    if told.is_empty() {
        "nothing".to_owned()
    } else {
        told.join(", ")
    }
}

/// The user's name as the machine knows it: by the number of the process's user, not by a
/// variable that anything could have set.
pub(super) fn user() -> String {
    let number = rustix::process::getuid().as_raw();
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(number)).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| format!("uid {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_to_be_accepted_is_named_first_and_a_long_list_is_cut() {
        let paths = ["answer.txt", "conftest.py", "x\u{1b}"].map(str::to_owned);
        let told = known(&paths);
        assert!(told.starts_with("`conftest.py` ("), "{told}");
        assert!(told.ends_with("), `answer.txt`, `x\\u{1b}`"), "{told}");
        let many: Vec<_> = (0..25).map(|n| format!("f{n:02}")).collect();
        assert!(known(&many).ends_with("`f19`, and 5 more"));
        assert_eq!(known(&[]), "nothing");
    }
}
