//! `[grant.limits]` and `[limits]`: bounds of one run that the host enforces.

use serde::Deserialize;
use toml::Spanned;

use super::text::Wrong;
use crate::Limits;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LimitsText {
    turns: Option<Spanned<u64>>,
    tokens: Option<Spanned<u64>>,
    tool_calls: Option<Spanned<u64>>,
    commands: Option<Spanned<u64>>,
    requests: Option<Spanned<u64>>,
    visits: Option<Spanned<u64>>,
    run_seconds: Option<Spanned<u64>>,
    visit_seconds: Option<Spanned<u64>>,
    /// Known, and enforced by nothing: an error.
    money: Option<Spanned<toml::Value>>,
    workspace_bytes: Option<Spanned<toml::Value>>,
}

/// The bounds. One of nothing, and one that nothing enforces, are mistakes.
pub(super) fn limits(text: &LimitsText) -> Result<Limits, Wrong> {
    for (key, value, cure) in [
        ("money", &text.money, "bound `tokens` and `turns`"),
        (
            "workspace-bytes",
            &text.workspace_bytes,
            "the host's own bound holds",
        ),
    ] {
        if let Some(value) = value {
            let what = format!("`limits.{key}` is enforced by nothing in this version; {cure}");
            return Err((value.span(), what));
        }
    }
    let bound = |key: &str, value: &Option<Spanned<u64>>| match value {
        Some(zero) if *zero.get_ref() == 0 => {
            Err((zero.span(), format!("`limits.{key}` is at least 1")))
        }
        value => Ok(value.as_ref().map(|value| *value.get_ref())),
    };
    Ok(Limits {
        turns: bound("turns", &text.turns)?,
        tokens: bound("tokens", &text.tokens)?,
        tool_calls: bound("tool-calls", &text.tool_calls)?,
        commands: bound("commands", &text.commands)?,
        requests: bound("requests", &text.requests)?,
        visits: bound("visits", &text.visits)?,
        run_seconds: bound("run-seconds", &text.run_seconds)?,
        visit_seconds: bound("visit-seconds", &text.visit_seconds)?,
    })
}
