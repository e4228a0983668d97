//! One ask against what is granted: met, met in part, or missing.

use super::{AdmissionProblem, Findings, Missing, MissingGrant};
use crate::admission::{AdmittedPart, Narrowed};
use crate::rules::{AgentGrant, Ceiling, Rule, Rules, grants_some, http_grants_some};
use crate::{AgentAsk, Ask, Capability, CommandPattern, HttpAsk, HttpPattern, PathPattern};

/// Notes what of an ask is missing, narrower than asked, or above the ceiling.
pub(super) fn ask(part: &AdmittedPart, ask: &Ask, ceiling: Option<&Ceiling>, found: &mut Findings) {
    let ceiling = ceiling.map(|ceiling| &ceiling.0);
    let met = match &ask.capability {
        Capability::Files(files) => {
            let read = check_paths(part, ask, &files.read, false, ceiling, found);
            check_paths(part, ask, &files.write, true, ceiling, found) && read
        }
        Capability::Command(command) => check_commands(part, ask, &command.run, ceiling, found),
        Capability::Http(http) => check_http(part, ask, http, ceiling, found),
        Capability::Agent(agent) => check_agent(part, ask, agent, ceiling, found),
        Capability::Delivery(_) => true,
    };
    if !met {
        let problem = AdmissionProblem::AboveCeiling {
            part: part.name.clone(),
            ask: ask.id.clone(),
        };
        found.problems.push(problem);
    }
}

/// Notes a grant that is missing, or narrower than asked.
fn check_paths(
    part: &AdmittedPart,
    ask: &Ask,
    asked: &[PathPattern],
    changes: bool,
    ceiling: Option<&Rules>,
    found: &mut Findings,
) -> bool {
    let side = |rules: &Rules| {
        if changes {
            rules.write.clone()
        } else {
            rules.read.clone()
        }
    };
    let granted = side(&part.granted);
    let any = |rules: &[Rule<PathPattern>]| {
        asked.is_empty()
            || asked
                .iter()
                .any(|pattern| grants_some(rules, pattern, changes))
    };
    let (word, key) = if changes {
        ("write", "files.write")
    } else {
        ("read", "files.read")
    };
    if !any(&granted) {
        found.missing.push(missing(
            part,
            ask,
            format!("{word} {}", joined(asked)),
            false,
        ));
        found.cures.push(if changes {
            Missing::Write(asked.to_vec())
        } else {
            Missing::Read(asked.to_vec())
        });
    }
    let whole = |pattern: &&PathPattern| {
        granted.iter().any(|rule| rule.pattern.covers(pattern))
            && grants_some(&granted, pattern, changes)
    };
    for pattern in asked.iter().filter(|pattern| !whole(pattern)) {
        let meeting = granted.iter().filter(|rule| rule.pattern.overlaps(pattern));
        narrow(
            part,
            ask,
            key,
            pattern.as_str(),
            meeting.map(|rule| rule.pattern.to_string()).collect(),
            found,
        );
    }
    ceiling.is_none_or(|rules| any(&side(rules)))
}

fn check_commands(
    part: &AdmittedPart,
    ask: &Ask,
    asked: &[CommandPattern],
    ceiling: Option<&Rules>,
    found: &mut Findings,
) -> bool {
    let granted = &part.granted.run;
    let any = |rules: &[Rule<CommandPattern>]| {
        rules
            .iter()
            .any(|rule| asked.iter().any(|pattern| rule.pattern.overlaps(pattern)))
    };
    if !any(granted) {
        let runs = asked.iter().any(CommandPattern::runs_workspace_code);
        let lines: Vec<_> = asked.iter().map(CommandPattern::as_str).collect();
        found
            .missing
            .push(missing(part, ask, lines.join(", "), runs));
        found.cures.push(Missing::Run(asked.to_vec()));
    }
    for pattern in asked
        .iter()
        .filter(|pattern| !granted.iter().any(|rule| rule.pattern.covers(pattern)))
    {
        let meeting = granted.iter().filter(|rule| rule.pattern.overlaps(pattern));
        narrow(
            part,
            ask,
            "command.run",
            pattern.as_str(),
            meeting.map(|rule| rule.pattern.to_string()).collect(),
            found,
        );
    }
    ceiling.is_none_or(|rules| any(&rules.run))
}

