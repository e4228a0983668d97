//! The cure of a refusal: a complete `[[grant]]` to paste, and the same as
//! flags. What is pasted admits exactly what was missing.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use crate::admit::{Missing, Subject};
use crate::delivery::Requirement;

/// What is missing, by the keys of a grant.
#[derive(Default)]
struct Wanted<'a> {
    read: BTreeSet<&'a str>,
    write: BTreeSet<&'a str>,
    run: BTreeSet<&'a str>,
    send: Vec<&'a crate::HttpPattern>,
    agents: Vec<&'a crate::AgentAsk>,
    delivery: Option<&'a [Requirement]>,
}

fn wanted(missing: &[Missing]) -> Wanted<'_> {
    let mut wanted = Wanted::default();
    for missing in missing {
        match missing {
            Missing::Read(patterns) => wanted
                .read
                .extend(patterns.iter().map(crate::PathPattern::as_str)),
            Missing::Write(patterns) => wanted
                .write
                .extend(patterns.iter().map(crate::PathPattern::as_str)),
            Missing::Run(patterns) => wanted
                .run
                .extend(patterns.iter().map(crate::CommandPattern::as_str)),
            Missing::Send(patterns) => wanted.send.extend(patterns),
            Missing::Agent(agent) => wanted.agents.push(agent),
            Missing::Delivery(gates) => wanted.delivery = Some(gates),
        }
    }
    wanted.send.sort_by_key(|pattern| pattern.as_str());
    wanted.send.dedup();
    wanted
}

/// A `[[grant]]` with everything that is missing.
pub(crate) fn lines_to_add(subject: &Subject, missing: &[Missing]) -> String {
    let wanted = wanted(missing);
    let mut out = String::from("[[grant]]\n");
    line(&mut out, "blueprint", &text(subject.manifest.name.as_str()));
    match &subject.source {
        Some(source) => line(&mut out, "source", &text(&source.to_string_lossy())),
        None => line(&mut out, "digest", &text(&subject.digest.to_string())),
    }
    out.push_str("# approved-by = \"\"\n# reason = \"\"\n# expires = 2030-12-31\n");
    if !wanted.read.is_empty() || !wanted.write.is_empty() {
        out.push_str("\n[grant.files]\n");
        if !wanted.read.is_empty() {
            line(&mut out, "read", &list(wanted.read.iter()));
        }
        if !wanted.write.is_empty() {
            line(&mut out, "write", &list(wanted.write.iter()));
        }
    }
    if !wanted.run.is_empty() {
        out.push_str("\n[grant.command]\n");
        line(&mut out, "run", &list(wanted.run.iter()));
    }
    if !wanted.send.is_empty() {
        out.push_str("\n[grant.http]\n");
        let entries: Vec<_> = wanted.send.iter().map(|pattern| send(pattern)).collect();
        line(&mut out, "send", &format!("[{}]", entries.join(", ")));
    }
    agent_lines(&mut out, &wanted.agents);
    if let Some(gates) = wanted.delivery {
        out.push_str("\n[grant.delivery]\nto = \"branch\"\n");
        match gates {
            [] => out.push_str("gates = \"none\"\n"),
            gates => line(
                &mut out,
                "require",
                &format!(
                    "[{}]",
                    gates.iter().map(gate).collect::<Vec<_>>().join(", ")
                ),
            ),
        }
    }
    out
}

fn send(pattern: &crate::HttpPattern) -> String {
    if pattern.is_private() {
        return format!("{{ to = {}, private = true }}", text(pattern.as_str()));
    }
    text(pattern.as_str())
}

fn agent_lines(out: &mut String, agents: &[&crate::AgentAsk]) {
    if agents.is_empty() {
        return;
    }
    let models: BTreeSet<_> = agents.iter().map(|agent| agent.model.as_str()).collect();
    let tools: BTreeSet<_> = agents
        .iter()
        .flat_map(|agent| agent.tools.iter().map(String::as_str))
        .collect();
    out.push_str("\n[grant.agent]\n");
    line(out, "models", &list(models.iter()));
    line(out, "tools", &list(tools.iter()));
    let turns = agents
        .iter()
        .map(|agent| agent.max_turns)
        .max()
        .unwrap_or(1);
    let tokens = agents
        .iter()
        .map(|agent| agent.max_tokens)
        .max()
        .unwrap_or(1);
    line(out, "max-turns", &turns.to_string());
    line(
        out,
        "max-tokens",
        &i64::try_from(tokens).unwrap_or(i64::MAX).to_string(),
    );
}

