//! `[grant.deny]` and `[[deny]]`: the tables of what is denied whatever grants
//! it. Each key is a list of its own; terms such as `max-turns` deny nothing.

use serde::Deserialize;
use toml::Spanned;

use super::tables::{patterns, target};
use super::text::Wrong;
use crate::DeliveryTarget;
use crate::admission::as_rules;
use crate::asks::is_word;
use crate::denies::Denies;
use crate::rules::Rule;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct DenyText {
    files: Option<FilesText>,
    command: Option<CommandText>,
    http: Option<HttpText>,
    agent: Option<AgentText>,
    delivery: Option<DeliveryText>,
}

/// A `[[deny]]`, which may name whom it is for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct TopDenyText {
    blueprint: Option<Spanned<String>>,
    plugin: Option<Spanned<String>>,
    #[serde(rename = "reason")]
    _reason: Option<String>,
    files: Option<FilesText>,
    command: Option<CommandText>,
    http: Option<HttpText>,
    agent: Option<AgentText>,
    delivery: Option<DeliveryText>,
}

type Names = (Option<Spanned<String>>, Option<Spanned<String>>);

impl TopDenyText {
    /// Whom it names, as a blueprint or as a plugin, and what it denies.
    pub(super) fn parts(self) -> (Names, DenyText) {
        let text = DenyText {
            files: self.files,
            command: self.command,
            http: self.http,
            agent: self.agent,
            delivery: self.delivery,
        };
        ((self.blueprint, self.plugin), text)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FilesText {
    #[serde(default)]
    read: Vec<Spanned<String>>,
    #[serde(default)]
    write: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct CommandText {
    run: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct HttpText {
    send: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AgentText {
    #[serde(default)]
    models: Vec<Spanned<String>>,
    #[serde(default)]
    tools: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct DeliveryText {
    to: Spanned<String>,
}

/// Where to, alone.
pub(super) fn to(text: &DeliveryText) -> Result<DeliveryTarget, Wrong> {
    target(&text.to)
}

/// What the tables deny.
pub(super) fn denies(text: &DenyText, at: &str) -> Result<Denies, Wrong> {
    let mut denied = Denies::default();
    if let Some(files) = &text.files {
        denied.read = as_rules(&patterns("files.read", &files.read)?, at, true);
        denied.write = as_rules(&patterns("files.write", &files.write)?, at, true);
    }
    if let Some(command) = &text.command {
        denied.run = as_rules(&patterns("command.run", &command.run)?, at, true);
    }
    if let Some(http) = &text.http {
        denied.send = as_rules(&patterns("http.send", &http.send)?, at, true);
    }
    if let Some(agent) = &text.agent {
        denied.models = names("agent.models", &agent.models, at)?;
        denied.tools = names("agent.tools", &agent.tools, at)?;
    }
    if let Some(delivery) = &text.delivery {
        denied.delivery = as_rules(&[to(delivery)?], at, true);
    }
    Ok(denied)
}

fn names(key: &str, names: &[Spanned<String>], at: &str) -> Result<Vec<Rule<String>>, Wrong> {
    let wrong = |name: &&Spanned<String>| !is_word(name.get_ref());
    if let Some(name) = names.iter().find(wrong) {
        let shown = crate::shown(name.get_ref());
        return Err((name.span(), format!("`deny.{key}`: `{shown}` is no name")));
    }
    let names: Vec<String> = names.iter().map(|name| name.get_ref().clone()).collect();
    Ok(as_rules(&names, at, true))
}