fn check_http(
    part: &AdmittedPart,
    ask: &Ask,
    asked: &HttpAsk,
    ceiling: Option<&Rules>,
    found: &mut Findings,
) -> bool {
    let granted = &part.granted.send;
    let any = |rules: &[Rule<HttpPattern>]| {
        let some = |pattern| rules.iter().any(|rule| http_grants_some(rule, pattern));
        asked.send.iter().any(some)
    };
    if !any(granted) {
        let lines: Vec<_> = asked.send.iter().map(HttpPattern::as_str).collect();
        found
            .missing
            .push(missing(part, ask, lines.join(", "), false));
        found.cures.push(Missing::Send(asked.send.clone()));
    }
    let whole = |pattern: &HttpPattern| {
        let over = |rule: &Rule<HttpPattern>| {
            rule.pattern.covers(pattern) && http_grants_some(rule, pattern)
        };
        granted.iter().any(over)
    };
    for pattern in asked.send.iter().filter(|pattern| !whole(pattern)) {
        let meeting = granted.iter().filter(|rule| rule.pattern.overlaps(pattern));
        let meeting = meeting.map(|rule| rule.pattern.to_string()).collect();
        narrow(part, ask, "http.send", pattern.as_str(), meeting, found);
    }
    if let Some(name) = &asked.credential {
        let goes = |to: &HttpPattern| asked.send.iter().any(|send| send.overlaps(to));
        let mut bound = part.granted.credentials.iter();
        if !bound.any(|rule| rule.binding.name == *name && rule.to.iter().any(goes)) {
            narrow(part, ask, "http.credential", name, Vec::new(), found);
        }
    }
    ceiling.is_none_or(|rules| any(&rules.send))
}

fn check_agent(
    part: &AdmittedPart,
    ask: &Ask,
    asked: &AgentAsk,
    ceiling: Option<&Rules>,
    found: &mut Findings,
) -> bool {
    let whole = AgentGrant::asked(asked);
    let shown = |agent: &AgentGrant| {
        format!(
            "model={} tools={} max-turns={} max-tokens={}",
            agent.model,
            agent.tools.join(","),
            agent.max_turns,
            agent.max_tokens
        )
    };
    match whole.under(&part.granted.agents) {
        None => {
            found.missing.push(missing(part, ask, shown(&whole), false));
            found.cures.push(Missing::Agent(asked.clone()));
        }
        Some(granted) if shown(&granted) != shown(&whole) => {
            narrow(
                part,
                ask,
                "agent",
                &shown(&whole),
                vec![shown(&granted)],
                found,
            );
        }
        Some(_) => {}
    }
    ceiling.is_none_or(|rules| whole.under(&rules.agents).is_some())
}

fn missing(
    part: &AdmittedPart,
    ask: &Ask,
    target: String,
    runs_workspace_code: bool,
) -> MissingGrant {
    MissingGrant {
        part: part.name.clone(),
        ask: ask.id.clone(),
        capability: ask.capability.kind(),
        target,
        reason: ask.reason.clone(),
        runs_workspace_code,
    }
}

fn narrow(
    part: &AdmittedPart,
    ask: &Ask,
    key: &str,
    asked: &str,
    granted: Vec<String>,
    found: &mut Findings,
) {
    found.narrowed.push(Narrowed {
        part: part.name.clone(),
        ask: ask.id.clone(),
        key: key.to_owned(),
        asked: asked.to_owned(),
        granted,
    });
}

fn joined(patterns: &[PathPattern]) -> String {
    patterns
        .iter()
        .map(PathPattern::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}
