//! Which rules the sources give to a part.

use jiff::civil::Date;

use super::{GrantSources, Subject, before};
use crate::allow::Allowed;
use crate::denies::Denies;
use crate::file::{Binding, Grant, Holder};
use crate::reach::Handover;
use crate::rules::{AgentRule, Rule, Rules};
use crate::{Capability, Ceiling, Digest, Limits, Manifest, PartName, Reach};

/// Where what is granted because it is asked comes from.
pub(super) const ALLOW_ASKED: &str = "--allow-asked";

/// Everything granted and denied to one part. Notes say which grants almost fitted.
pub(super) fn rules(
    subject: &Subject,
    (name, digest, manifest): (&PartName, Digest, &Manifest),
    sources: &GrantSources<'_>,
    today: Date,
    notes: &mut Vec<String>,
) -> Rules {
    let mut rules = Rules::default();
    for grant in sources.file.iter().flat_map(|file| &file.grants) {
        if holds(grant, subject, (name, digest), (sources, today), notes) {
            rules.extend(&grant.rules);
        }
    }
    for allow in sources.allow {
        allow_rule(&allow.0, &mut rules);
    }
    if let Some(bound) = before::bound(sources, subject, name) {
        rules.extend(&bound);
    } else if sources.allow_asked {
        rules.extend(&asked(manifest));
    }
    rules.denied = denied(subject, (name, digest), sources);
    rules
}

/// What the grants file denies to a part. What denies does not lapse: neither with
/// a day nor with a number of runs.
fn denied(subject: &Subject, part: (&PartName, Digest), sources: &GrantSources<'_>) -> Denies {
    let mut denied = Denies::default();
    if let Some(file) = sources.file {
        for deny in &file.denies {
            let holder = deny.holder.as_ref();
            if holder.is_none_or(|holder| is_called(holder, subject, part.0)) {
                denied.extend(&deny.denied);
            }
        }
        let own = file.grants.iter().filter(|grant| {
            is_called(&grant.holder, subject, part.0) && is_bound(grant, subject, part.1)
        });
        own.for_each(|grant| denied.extend(&grant.denied));
    }
    denied
}

fn is_called(holder: &Holder, subject: &Subject, part: &PartName) -> bool {
    match holder {
        Holder::Blueprint(name) => *name == subject.manifest.name,
        Holder::Plugin(name) => name == part,
    }
}

/// The entries of the grants file that hold for any part.
pub(super) fn used<'a>(
    subject: &Subject,
    sources: &GrantSources<'a>,
    today: Date,
) -> Vec<&'a Grant> {
    let parts: Vec<_> = super::all_parts(subject)
        .map(|(name, digest, ..)| (name, digest))
        .collect();
    let holds = |grant: &&Grant| {
        let part = |&part| holds(grant, subject, part, (sources, today), &mut Vec::new());
        parts.iter().any(part)
    };
    let all = sources.file.into_iter().flat_map(|file| &file.grants);
    all.filter(holds).collect()
}

/// Of each bound the tightest that a grant in use or the ceiling sets.
pub(super) fn limits(used: &[&Grant], ceiling: Option<&Ceiling>) -> Limits {
    let most = ceiling.map(|ceiling| ceiling.limits).unwrap_or_default();
    used.iter()
        .fold(most, |limits, grant| limits.tightest(grant.limits))
}