fn line(out: &mut String, key: &str, value: &str) {
    let _ = writeln!(out, "{key} = {value}");
}

fn text(value: &str) -> String {
    toml::Value::String(value.to_owned()).to_string()
}

fn list<'a>(values: impl Iterator<Item = &'a &'a str>) -> String {
    format!(
        "[{}]",
        values
            .map(|value| text(value))
            .collect::<Vec<_>>()
            .join(", ")
    )
}

fn gate(required: &Requirement) -> String {
    if required
        .parameters
        .as_object()
        .is_some_and(serde_json::Map::is_empty)
    {
        return text(required.gate.as_str());
    }
    format!(
        "{{ gate = {}, parameters = {} }}",
        text(required.gate.as_str()),
        parameters(&required.parameters)
    )
}

/// Parameters as TOML; as a text of JSON where TOML would change them.
fn parameters(value: &Value) -> String {
    let inline = toml::Value::try_from(value)
        .ok()
        .filter(|toml| json_of(toml).as_ref() == Some(value));
    match inline {
        Some(toml) => inline_toml(&toml),
        None => text(&value.to_string()),
    }
}

fn inline_toml(value: &toml::Value) -> String {
    match value {
        toml::Value::Table(table) => {
            let entry = |(key, value): (&String, &toml::Value)| {
                format!("{} = {}", text(key), inline_toml(value))
            };
            format!(
                "{{ {} }}",
                table.iter().map(entry).collect::<Vec<_>>().join(", ")
            )
        }
        toml::Value::Array(items) => format!(
            "[{}]",
            items.iter().map(inline_toml).collect::<Vec<_>>().join(", ")
        ),
        other => other.to_string(),
    }
}

/// A TOML value as JSON; `None` where it has no equal, such as a date.
pub(crate) fn json_of(value: &toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => Value::from(text.as_str()),
        toml::Value::Integer(number) => Value::from(*number),
        toml::Value::Float(number) => Value::Number(serde_json::Number::from_f64(*number)?),
        toml::Value::Boolean(flag) => Value::from(*flag),
        toml::Value::Datetime(_) => return None,
        toml::Value::Array(items) => {
            Value::Array(items.iter().map(json_of).collect::<Option<_>>()?)
        }
        toml::Value::Table(table) => {
            let entry =
                |(key, value): (&String, &toml::Value)| Some((key.clone(), json_of(value)?));
            Value::Object(table.iter().map(entry).collect::<Option<_>>()?)
        }
    })
}

/// The same as flags of the command line, quoted for a shell.
pub(crate) fn allow_flags(missing: &[Missing]) -> String {
    let wanted = wanted(missing);
    let mut flags = Vec::new();
    let mut add = |key: &str, value: &str| {
        flags.push(format!("--allow {}", quoted(&format!("{key}={value}"))));
    };
    wanted
        .read
        .iter()
        .for_each(|pattern| add("files:read", pattern));
    wanted
        .write
        .iter()
        .for_each(|pattern| add("files:write", pattern));
    wanted
        .run
        .iter()
        .for_each(|pattern| add("command", pattern));
    for pattern in &wanted.send {
        let key = if pattern.is_private() {
            "http:private"
        } else {
            "http"
        };
        add(key, pattern.as_str());
    }
    wanted
        .agents
        .iter()
        .for_each(|agent| add("agent", &agent.model));
    if let Some(gates) = wanted.delivery {
        add("delivery", "branch");
        for gate in gates {
            let bare = gate
                .parameters
                .as_object()
                .is_some_and(serde_json::Map::is_empty);
            let parameters = if bare {
                String::new()
            } else {
                format!(" {}", gate.parameters)
            };
            add("require", &format!("{}{parameters}", gate.gate));
        }
        if gates.is_empty() {
            add("gates", "none");
        }
    }
    flags.join(" ")
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
