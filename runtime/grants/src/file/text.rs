//! From the text of a grants file to its grants. Each error names the line and
//! the key.

use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use semver::VersionReq;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

use super::deny::{DenyText, TopDenyText};
use super::http::{self, CredentialText, HttpText};
use super::limits::{LimitsText, limits};
use super::tables::{
    AgentText, CommandText, DeliveryText, FilesText, Tables, delivery_rule, rules,
};
use super::{Approved, Binding, Grant, GrantsError, GrantsFile, Holder, TopDeny, deny, mistake};
use crate::{Digest, PartName, Publisher};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(default)]
    grant: Vec<Spanned<GrantText>>,
    #[serde(default)]
    deny: Vec<Spanned<TopDenyText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct GrantText {
    blueprint: Option<Spanned<String>>,
    plugin: Option<Spanned<String>>,
    digest: Option<Spanned<String>>,
    source: Option<Spanned<String>>,
    publisher: Option<Spanned<String>>,
    versions: Option<Spanned<String>>,
    not_wider_than: Option<Spanned<ApprovedText>>,
    approved_by: Option<String>,
    reason: Option<String>,
    expires: Option<Spanned<toml::value::Datetime>>,
    max_runs: Option<Spanned<u64>>,
    files: Option<FilesText>,
    command: Option<CommandText>,
    http: Option<HttpText>,
    #[serde(default)]
    credential: Vec<CredentialText>,
    agent: Option<AgentText>,
    delivery: Option<Spanned<DeliveryText>>,
    deny: Option<DenyText>,
    limits: Option<LimitsText>,
}

/// `[grant.not-wider-than]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ApprovedText {
    files: Option<FilesText>,
    command: Option<CommandText>,
    http: Option<HttpText>,
    agent: Option<AgentText>,
    delivery: Option<deny::DeliveryText>,
    prompts: Option<Spanned<String>>,
    graph: Option<Spanned<String>>,
}

/// A mistake: where, and what.
pub(super) type Wrong = (Range<usize>, String);

/// A text and where it stands, for the places of mistakes.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl Written<'_> {
    /// Reads it as TOML.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, GrantsError> {
        toml::from_str(self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let row = self.text.lines().nth(line_of(self.text, span.start) - 1);
            let what = mistake::told(row.unwrap_or_default(), error.message());
            self.wrong((span, what))
        })
    }

    pub(super) fn wrong(self, (span, what): Wrong) -> GrantsError {
        GrantsError::Line {
            path: self.path.to_owned(),
            line: line_of(self.text, span.start),
            what,
        }
    }

    /// `grants.toml:14`.
    pub(super) fn at(self, start: usize) -> String {
        format!("{}:{}", self.name(), line_of(self.text, start))
    }

    /// `grants.toml`.
    pub(super) fn name(self) -> String {
        crate::shown(&self.path.file_name().unwrap_or_default().to_string_lossy())
    }
}

pub(super) fn parse(path: &Path, text: &str) -> Result<GrantsFile, GrantsError> {
    let written = Written { path, text };
    let file: FileText = written.read()?;
    let ids = identities(written)?;
    let one = |(entry, id): (Spanned<GrantText>, Digest)| {
        let (span, at) = (entry.span(), written.at(entry.span().start));
        grant(entry.into_inner(), span, at, (path, id)).map_err(|wrong| written.wrong(wrong))
    };
    let denied = |entry: Spanned<TopDenyText>| {
        let at = written.at(entry.span().start);
        top_deny(entry, &at).map_err(|wrong| written.wrong(wrong))
    };
    Ok(GrantsFile {
        path: path.to_owned(),
        grants: file
            .grant
            .into_iter()
            .zip(ids)
            .map(one)
            .collect::<Result<_, _>>()?,
        denies: file
            .deny
            .into_iter()
            .map(denied)
            .collect::<Result<_, _>>()?,
    })
}

