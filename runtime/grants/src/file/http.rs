//! `[grant.http]` and `[[grant.credential]]`.

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::tables::patterns;
use super::text::Wrong;
use crate::asks::is_word;
use crate::http::CredentialRule;
use crate::rules::Rule;
use crate::{Attach, CredentialBinding, CredentialSource, HttpPattern};

/// Headers that carry no credential: the host writes them itself, or they say
/// how the message travels.
const NO_CREDENTIAL: &[&str] = &[
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct HttpText {
    send: Vec<Spanned<toml::Value>>,
}

/// An entry of `send` that says more than its pattern.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SendText {
    to: String,
    #[serde(default)]
    private: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct CredentialText {
    name: Spanned<String>,
    from: Spanned<toml::Value>,
    attach: Spanned<Attach>,
    to: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    plain: bool,
}

/// The rules of `[grant.http]`.
pub(super) fn send_rules(http: &HttpText, at: &str) -> Result<Vec<Rule<HttpPattern>>, Wrong> {
    http.send.iter().map(|entry| send_rule(entry, at)).collect()
}

fn send_rule(entry: &Spanned<toml::Value>, at: &str) -> Result<Rule<HttpPattern>, Wrong> {
    let wrong = |what: String| (entry.span(), format!("`http.send`: {what}"));
    let text = match entry.get_ref() {
        toml::Value::String(to) => SendText {
            to: to.clone(),
            private: false,
        },
        other => other
            .clone()
            .try_into()
            .map_err(|error: toml::de::Error| wrong(crate::shown(error.message())))?,
    };
    let pattern: HttpPattern = text
        .to
        .parse()
        .map_err(|error: crate::HttpPatternError| wrong(error.to_string()))?;
    if pattern.is_private() && !text.private {
        return Err(wrong(format!(
            "its host is outside of the public internet; write `{{ to = \"{pattern}\", private = true }}`"
        )));
    }
    Ok(Rule {
        pattern,
        from: at.to_owned(),
        opens_marked: text.private,
    })
}

/// One `[[grant.credential]]`.
pub(super) fn credential_rule(
    text: &CredentialText,
    at: &str,
    path: &Path,
) -> Result<CredentialRule, Wrong> {
    let name = text.name.get_ref();
    if !is_word(name) {
        let what = "`credential.name`: letters, digits, `.`, `-`, `_`, `/`, `:`";
        return Err((text.name.span(), what.to_owned()));
    }
    let to: Vec<HttpPattern> = patterns("credential.to", text.to.get_ref())?;
    if to.is_empty() {
        let what = "`credential.to` names the requests that it goes with";
        return Err((text.to.span(), what.to_owned()));
    }
    for (pattern, written) in to.iter().zip(text.to.get_ref()) {
        let plain = text.plain && pattern.is_loopback();
        if !pattern.is_tls() && !plain {
            let what = "`credential.to`: a credential goes over `https://`; over `http://` to this machine alone, with `plain = true`";
            return Err((written.span(), what.to_owned()));
        }
    }
    let attach = attach(&text.attach)?;
    let from = source(&text.from, path)?;
    Ok(CredentialRule {
        binding: CredentialBinding {
            name: name.clone(),
            from,
            attach,
            plain: text.plain,
        },
        to,
        from: at.to_owned(),
    })
}

fn attach(text: &Spanned<Attach>) -> Result<Attach, Wrong> {
    let attach = text.get_ref().clone();
    let Attach::Header(name) = &attach else {
        return Ok(attach);
    };
    let token = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let sound = (1..=100).contains(&name.len()) && name.bytes().all(token);
    if !sound || NO_CREDENTIAL.contains(&name.as_str()) {
        let what = format!(
            "`credential.attach`: `{}` is no header for a credential; write one in lower case, e.g. `x-api-key`",
            crate::shown(name)
        );
        return Err((text.span(), what));
    }
    Ok(attach)
}

/// Files count from the folder of the grants file.
fn source(text: &Spanned<toml::Value>, path: &Path) -> Result<CredentialSource, Wrong> {
    let wrong = |what: &str| Err((text.span(), format!("`credential.from`: {what}")));
    // What the reader says of a mistake quotes it, and here that may be the secret itself.
    let Ok(source) = text.get_ref().clone().try_into() else {
        return wrong(
            "write where it lies: `{ env = \"…\" }`, `{ file = \"…\" }` or `{ command = [\"…\"] }`",
        );
    };
    match source {
        CredentialSource::Env(name) if name.is_empty() || name.contains(['=', '\0']) => {
            wrong("`env` names a variable")
        }
        CredentialSource::Command(words) if words.first().is_none_or(String::is_empty) => {
            wrong("`command` is a program and its arguments")
        }
        CredentialSource::File(file) => {
            let folder = path.parent().unwrap_or(Path::new(""));
            Ok(CredentialSource::File(folder.join(file)))
        }
        other => Ok(other),
    }
}
