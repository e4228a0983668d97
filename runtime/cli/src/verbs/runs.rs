//! `minion-rt runs`: what ran, and what happened in it.

use crate::exit::{DONE, Fail, chain};
use crate::render::{duration, plural, say, short};
use crate::settings::Settings;
use clap::{Args, Subcommand};
use minion_grants::shown;
use minion_journal::{
    Body, Payload, Record, Records, RunFilter, RunId, RunState, RunSummary, Seq, SqliteStore,
    Store, load, resolve, verify,
};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// Lists the runs, newest first, or shows one
#[derive(Args)]
pub(crate) struct Runs {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Where the journal is kept
    /// [default: $MINION_RT_STATE, else $XDG_DATA_HOME/minion-rt]
    #[arg(long, value_name = "FOLDER", global = true)]
    state: Option<PathBuf>,
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Verb {
    /// Shows what happened in one run, record by record
    Show {
        /// The run's id, or the part of it that screens show
        run: String,
    },
}

impl Runs {
    pub(crate) fn run(&self) -> Result<u8, Fail> {
        let folder = Settings::new(self.state.as_deref())?.journal();
        if !folder.exists() {
            return match &self.verb {
                None => Ok(DONE),
                Some(Verb::Show { run }) => Err(Fail::usage(format!(
                    "there is no run `{}`: nothing has run yet with its state in `{}`",
                    shown(run),
                    folder.parent().unwrap_or(&folder).display()
                ))),
            };
        }
        let store = SqliteStore::open_read_only(&folder).map_err(|e| Fail::usage(chain(&e)))?;
        match &self.verb {
            None => self.list(&store),
            Some(Verb::Show { run }) => self.show(&store, run),
        }
    }

    fn list(&self, store: &SqliteStore) -> Result<u8, Fail> {
        for run in store
            .runs(&RunFilter::default())
            .map_err(|e| Fail::usage(chain(&e)))?
        {
            if self.json {
                say(&as_json(&run).to_string());
            } else {
                say(&row(&run));
            }
        }
        Ok(DONE)
    }

