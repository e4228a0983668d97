//! `minion-rt approve` and `minion-rt reject`.

use crate::exit::{DONE, Fail, chain};
use crate::render::{data, say, short};
use crate::settings::Settings;
use crate::verbs::drive;
use clap::Args;
use minion_grants::shown;
use minion_host::{Resumable, take_up};
use minion_journal::{Body, Clock, Decision, SystemClock, resolve};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

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
    #[arg(long, value_name = "ID", value_parser = tree)]
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
/// The decision is about the tree that the run waits with, and stands in its journal with your
/// name; `minion-rt resume <run>` goes on from there.
#[derive(Args)]
pub(crate) struct Approve {
    #[command(flatten)]
    words: Words,
    /// Accept that this file of the tree, which is protected or steers its own verdict, is
    /// delivered
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
        let run = resolve(&*store, &self.run).map_err(|e| Fail::usage(chain(&e)))?;
        let taken = take_up(&store, &clock, run).map_err(|e| drive::failed(&e))?;
        let decision = self.decision(&taken, approved, accepts)?;
        let told = decision.clone();
        taken
            .note(Body::Decided(decision))
            .map_err(|e| drive::failed(&e))?;
        if self.json {
            data(
                &json!({
                    "run": run.to_string(), "node": told.node, "approved": approved, "by": told.by,
                    "tree": told.tree,
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
            say(&format!("  next       minion-rt resume {}", run.short()));
        }
        Ok(DONE)
    }

    fn decision(
        &self,
        taken: &Resumable,
        approved: bool,
        accepts: &[String],
    ) -> Result<Decision, Fail> {
        let run = taken.recorded().run.short();
        let Some(parked) = taken.parked() else {
            return Err(Fail::refused(format!(
                "run {run} does not wait for anybody"
            )));
        };
        if let Some(decision) = &parked.decision {
            let word = if decision.approved { "yes" } else { "no" };
            return Err(Fail::refused(format!(
                "{} has said {word} already; `minion-rt resume {run}` goes on",
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
            accepts: accepts.to_vec(),
        })
    }
}

/// At least as much of a tree's id as screens show.
fn tree(text: &str) -> Result<String, String> {
    let id = text.trim_end_matches('…').to_ascii_lowercase();
    if id.len() < 7 || !id.chars().all(|letter| letter.is_ascii_hexdigit()) {
        return Err("a tree's id has the letters 0-9 and a-f; name at least 7 of them".to_owned());
    }
    Ok(id)
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
