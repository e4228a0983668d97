//! From the text of a grants file to its grants. Each error names the line and
//! the key.

use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::http::{self, CredentialText, HttpText};
use super::{Binding, Grant, GrantsError, Holder, mistake};
use crate::admission::as_rules;
use crate::asks::is_word;
use crate::delivery::{DeliveryRule, Requirement};
use crate::rules::{AgentRule, Rules};
use crate::{DeliveryTarget, Digest, PartName, PathPattern};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(default)]
    grant: Vec<Spanned<GrantText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct GrantText {
    blueprint: Option<Spanned<String>>,
    plugin: Option<Spanned<String>>,
    digest: Option<Spanned<String>>,
    source: Option<Spanned<String>>,
    #[serde(rename = "approved-by")]
    _approved_by: Option<String>,
    #[serde(rename = "reason")]
    _reason: Option<String>,
    expires: Option<Spanned<toml::value::Datetime>>,
    files: Option<FilesText>,
    command: Option<CommandText>,
    http: Option<HttpText>,
    #[serde(default)]
    credential: Vec<CredentialText>,
    agent: Option<AgentText>,
    delivery: Option<Spanned<DeliveryText>>,
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
    #[serde(default)]
    run: Vec<Spanned<String>>,
    #[serde(default)]
    unsandboxed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AgentText {
    models: Vec<Spanned<String>>,
    tools: Vec<Spanned<String>>,
    max_turns: Option<Spanned<u32>>,
    max_tokens: Option<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct DeliveryText {
    to: Spanned<String>,
    require: Option<Spanned<Vec<Spanned<toml::Value>>>>,
    gates: Option<Spanned<String>>,
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

/// A mistake: where, and what.
pub(super) type Wrong = (Range<usize>, String);

pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<Grant>, GrantsError> {
    let at = |start: usize| line_of(text, start);
    let line = |(span, what): Wrong| GrantsError::Line {
        path: path.to_owned(),
        line: at(span.start),
        what,
    };
    let file: FileText = toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let row = text.lines().nth(at(span.start) - 1).unwrap_or_default();
        let what = mistake::told(row, error.message());
        line((span, what))
    })?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let parse = |entry: Spanned<GrantText>| {
        let span = entry.span();
        let from = format!("{}:{}", crate::shown(&name), at(span.start));
        grant(entry.into_inner(), span, from, path).map_err(line)
    };
    file.grant.into_iter().map(parse).collect()
}

fn line_of(text: &str, start: usize) -> usize {
    text.bytes()
        .take(start)
        .filter(|&byte| byte == b'\n')
        .count()
        + 1
}

fn grant(text: GrantText, span: Range<usize>, at: String, path: &Path) -> Result<Grant, Wrong> {
    let holder = holder(&text, span.clone())?;
    let binding = binding(&text, span, &holder, path)?;
    if let (Holder::Plugin(_), Some(delivery)) = (&holder, &text.delivery) {
        return Err((
            delivery.span(),
            "`delivery` is granted to a blueprint, not to a plugin".to_owned(),
        ));
    }
    let rules = rules(&text, &at, path)?;
    if let (Holder::Plugin(_), Some(_), Some(plugin)) = (&holder, &text.agent, &text.plugin) {
        return Err((
            plugin.span(),
            "`agent` is granted to a blueprint, not to a plugin".to_owned(),
        ));
    }
    let delivery = text
        .delivery
        .map(|delivery| delivery_rule(&delivery, &at))
        .transpose()?;
    let expires = text.expires.map(|expires| date(&expires)).transpose()?;
    Ok(Grant {
        at,
        holder,
        binding,
        expires,
        rules,
        delivery,
    })
}

fn holder(text: &GrantText, span: Range<usize>) -> Result<Holder, Wrong> {
    match (&text.blueprint, &text.plugin) {
        (Some(name), None) => named("blueprint", name).map(Holder::Blueprint),
        (None, Some(name)) => named("plugin", name).map(Holder::Plugin),
        _ => Err((
            span,
            "a grant names either `blueprint` or `plugin`".to_owned(),
        )),
    }
}

fn named(key: &str, name: &Spanned<String>) -> Result<PartName, Wrong> {
    PartName::new(name.get_ref()).map_err(|error| (name.span(), format!("`{key}`: {error}")))
}

fn binding(
    text: &GrantText,
    span: Range<usize>,
    holder: &Holder,
    path: &Path,
) -> Result<Binding, Wrong> {
    match (&text.digest, &text.source) {
        (Some(digest), None) => {
            let wrong = |error| (digest.span(), format!("`digest`: {error}"));
            digest.get_ref().parse().map(Binding::Digest).map_err(wrong)
        }
        (None, Some(source)) if matches!(holder, Holder::Plugin(_)) => Err((
            source.span(),
            "`source`: a plugin's grant is bound to its `digest`".to_owned(),
        )),
        (None, Some(source)) => resolve(source, path),
        (Some(_), Some(source)) => Err((
            source.span(),
            "`source`: a grant is bound to `digest` or to `source`, not to both".to_owned(),
        )),
        (None, None) => Err((
            span,
            "a grant is bound to `digest` or to `source`; without it, it would fit any bytes"
                .to_owned(),
        )),
    }
}

/// `source` counts from the folder of the grants file.
fn resolve(source: &Spanned<String>, path: &Path) -> Result<Binding, Wrong> {
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    let folder = if folder.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        folder
    };
    let wanted = folder.join(source.get_ref());
    let wrong = |error| {
        (
            source.span(),
            format!(
                "`source`: `{}` cannot be found: {error}",
                crate::shown(source.get_ref())
            ),
        )
    };
    wanted.canonicalize().map(Binding::Source).map_err(wrong)
}

