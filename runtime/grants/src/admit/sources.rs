//! Which rules the sources give to a part.

use jiff::civil::Date;

use super::{GrantSources, Subject};
use crate::allow::Allowed;
use crate::file::{Binding, Grant, Holder};
use crate::rules::{AgentRule, Rule, Rules};
use crate::{Capability, Digest, Manifest, PartName};

/// Everything granted to one part. Notes say which grants almost fitted.
pub(super) fn rules(
    subject: &Subject,
    (name, digest, manifest): (&PartName, Digest, &Manifest),
    sources: &GrantSources<'_>,
    today: Date,
    notes: &mut Vec<String>,
) -> Rules {
    let mut rules = Rules::default();
    for grant in sources.file.iter().flat_map(|file| &file.grants) {
        if holds(grant, subject, (name, digest), today, notes) {
            rules.extend(&grant.rules);
        }
    }
    for allow in sources.allow {
        allow_rule(&allow.0, &mut rules);
    }
    if sources.allow_asked {
        rules.extend(&asked(manifest));
    }
    rules
}

/// Whether a grant of the file is for this part, these bytes and this day.
pub(super) fn holds(
    grant: &Grant,
    subject: &Subject,
    (name, digest): (&PartName, Digest),
    today: Date,
    notes: &mut Vec<String>,
) -> bool {
    let (holder, called, bytes) = match &grant.holder {
        Holder::Blueprint(holder) => (holder, &subject.manifest.name, subject.digest),
        Holder::Plugin(holder) => (holder, name, digest),
    };
    let bound = match &grant.binding {
        Binding::Digest(bound) => *bound == bytes,
        Binding::Source(folder) => subject.source.as_ref() == Some(folder),
    };
    if holder != called {
        if bound {
            notes.push(format!(
                "{} is for these very bytes under the name `{holder}`; they are called `{called}`",
                grant.at
            ));
        }
        return false;
    }
    if !bound {
        let to = match &grant.binding {
            Binding::Digest(bound) => bound.to_string(),
            Binding::Source(folder) => format!("what is built from `{}`", folder.display()),
        };
        notes.push(format!(
            "{} is for {to}, not for these bytes ({bytes})",
            grant.at
        ));
        return false;
    }
    match grant.expires {
        Some(last) if today > last => {
            notes.push(format!("{} expired on {last}", grant.at));
            false
        }
        _ => true,
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
fn asked(manifest: &Manifest) -> Rules {
    let mut rules = crate::admission::asked_rules(manifest.asks.iter());
    let from = "--allow-asked";
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