/// What a grant says, but for who approved it, why and for how long: it stays the
/// same grant where only these change.
fn identities(written: Written<'_>) -> Result<Vec<Digest>, GrantsError> {
    let table: toml::Table = written.read()?;
    let grants = table.get("grant").and_then(toml::Value::as_array);
    let identity = |grant: &toml::Value| {
        let mut grant = grant.as_table().cloned().unwrap_or_default();
        for key in ["approved-by", "reason", "expires", "max-runs"] {
            grant.remove(key);
        }
        Digest::of(grant.to_string().as_bytes())
    };
    Ok(grants.into_iter().flatten().map(identity).collect())
}

fn grant(
    mut text: GrantText,
    span: Range<usize>,
    at: String,
    (path, id): (&Path, Digest),
) -> Result<Grant, Wrong> {
    let holder = holder((&text.blueprint, &text.plugin), span.clone())?
        .ok_or_else(|| (span.clone(), NO_HOLDER.to_owned()))?;
    let binding = binding(&text, span, &holder, path)?;
    if let Holder::Plugin(_) = &holder {
        no_plugin(&text)?;
    }
    let approved = text
        .not_wider_than
        .take()
        .map(|approved| approve(approved, &at));
    let approved = approved.transpose()?;
    if let (Some((span, _)), false) = (&approved, matches!(binding, Binding::Publisher(..))) {
        let what = "`not-wider-than` goes with `publisher`; a digest cannot become wider";
        return Err((span.clone(), what.to_owned()));
    }
    let credentials = text.credential.iter();
    let credentials = credentials.map(|text| http::credential_rule(text, &at, path));
    let credentials = credentials.collect::<Result<Vec<_>, _>>()?;
    let tables = Tables {
        files: text.files,
        command: text.command,
        http: text.http,
        agent: text.agent,
        delivery: text.delivery,
    };
    named_tools(tables.agent.as_ref())?;
    let mut rules = rules(&tables, &at)?;
    rules.credentials = credentials;
    let delivery = tables.delivery.as_ref();
    Ok(Grant {
        id,
        holder,
        binding,
        approved: approved.map(|(_, approved)| approved),
        approved_by: text.approved_by,
        reason: text.reason,
        expires: text.expires.map(|expires| date(&expires)).transpose()?,
        max_runs: text.max_runs.as_ref().map(at_least_one).transpose()?,
        rules,
        delivery: delivery.map(|text| delivery_rule(text, &at)).transpose()?,
        denied: text
            .deny
            .map(|text| deny::denies(&text, &at))
            .transpose()?
            .unwrap_or_default(),
        limits: text
            .limits
            .map(|text| limits(&text))
            .transpose()?
            .unwrap_or_default(),
        at,
    })
}

const NO_HOLDER: &str = "a grant names either `blueprint` or `plugin`";

/// What a plugin cannot be granted.
fn no_plugin(text: &GrantText) -> Result<(), Wrong> {
    let refuse = |span, what: &str| {
        Err((
            span,
            format!("`{what}` is granted to a blueprint, not to a plugin"),
        ))
    };
    if let Some(delivery) = &text.delivery {
        return refuse(delivery.span(), "delivery");
    }
    match (&text.agent, &text.limits, &text.plugin) {
        (Some(_), _, Some(plugin)) => refuse(plugin.span(), "agent"),
        (_, Some(_), Some(plugin)) => refuse(plugin.span(), "limits"),
        _ => Ok(()),
    }
}

/// A grant says which tools; only a ceiling may leave them open.
fn named_tools(agent: Option<&AgentText>) -> Result<(), Wrong> {
    match agent {
        Some(agent) if agent.tools.is_none() => {
            let at = agent.models.first().map_or(0..0, Spanned::span);
            Err((
                at,
                "`agent.tools` is missing; `tools = []` grants a model without any".to_owned(),
            ))
        }
        _ => Ok(()),
    }
}

fn at_least_one(runs: &Spanned<u64>) -> Result<u64, Wrong> {
    match *runs.get_ref() {
        0 => Err((
            runs.span(),
            "`max-runs` is at least 1; to end a grant, take it out".to_owned(),
        )),
        runs => Ok(runs),
    }
}