/// Whether a grant of the file is for this part, these bytes, this day and this run.
pub(super) fn holds(
    grant: &Grant,
    subject: &Subject,
    (name, digest): (&PartName, Digest),
    (sources, today): (&GrantSources<'_>, Date),
    notes: &mut Vec<String>,
) -> bool {
    let bound = is_bound(grant, subject, digest);
    if !is_called(&grant.holder, subject, name) {
        notes.extend(bound.then(|| misnamed(grant, subject, name)).flatten());
        return false;
    }
    let against = if bound {
        lapsed(grant, sources, today).or_else(|| wider(grant, subject))
    } else {
        Some(unbound(grant, subject, digest))
    };
    let holds = against.is_none();
    notes.extend(against.map(|why| format!("{} {why}", grant.at)));
    holds
}

/// Whether a grant is bound to these bytes.
fn is_bound(grant: &Grant, subject: &Subject, digest: Digest) -> bool {
    let bytes = match &grant.holder {
        Holder::Blueprint(_) => subject.digest,
        Holder::Plugin(_) => digest,
    };
    match &grant.binding {
        Binding::Digest(bound) => *bound == bytes,
        Binding::Source(folder) => subject.source.as_ref() == Some(folder),
        Binding::Publisher(key, versions) => {
            subject.publisher.as_ref() == Some(key) && versions.matches(&subject.manifest.version)
        }
    }
}

/// A publisher has many files: only a grant for these very bytes or this folder is
/// told of under another name.
fn misnamed(grant: &Grant, subject: &Subject, name: &PartName) -> Option<String> {
    let (holder, called) = match &grant.holder {
        Holder::Blueprint(holder) => (holder, &subject.manifest.name),
        Holder::Plugin(holder) => (holder, name),
    };
    let told = !matches!(grant.binding, Binding::Publisher(..));
    told.then(|| {
        format!(
            "{} is for these very bytes under the name `{holder}`; they are called `{called}`",
            grant.at
        )
    })
}

fn unbound(grant: &Grant, subject: &Subject, digest: Digest) -> String {
    let bytes = match &grant.holder {
        Holder::Blueprint(_) => subject.digest,
        Holder::Plugin(_) => digest,
    };
    let to = match &grant.binding {
        Binding::Digest(bound) => bound.to_string(),
        Binding::Source(folder) => format!("what is built from `{}`", folder.display()),
        Binding::Publisher(key, versions) => {
            let signed = match &subject.publisher {
                Some(other) => format!("signed by {other}"),
                None => "not signed".to_owned(),
            };
            let version = &subject.manifest.version;
            return format!(
                "is for versions {versions} signed by {key}; this is {version}, {signed}"
            );
        }
    };
    format!("is for {to}, not for these bytes ({bytes})")
}

/// Why it does not hold any more.
fn lapsed(grant: &Grant, sources: &GrantSources<'_>, today: Date) -> Option<String> {
    if let Some(last) = grant.expires.filter(|last| today > *last) {
        return Some(format!("expired on {last}"));
    }
    let most = grant.max_runs?;
    let Some(earlier) = sources.earlier else {
        return Some("has `max-runs`, and nothing here counts runs".to_owned());
    };
    match earlier.under(grant.id) {
        Ok(runs) if runs < most => None,
        Ok(runs) => Some(format!("admits {most} runs, and {runs} were made with it")),
        Err(why) => Some(format!("has `max-runs`, and runs cannot be counted: {why}")),
    }
}

/// What a publisher's file asks beyond what was approved.
fn wider(grant: &Grant, subject: &Subject) -> Option<String> {
    if !matches!(grant.binding, Binding::Publisher(..)) {
        return None;
    }
    let asks = super::all_parts(subject).flat_map(|(.., manifest)| &manifest.asks);
    let beyond = Reach::asked(asks).beyond(&approved(grant).with_open_terms());
    if let Some(first) = beyond.first() {
        let more = match beyond.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        return Some(format!(
            "approves no more than it says; this file also asks {} `{}`{more}",
            first.key, first.what
        ));
    }
    let pins = grant.approved.as_ref()?;
    let pinned = [
        ("prompts", pins.prompts, subject.surface.prompts),
        ("graph", pins.graph, subject.surface.graph),
    ];
    let moved = pinned
        .iter()
        .find(|(_, pin, found)| pin.is_some_and(|pin| pin != *found));
    moved.map(|(what, _, found)| format!("pins the {what}; those of this file are {found}"))
}

/// What a publisher's file may ask: what is approved, or what is granted.
fn approved(grant: &Grant) -> Reach {
    match &grant.approved {
        None => Reach::of(&grant.rules, &grant.delivery),
        Some(approved) => {
            let to = approved.delivery.map(Handover::open);
            Reach::under(&approved.rules, &to).with_any_credential()
        }
    }
}

/// Says so where a file grants things, and nothing to anyone of this name.
pub(super) fn unnamed(subject: &Subject, sources: &GrantSources<'_>) -> Option<String> {
    const SHOWN: usize = 5;
    let file = sources.file.filter(|file| !file.is_empty())?;
    let mut names: Vec<&PartName> = Vec::new();
    for grant in &file.grants {
        let (Holder::Blueprint(name) | Holder::Plugin(name)) = &grant.holder;
        if *name == subject.manifest.name {
            return None;
        }
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let more = if names.len() > SHOWN { ", …" } else { "" };
    let names: Vec<_> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    Some(format!(
        "`{}` has no grant for `{}`; its grants are for {}{more}",
        crate::shown(&file.path.display().to_string()),
        subject.manifest.name,
        names.join(", ")
    ))
}

fn allow_rule(allow: &Allowed, rules: &mut Rules) {
    fn rule<P: Clone>(pattern: &P) -> Rule<P> {
        Rule {
            pattern: pattern.clone(),
            from: "--allow".to_owned(),
            opens_marked: true,
        }
    }
    match allow {
        Allowed::Read(pattern) => rules.read.push(rule(pattern)),
        Allowed::Write(pattern) => rules.write.push(rule(pattern)),
        Allowed::Command(pattern) => rules.run.push(rule(pattern)),
        Allowed::Send(pattern, private) => rules.send.push(Rule {
            opens_marked: *private,
            ..rule(pattern)
        }),
        Allowed::Agent(model) => rules.agents.push(any_tools(model, "--allow")),
        Allowed::Delivery(_) | Allowed::Require(_) | Allowed::NoGates => {}
    }
}

fn any_tools(model: &str, from: &str) -> AgentRule {
    AgentRule {
        models: vec![model.to_owned()],
        tools: None,
        max_turns: None,
        max_tokens: None,
        from: from.to_owned(),
    }
}

/// What `--allow-asked` gives: the asks, opening no marked file and no private address.
pub(super) fn asked(manifest: &Manifest) -> Rules {
    let mut rules = crate::admission::asked_rules(manifest.asks.iter());
    let from = ALLOW_ASKED;
    for rule in rules.read.iter_mut().chain(&mut rules.write) {
        from.clone_into(&mut rule.from);
        rule.opens_marked = false;
    }
    for rule in &mut rules.run {
        from.clone_into(&mut rule.from);
    }
    rules.send.retain(|rule| !rule.pattern.is_private());
    for rule in &mut rules.send {
        from.clone_into(&mut rule.from);
        rule.opens_marked = false;
    }
    for ask in &manifest.asks {
        if let Capability::Agent(agent) = &ask.capability {
            rules.agents.push(any_tools(&agent.model, from));
        }
    }
    rules
}

/// Where rules came from.
pub(super) fn origins(rules: &Rules) -> impl Iterator<Item = String> {
    let paths = rules.read.iter().chain(&rules.write).map(|rule| &rule.from);
    paths
        .chain(rules.run.iter().map(|rule| &rule.from))
        .chain(rules.send.iter().map(|rule| &rule.from))
        .chain(rules.credentials.iter().map(|rule| &rule.from))
        .chain(rules.agents.iter().map(|rule| &rule.from))
        .cloned()
}

#[cfg(test)]
mod tests {
    use crate::admit::tests::{subject, with_file};
    use crate::{Digest, Subject};

    fn notes(subject: &Subject, name: &str, digest: Digest) -> Vec<String> {
        let grant = format!("[[grant]]\nblueprint = \"{name}\"\ndigest = \"{digest}\"\n");
        with_file(subject, &grant).unwrap_err().notes
    }

    #[test]
    fn a_grant_for_these_bytes_under_another_name_is_noted() {
        let subject = subject();
        let told = notes(&subject, "acme/fix-bugs", subject.digest).join("\n");
        for word in [
            "grants.toml:1 is for these very bytes under the name `acme/fix-bugs`",
            "called `acme/fix-bug`",
        ] {
            assert!(told.contains(word), "{told}");
        }
    }

    #[test]
    fn a_file_that_grants_to_others_alone_is_noted() {
        let subject = subject();
        let others = notes(&subject, "acme/other", Digest::of(b"other"));
        assert_eq!(others.len(), 1, "{others:?}");
        assert!(
            others[0].ends_with("has no grant for `acme/fix-bug`; its grants are for `acme/other`")
        );
        let own = notes(&subject, "acme/fix-bug", subject.digest);
        assert!(own.is_empty(), "{own:?}");
        assert!(with_file(&subject, "").unwrap_err().notes.is_empty());
    }
}

#[cfg(test)]
#[path = "bound_tests.rs"]
mod bound_tests;