fn date(expires: &Spanned<toml::value::Datetime>) -> Result<Date, Wrong> {
    let wrong = || (expires.span(), format!("`expires` is {}", mistake::DAY));
    let value = expires.get_ref();
    let (Some(date), None) = (value.date, value.time) else {
        return Err(wrong());
    };
    let (Ok(year), Ok(month), Ok(day)) = (
        i16::try_from(date.year),
        i8::try_from(date.month),
        i8::try_from(date.day),
    ) else {
        return Err(wrong());
    };
    Date::new(year, month, day).map_err(|_| wrong())
}

fn rules(text: &GrantText, at: &str, path: &Path) -> Result<Rules, Wrong> {
    let mut rules = Rules::default();
    if let Some(files) = &text.files {
        rules.read = as_rules(&patterns("files.read", &files.read)?, at, true);
        rules.write = as_rules(&patterns("files.write", &files.write)?, at, true);
    }
    if let Some(command) = &text.command {
        rules.run = as_rules(&patterns("command.run", &command.run)?, at, true);
        rules.unsandboxed = command.unsandboxed;
    }
    if let Some(http) = &text.http {
        rules.send = http::send_rules(http, at)?;
    }
    for credential in &text.credential {
        rules
            .credentials
            .push(http::credential_rule(credential, at, path)?);
    }
    if let Some(agent) = &text.agent {
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

fn agent_rule(agent: &AgentText, at: &str) -> Result<AgentRule, Wrong> {
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
    Ok(AgentRule {
        models: words("agent.models", &agent.models)?,
        tools: Some(words("agent.tools", &agent.tools)?),
        max_turns: agent.max_turns.as_ref().map(|turns| *turns.get_ref()),
        max_tokens: agent.max_tokens.as_ref().map(|tokens| *tokens.get_ref()),
        from: at.to_owned(),
    })
}

fn delivery_rule(text: &Spanned<DeliveryText>, at: &str) -> Result<DeliveryRule, Wrong> {
    let (span, text) = (text.span(), text.get_ref());
    if text.to.get_ref() != "branch" {
        return Err((
            text.to.span(),
            "`delivery.to`: this version delivers to a local branch only: `to = \"branch\"`"
                .to_owned(),
        ));
    }
    let require = match (&text.require, &text.gates) {
        (Some(require), None) if !require.get_ref().is_empty() => require
            .get_ref()
            .iter()
            .map(requirement)
            .collect::<Result<_, _>>()?,
        (None, Some(gates)) if gates.get_ref() == "none" => Vec::new(),
        (None, Some(gates)) => {
            return Err((
                gates.span(),
                "`delivery.gates`: only `gates = \"none\"` is known".to_owned(),
            ));
        }
        (Some(_), Some(gates)) => {
            return Err((
                gates.span(),
                "`delivery.gates`: there is `require` too; keep one".to_owned(),
            ));
        }
        _ => return Err((
            span,
            "`delivery` wants `require = [\"std:…\"]`, or `gates = \"none\"` where none are wanted"
                .to_owned(),
        )),
    };
    Ok(DeliveryRule {
        to: DeliveryTarget::Branch,
        require,
        accept_self_steered: patterns::<PathPattern>(
            "delivery.accept-self-steered",
            &text.accept_self_steered,
        )?,
        accept_protected: patterns::<PathPattern>(
            "delivery.accept-protected",
            &text.accept_protected,
        )?,
        accept_basic: text.accept_basic.unwrap_or(true),
        accept_unsandboxed: text.accept_unsandboxed,
        from: at.to_owned(),
    })
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
