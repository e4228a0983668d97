//! The tables that say what: `[files]`, `[command]`, `[http]`, `[agent]`,
//! `[delivery]`. They are the same in a grant, in what it approves and in a
//! ceiling.

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::http::{self, HttpText};
use super::text::Wrong;
use crate::admission::as_rules;
use crate::asks::is_word;
use crate::delivery::{DeliveryRule, Requirement};
use crate::rules::{AgentRule, Rules};
use crate::{DeliveryTarget, Digest, PartName, PathPattern};

/// The tables of one source, as they were written.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) files: Option<FilesText>,
    pub(super) command: Option<CommandText>,
    pub(super) http: Option<HttpText>,
    pub(super) agent: Option<AgentText>,
    pub(super) delivery: Option<Spanned<DeliveryText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FilesText {
    #[serde(default)]
    read: Vec<Spanned<String>>,
    #[serde(default)]
    write: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct CommandText {
    #[serde(default)]
    run: Vec<Spanned<String>>,
    #[serde(default)]
    unsandboxed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct AgentText {
    pub(super) models: Vec<Spanned<String>>,
    /// A grant names them; in a ceiling none written means any.
    pub(super) tools: Option<Vec<Spanned<String>>>,
    max_turns: Option<Spanned<u32>>,
    max_tokens: Option<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct DeliveryText {
    to: Spanned<String>,
    require: Option<Spanned<Vec<Spanned<toml::Value>>>>,
    pub(super) gates: Option<Spanned<String>>,
    #[serde(default)]
    accept_self_steered: Vec<Spanned<String>>,
    #[serde(default)]
    accept_protected: Vec<Spanned<String>>,
    accept_basic: Option<bool>,
    #[serde(default)]
    accept_unsandboxed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RequireText {
    gate: String,
    digest: Option<String>,
    parameters: Option<toml::Value>,
}

/// The rules that the tables make, but for a delivery.
pub(super) fn rules(tables: &Tables, at: &str) -> Result<Rules, Wrong> {
    let mut rules = Rules::default();
    if let Some(files) = &tables.files {
        rules.read = as_rules(&patterns("files.read", &files.read)?, at, true);
        rules.write = as_rules(&patterns("files.write", &files.write)?, at, true);
    }
    if let Some(command) = &tables.command {
        rules.run = as_rules(&patterns("command.run", &command.run)?, at, true);
        rules.unsandboxed = command.unsandboxed;
    }
    if let Some(http) = &tables.http {
        rules.send = http::send_rules(http, at)?;
    }
    if let Some(agent) = &tables.agent {
        rules.agents.push(agent_rule(agent, at)?);
    }
    Ok(rules)
}

pub(super) fn patterns<P>(key: &str, texts: &[Spanned<String>]) -> Result<Vec<P>, Wrong>
where
    P: std::str::FromStr,
    P::Err: std::fmt::Display,
{
    let parse = |text: &Spanned<String>| {
        text.get_ref()
            .parse()
            .map_err(|error| (text.span(), format!("`{key}`: {error}")))
    };
    texts.iter().map(parse).collect()
}

pub(super) fn agent_rule(agent: &AgentText, at: &str) -> Result<AgentRule, Wrong> {
    let words = |key: &str, words: &[Spanned<String>]| -> Result<Vec<String>, Wrong> {
        let check = |word: &Spanned<String>| {
            if is_word(word.get_ref()) {
                return Ok(word.get_ref().clone());
            }
            Err((
                word.span(),
                format!("`{key}`: `{}` is no name", crate::shown(word.get_ref())),
            ))
        };
        words.iter().map(check).collect()
    };
    if let Some(turns) = agent
        .max_turns
        .as_ref()
        .filter(|turns| *turns.get_ref() == 0)
    {
        return Err((turns.span(), "`agent.max-turns` is at least 1".to_owned()));
    }
    if let Some(tokens) = agent
        .max_tokens
        .as_ref()
        .filter(|tokens| *tokens.get_ref() == 0)
    {
        return Err((tokens.span(), "`agent.max-tokens` is at least 1".to_owned()));
    }
    let tools = agent.tools.as_ref();
    Ok(AgentRule {
        models: words("agent.models", &agent.models)?,
        tools: tools.map(|tools| words("agent.tools", tools)).transpose()?,
        max_turns: agent.max_turns.as_ref().map(|turns| *turns.get_ref()),
        max_tokens: agent.max_tokens.as_ref().map(|tokens| *tokens.get_ref()),
        from: at.to_owned(),
    })
}

pub(super) fn delivery_rule(text: &Spanned<DeliveryText>, at: &str) -> Result<DeliveryRule, Wrong> {
    let span = text.span();
    let required = text.get_ref().require.as_ref();
    let named = required.is_some_and(|require| !require.get_ref().is_empty());
    match (named, required, &text.get_ref().gates) {
        (true, _, None) => {}
        (false, None, Some(gates)) if gates.get_ref() == "none" => {}
        (_, None, Some(gates)) => {
            let what = "`delivery.gates`: only `gates = \"none\"` is known";
            return Err((gates.span(), what.to_owned()));
        }
        (_, Some(_), Some(gates)) => {
            let what = "`delivery.gates`: there is `require` too; keep one";
            return Err((gates.span(), what.to_owned()));
        }
        (false, _, None) => {
            let what = "`delivery` wants `require = [\"std:…\"]`, or `gates = \"none\"` where none are wanted";
            return Err((span, what.to_owned()));
        }
    }
    terms(text, at)
}

/// The terms of a delivery, with or without gates.
pub(super) fn terms(text: &Spanned<DeliveryText>, at: &str) -> Result<DeliveryRule, Wrong> {
    let text = text.get_ref();
    let require = text.require.iter().flat_map(Spanned::get_ref);
    let accepted = |key, texts: &[_]| patterns::<PathPattern>(key, texts);
    Ok(DeliveryRule {
        to: target(&text.to)?,
        require: require.map(requirement).collect::<Result<_, _>>()?,
        accept_self_steered: accepted("delivery.accept-self-steered", &text.accept_self_steered)?,
        accept_protected: accepted("delivery.accept-protected", &text.accept_protected)?,
        accept_basic: text.accept_basic.unwrap_or(true),
        accept_unsandboxed: text.accept_unsandboxed,
        from: at.to_owned(),
    })
}

/// Where a tree may go.
pub(super) fn target(to: &Spanned<String>) -> Result<DeliveryTarget, Wrong> {
    if to.get_ref() == "branch" {
        return Ok(DeliveryTarget::Branch);
    }
    let what = "`delivery.to`: this version delivers to a local branch only: `to = \"branch\"`";
    Err((to.span(), what.to_owned()))
}

fn requirement(entry: &Spanned<toml::Value>) -> Result<Requirement, Wrong> {
    let wrong = |what: String| (entry.span(), format!("`delivery.require`: {what}"));
    let text = match entry.get_ref() {
        toml::Value::String(gate) => RequireText {
            gate: gate.clone(),
            digest: None,
            parameters: None,
        },
        other => other
            .clone()
            .try_into()
            .map_err(|error: toml::de::Error| wrong(crate::shown(error.message())))?,
    };
    let gate = PartName::new(text.gate).map_err(|error| wrong(error.to_string()))?;
    let digest: Option<Digest> = match text.digest {
        Some(digest) => Some(
            digest
                .parse()
                .map_err(|error: crate::DigestError| wrong(error.to_string()))?,
        ),
        None => None,
    };
    let parameters = match text.parameters {
        None => Value::Object(serde_json::Map::new()),
        Some(parameters) => json(&parameters).ok_or_else(|| {
            wrong("`parameters` is a table, or a text with a JSON object".to_owned())
        })?,
    };
    Ok(Requirement {
        gate,
        parameters,
        digest,
    })
}

/// Parameters as JSON. What TOML cannot say stands in a text of JSON.
fn json(parameters: &toml::Value) -> Option<Value> {
    let value = match parameters {
        toml::Value::String(text) => serde_json::from_str(text).ok()?,
        toml::Value::Table(_) => crate::lines::json_of(parameters)?,
        _ => return None,
    };
    value.is_object().then_some(value)
}
