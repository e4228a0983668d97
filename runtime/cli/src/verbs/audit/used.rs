//! What a run used of what it was granted, from its audit.

use super::entries::begun;
use crate::exit::{Fail, chain};
use minion_grants::{Ask, RunUse, Uses};
use minion_journal::{
    Allowed, Audit, AuditEntry, CameOut, ReadError, RunId, RunStarted, Store, load,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Reads it.
pub(super) fn used(store: &dyn Store, run: RunId) -> Result<RunUse, Fail> {
    let unread = |error: ReadError| {
        Fail::altered(format!(
            "run {} cannot be read: {}",
            run.short(),
            chain(&error)
        ))
    };
    let Some((_, started)) = begun(store, run).map_err(unread)? else {
        return Err(Fail::altered(format!(
            "run {} has no beginning",
            run.short()
        )));
    };
    let mut used = RunUse {
        asks: asks(store, &started).map_err(unread)?,
        unsandboxed: started.sandbox == "unsandboxed",
        plugins: started
            .parts
            .iter()
            .map(|part| (part.name.clone(), part.digest.clone()))
            .collect(),
        blueprint: started.blueprint,
        digest: started.component,
        uses: BTreeMap::new(),
    };
    for entry in Audit::of(store, run).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        if entry.verdict == Allowed::Allow {
            note(used.uses.entry(entry.part.clone()).or_default(), entry);
        }
    }
    Ok(used)
}

/// What was asked, as the admission in the run's first record says.
fn asks(store: &dyn Store, started: &RunStarted) -> Result<BTreeMap<String, Vec<Ask>>, ReadError> {
    let admission = load(store, &started.admission)?;
    let parts = admission.get("parts").and_then(Value::as_array);
    let asks = parts.into_iter().flatten().filter_map(|part| {
        let name = part.get("name")?.as_str()?.to_owned();
        let asks = part.get("asks")?.as_array()?.iter();
        let asks = asks.filter_map(|ask| serde_json::from_value(ask.clone()).ok());
        Some((name, asks.collect()))
    });
    Ok(asks.collect())
}

/// Takes in one call. One that failed was allowed, and so used what allowed it.
fn note(uses: &mut Uses, entry: AuditEntry) {
    let by_agent = entry.within.as_deref() == Some("agent.run");
    let operation = entry.operation.as_str();
    let tool = match operation {
        "command.run" => Some("run"),
        other => other.strip_prefix("workspace."),
    };
    if let Some(tool) = tool.filter(|_| by_agent) {
        uses.tools.insert(tool.to_owned());
    }
    let target = entry.target;
    match operation {
        "workspace.read" => {
            uses.read.insert(target);
        }
        "workspace.write" | "workspace.remove" => {
            uses.written.insert(target);
        }
        "workspace.edit" => {
            uses.read.insert(target.clone());
            uses.written.insert(target);
        }
        // The root is shown as a dot; what differs from the base is looked for everywhere.
        "workspace.list" | "workspace.search" | "workspace.changes" => {
            let folder = if target == "." { String::new() } else { target };
            uses.looked.insert(folder);
        }
        "command.run" => {
            uses.commands.insert(entry.words);
        }
        "command.available" if entry.outcome == CameOut::Said("there".to_owned()) => {
            uses.programs.insert(target);
        }
        _ => {}
    }
}
