//! Imports, prompts, plugins, and what is said of a file.

use std::collections::BTreeMap;

use super::{Direction, Found, Topic, changed_lines};
use crate::imports::{ImportMeaning, import_meaning};
use crate::{Ask, LineChange, Manifest, PartName, Surface};

pub(super) fn compare(old: &Surface, new: &Surface, found: &mut Found) {
    imports("", (&old.imports, &new.imports), found);
    for (name, part) in &new.parts {
        let none = Vec::new();
        let was = old.parts.get(name).map_or(&none, |part| &part.imports);
        imports(&format!("plugin {name}"), (was, &part.imports), found);
    }
    prompts((&old.prompts, &new.prompts), found);
    plugins(old, new, found);
    manifests((&old.manifest, &new.manifest), found);
}

/// Versions apart: the contract's is told by itself.
fn imports(of: &str, (was, now): (&[String], &[String]), found: &mut Found) {
    let bare = |import: &String| import.split('@').next().unwrap_or_default().to_owned();
    let (before, after): (Vec<_>, Vec<_>) = (
        was.iter().map(bare).collect(),
        now.iter().map(bare).collect(),
    );
    let gives = |import: &str| {
        matches!(
            import_meaning(import),
            ImportMeaning::Gives(_) | ImportMeaning::CallsPlugins | ImportMeaning::Unknown
        )
    };
    let directed = |import: &str, direction| {
        if gives(import) {
            direction
        } else {
            Direction::Changed
        }
    };
    for import in after.iter().filter(|import| !before.contains(import)) {
        let direction = directed(import, Direction::Widened);
        found.add(direction, (Topic::Imports, of), "import", "", import);
    }
    for import in before.iter().filter(|import| !after.contains(import)) {
        let direction = directed(import, Direction::Narrowed);
        found.add(direction, (Topic::Imports, of), "import", import, "");
    }
}

type Prompts = BTreeMap<PartName, String>;

fn prompts((was, now): (&Prompts, &Prompts), found: &mut Found) {
    let mut names: Vec<_> = was.keys().chain(now.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let text = |prompts: &Prompts| prompts.get(name).cloned().unwrap_or_default();
        if was.get(name) == now.get(name) {
            continue;
        }
        let (mut more, mut fewer) = (0, 0);
        for change in changed_lines(&text(was), &text(now)) {
            match change {
                LineChange::Added(_) => more += 1,
                LineChange::Removed(_) => fewer += 1,
                LineChange::Kept(_) => {}
            }
        }
        let what = format!("prompt {name}");
        let now = format!("+{more} −{fewer} lines");
        found.add(Direction::Changed, (Topic::Prompts, ""), what, "", now);
    }
}

fn plugins(old: &Surface, new: &Surface, found: &mut Found) {
    let topic = (Topic::Plugins, "");
    for (name, part) in &new.parts {
        match old.parts.get(name) {
            Some(was) if was.digest == part.digest => {}
            Some(was) => {
                let (was, now) = (was.digest.short(), part.digest.short());
                found.add(Direction::Changed, topic, name.as_str(), was, now);
            }
            None => found.add(
                Direction::Changed,
                topic,
                name.as_str(),
                "",
                part.digest.short(),
            ),
        }
    }
    for (name, part) in old
        .parts
        .iter()
        .filter(|(name, _)| !new.parts.contains_key(*name))
    {
        found.add(
            Direction::Changed,
            topic,
            name.as_str(),
            part.digest.short(),
            "",
        );
    }
}

fn manifests((was, now): (&Manifest, &Manifest), found: &mut Found) {
    let mut say = |what: String, was: String, now: String| {
        if was != now {
            let (was, now) = (crate::shown(&was), crate::shown(&now));
            found.add(Direction::Changed, (Topic::Words, ""), what, was, now);
        }
    };
    say(
        "name".to_owned(),
        was.name.to_string(),
        now.name.to_string(),
    );
    say(
        "contract".to_owned(),
        was.contract.to_string(),
        now.contract.to_string(),
    );
    say(
        "summary".to_owned(),
        was.summary.clone(),
        now.summary.clone(),
    );
    let inputs = |manifest: &Manifest| serde_json::json!(manifest.inputs).to_string();
    say("inputs".to_owned(), inputs(was), inputs(now));
    let gate = |manifest: &Manifest| serde_json::json!(manifest.gate).to_string();
    say("parameters as a gate".to_owned(), gate(was), gate(now));
    for ask in &now.asks {
        let reason = |ask: &Ask| format!("\"{}\"", ask.reason);
        if let Some(before) = was.ask(&ask.id) {
            say(
                format!("reason of ask {}", ask.id),
                reason(before),
                reason(ask),
            );
        }
    }
}