fn approve(text: Spanned<ApprovedText>, at: &str) -> Result<(Range<usize>, Approved), Wrong> {
    let span = text.span();
    let text = text.into_inner();
    let pin = |key: &str, digest: Option<Spanned<String>>| {
        let read = |digest: Spanned<String>| {
            let parsed = digest.get_ref().parse::<Digest>();
            parsed.map_err(|error| (digest.span(), format!("`not-wider-than.{key}`: {error}")))
        };
        digest.map(read).transpose()
    };
    let (prompts, graph) = (pin("prompts", text.prompts)?, pin("graph", text.graph)?);
    let tables = Tables {
        files: text.files,
        command: text.command,
        http: text.http,
        agent: text.agent,
        delivery: None,
    };
    let rules = rules(&tables, at)?;
    if rules.unsandboxed {
        let what =
            "`not-wider-than` says what may be asked; `command.unsandboxed` is yours to grant";
        return Err((span, what.to_owned()));
    }
    let delivery = text.delivery.as_ref();
    let approved = Approved {
        rules,
        delivery: delivery.map(deny::to).transpose()?,
        prompts,
        graph,
    };
    Ok((span, approved))
}

fn top_deny(entry: Spanned<TopDenyText>, at: &str) -> Result<TopDeny, Wrong> {
    let span = entry.span();
    let (names, text) = entry.into_inner().parts();
    Ok(TopDeny {
        holder: holder((&names.0, &names.1), span)?,
        denied: deny::denies(&text, at)?,
    })
}

/// Whom an entry names, if it names anybody.
fn holder(
    names: (&Option<Spanned<String>>, &Option<Spanned<String>>),
    span: Range<usize>,
) -> Result<Option<Holder>, Wrong> {
    Ok(Some(match names {
        (Some(name), None) => Holder::Blueprint(named("blueprint", name)?),
        (None, Some(name)) => Holder::Plugin(named("plugin", name)?),
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err((span, NO_HOLDER.to_owned())),
    }))
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
    let wrong = |at: &Spanned<String>, what: &str| Err((at.span(), what.to_owned()));
    if let (None, Some(versions)) = (&text.publisher, &text.versions) {
        return wrong(versions, "`versions` goes with `publisher`");
    }
    match (&text.digest, &text.source, &text.publisher) {
        (Some(digest), None, None) => {
            let parsed = digest.get_ref().parse().map(Binding::Digest);
            parsed.map_err(|error| (digest.span(), format!("`digest`: {error}")))
        }
        (None, Some(one), None) | (None, None, Some(one)) if matches!(holder, Holder::Plugin(_)) => {
            wrong(one, "`source`, `publisher`: a plugin's grant is bound to its `digest`")
        }
        (None, Some(source), None) => resolve(source, path),
        (None, None, Some(publisher)) => published(publisher, text.versions.as_ref()),
        (None, None, None) => Err((
            span,
            "a grant is bound to `digest`, `source` or `publisher`; without it, it would fit any bytes"
                .to_owned(),
        )),
        (_, Some(source), _) => wrong(
            source,
            "`source`: a grant is bound to one of `digest`, `source`, `publisher`, not to both",
        ),
        (Some(_), None, Some(publisher)) => wrong(
            publisher,
            "`publisher`: a grant is bound to one of `digest`, `source`, `publisher`, not to both",
        ),
    }
}

fn published(
    publisher: &Spanned<String>,
    versions: Option<&Spanned<String>>,
) -> Result<Binding, Wrong> {
    let key: Publisher = publisher
        .get_ref()
        .parse()
        .map_err(|error| (publisher.span(), format!("`publisher`: {error}")))?;
    let Some(versions) = versions else {
        let what = "`publisher` wants `versions` beside it, e.g. `versions = \"^1.2\"`";
        return Err((publisher.span(), what.to_owned()));
    };
    let range = VersionReq::parse(versions.get_ref()).map_err(|error| {
        let what = format!("`versions`: {}", crate::shown(&error.to_string()));
        (versions.span(), what)
    })?;
    Ok(Binding::Publisher(key, range))
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

fn line_of(text: &str, start: usize) -> usize {
    text.bytes()
        .take(start)
        .filter(|&byte| byte == b'\n')
        .count()
        + 1
}
