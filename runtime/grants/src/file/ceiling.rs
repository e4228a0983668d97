//! `ceiling.toml`: the most that may be granted, in the tables of a grant at the
//! top of the file. What it does not name is above it.

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::GrantsError;
use super::deny::{self, DenyText};
use super::http::HttpText;
use super::limits::{LimitsText, limits};
use super::tables::{AgentText, CommandText, DeliveryText, FilesText, Tables, rules, terms};
use super::text::{Written, Wrong};
use crate::Ceiling;
use crate::reach::Handover;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct CeilingText {
    files: Option<FilesText>,
    command: Option<CommandText>,
    http: Option<HttpText>,
    agent: Option<AgentText>,
    delivery: Option<Spanned<DeliveryText>>,
    deny: Option<DenyText>,
    limits: Option<LimitsText>,
}

pub(super) fn parse(path: &Path, text: &str) -> Result<Ceiling, GrantsError> {
    let written = Written { path, text };
    let text: CeilingText = written.read()?;
    ceiling(text, &written.name()).map_err(|wrong| written.wrong(wrong))
}

fn ceiling(text: CeilingText, at: &str) -> Result<Ceiling, Wrong> {
    let tables = Tables {
        files: text.files,
        command: text.command,
        http: text.http,
        agent: text.agent,
        delivery: text.delivery,
    };
    let mut rules = rules(&tables, at)?;
    if let Some(text) = &text.deny {
        rules.denied = deny::denies(text, at)?;
    }
    let delivery = tables.delivery.as_ref();
    if let Some(gates) = delivery.and_then(|text| text.get_ref().gates.as_ref()) {
        let what = "`delivery.gates`: a ceiling names with `require` the gates that have to be there, or none";
        return Err((gates.span(), what.to_owned()));
    }
    let delivery = delivery.map(|text| terms(text, at)).transpose()?;
    let limits = text.limits.as_ref().map(limits).transpose()?;
    Ok(Ceiling {
        rules,
        delivery: delivery.as_ref().map(Handover::from),
        limits: limits.unwrap_or_default(),
    })
}