    fn show(&self, store: &SqliteStore, typed: &str) -> Result<u8, Fail> {
        let run = resolve(store, typed).map_err(|e| Fail::usage(chain(&e)))?;
        if self.json {
            return raw(store, run);
        }
        say(&row(&store
            .summary(run)
            .map_err(|e| Fail::usage(chain(&e)))?));
        for record in Records::all(store, run).map_err(|e| Fail::usage(chain(&e)))? {
            let record = record.map_err(|e| Fail::refused(chain(&e)))?;
            say(&line(store, &record));
        }
        let verified = verify(store, run).map_err(|e| Fail::refused(chain(&e)))?;
        say(&format!(
            "\nchain  {} sound, head {}",
            plural(verified.records, "record"),
            verified.head.hash
        ));
        Ok(DONE)
    }
}

/// The records as they are stored, one JSON object a line: what the chain is over.
fn raw(store: &SqliteStore, run: RunId) -> Result<u8, Fail> {
    let mut from = Seq::FIRST;
    loop {
        let page = store
            .read(run, from, 500)
            .map_err(|e| Fail::usage(chain(&e)))?;
        let Some(last) = page.last() else {
            return Ok(DONE);
        };
        from = last.seq.next();
        for record in &page {
            say(&String::from_utf8_lossy(&record.bytes));
        }
    }
}

fn state(run: &RunSummary) -> String {
    match (&run.ending, run.state) {
        (Some(ending), _) => ending.outcome.to_string(),
        (None, RunState::Running) => "running".to_owned(),
        (None, RunState::Stopped) => "stopped".to_owned(),
        (None, RunState::Waiting) => "waiting".to_owned(),
        (None, _) => "interrupted".to_owned(),
    }
}

fn row(run: &RunSummary) -> String {
    let begun = &run.begun;
    let branch = run
        .ending
        .as_ref()
        .and_then(|ending| ending.branch.clone())
        .unwrap_or_default();
    let task: String = shown(&begun.task).chars().take(40).collect();
    format!(
        "{}  {}  {:<11} {} {}  {branch}  {task}",
        begun.run.short(),
        begun.started,
        state(run),
        shown(&begun.blueprint),
        begun.version,
    )
}

fn as_json(run: &RunSummary) -> serde_json::Value {
    let ending = run.ending.as_ref();
    json!({
        "run": run.begun.run.to_string(), "started": run.begun.started.to_string(), "status": state(run),
        "blueprint": run.begun.blueprint, "version": run.begun.version, "repository": run.begun.repository,
        "task": run.begun.task, "head": run.head.hash.to_string(),
        "branch": ending.and_then(|ending| ending.branch.clone()),
        "tree": ending.and_then(|ending| ending.tree.clone()),
        "reason": ending.and_then(|ending| ending.reason.clone()),
        "totals": ending.map(|ending| ending.totals.clone()),
    })
}

/// One line for a person; calls beneath others are set in.
fn line(store: &SqliteStore, record: &Record) -> String {
    let text = match &record.body {
        Body::RunStarted(start) => format!(
            "started    on tree {} of {}",
            short(&start.base_tree),
            shown(&start.repository)
        ),
        Body::VisitStarted { node, visit, tree } => {
            format!("{node} ({visit})  tree {}", short(tree))
        }
        Body::Call {
            call,
            request,
            rule,
            ..
        }
        | Body::Intent {
            call,
            request,
            rule,
            ..
        } => format!("{call:<18} {}  [{rule}]", brief(store, request)),
        Body::Result { response, .. } => format!("→ {}", brief(store, response)),
        Body::Denied {
            call, target, rule, ..
        } => format!("DENIED     {call} {} ({rule})", shown(target)),
        Body::Log { message, .. } => format!("log        {}", shown(message)),
        Body::Evidence { evidence } => format!("evidence   {}", brief(store, evidence)),
        Body::Checkpoint {
            node, label, tree, ..
        } => format!("{node}: {label}  tree {}", short(tree)),
        Body::Ended(ending) => format!(
            "{}  {}",
            ending.outcome,
            shown(ending.reason.as_deref().unwrap_or_default())
        ),
        Body::Resumed { epoch, .. } => format!("resumed    epoch {epoch}"),
        Body::Waiting { node, tree, .. } => {
            format!("waiting    at {node} for a human, tree {}", short(tree))
        }
        Body::Decided(decision) => format!(
            "{}   by {} on tree {}  {}",
            if decision.approved {
                "approved"
            } else {
                "rejected"
            },
            shown(&decision.by),
            short(&decision.tree),
            shown(decision.comment.as_deref().unwrap_or_default())
        ),
        Body::Stopped { reason } => format!("stopped    {}", shown(reason)),
    };
    let inset = if record.parent.is_some() {
        "      "
    } else {
        "  "
    };
    let took = if record.micros >= 1_000 {
        format!("  {}", duration(Duration::from_micros(record.micros)))
    } else {
        String::new()
    };
    let gap = if begins(&record.body) { "\n" } else { "" };
    format!("{gap}{:>5} {inset}{text}{took}", record.seq.to_string())
}

/// Whether an empty line stands before it.
fn begins(body: &Body) -> bool {
    matches!(body, Body::VisitStarted { .. } | Body::Ended(_))
}

/// The beginning of a payload, escaped.
fn brief(store: &SqliteStore, payload: &Payload) -> String {
    const MOST: usize = 110;
    let text = match load(store, payload) {
        Ok(value) => value.to_string(),
        Err(error) => return format!("({error})"),
    };
    let escaped = shown(&text);
    if escaped.chars().count() <= MOST {
        return escaped;
    }
    escaped.chars().take(MOST).chain(['…']).collect()
}
