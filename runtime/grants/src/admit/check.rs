//! One ask against what is granted: met, met in part, or missing.

use super::{AdmissionProblem, Findings, Missing, MissingGrant};
use crate::admission::{AdmittedPart, Narrowed};
use crate::rules::{AgentGrant, Rule, Rules, grants_some, http_grants_some};
use crate::{
    AgentAsk, Ask, Capability, Ceiling, CommandPattern, HttpAsk, HttpPattern, PathPattern, Reach,
};

/// What holds whatever is granted.
pub(super) struct Bounds<'a> {
    /// The most that may be granted.
    pub(super) allowed: Option<&'a Ceiling>,
    /// What an earlier version asked: beyond that nothing is narrowed in silence.
    pub(super) before: Option<Rules>,
}

impl Bounds<'_> {
    fn ceiling(&self) -> Option<&Rules> {
        self.allowed.map(|allowed| &allowed.rules)
    }
}

/// Notes what of an ask is missing, narrower than asked, or above the ceiling.
pub(super) fn ask(part: &AdmittedPart, ask: &Ask, bounds: &Bounds<'_>, found: &mut Findings) {
    let met = match &ask.capability {
        Capability::Files(files) => {
            let read = check_paths(part, ask, &files.read, false, bounds, found);
            check_paths(part, ask, &files.write, true, bounds, found) && read
        }
        Capability::Command(command) => check_commands(part, ask, &command.run, bounds, found),
        Capability::Http(http) => check_http(part, ask, http, bounds, found),
        Capability::Agent(agent) => check_agent(part, ask, agent, bounds, found),
        Capability::Delivery(_) => bounds.allowed.is_none_or(|most| most.delivery.is_some()),
    };
    if let Some(from) = denied(part, ask, bounds.allowed) {
        found.problems.push(AdmissionProblem::Denied {
            part: part.name.clone(),
            ask: ask.id.clone(),
            from,
        });
    }
    if !met {
        let problem = AdmissionProblem::AboveCeiling {
            part: part.name.clone(),
            ask: ask.id.clone(),
        };
        found.problems.push(problem);
    }
}

/// Who denies all that an ask asks.
fn denied(part: &AdmittedPart, ask: &Ask, ceiling: Option<&Ceiling>) -> Option<String> {
    let mut denies = part.granted.denied.clone();
    if let Some(ceiling) = ceiling {
        denies.extend(&ceiling.rules.denied);
    }
    let mut left = Reach::asked([ask]);
    left.deny(&denies);
    let nothing = Reach::asked([]);
    (nothing.covers(&left)).then(|| denies.sources().join(", "))
}

/// Notes a grant that is missing, or narrower than asked.
fn check_paths(
    part: &AdmittedPart,
    ask: &Ask,
    asked: &[PathPattern],
    changes: bool,
    bounds: &Bounds<'_>,
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
    let whole = |pattern: &&PathPattern| {
        granted.iter().any(|rule| rule.pattern.covers(pattern))
            && grants_some(&granted, pattern, changes)
    };
    let known = bounds.before.as_ref().map(side);
    let beyond = |pattern: &&PathPattern| {
        let covers = |rule: &Rule<PathPattern>| rule.pattern.covers(pattern);
        known
            .as_ref()
            .is_some_and(|known| !known.iter().any(covers))
    };
    let lacking = if any(&granted) {
        let lacking = asked.iter().filter(|it| !whole(it)).filter(beyond);
        lacking.cloned().collect()
    } else {
        asked.to_vec()
    };
    if !lacking.is_empty() {
        let target = format!("{word} {}", joined(&lacking));
        found.missing.push(missing(part, ask, target, false));
        found.cures.push(if changes {
            Missing::Write(lacking)
        } else {
            Missing::Read(lacking)
        });
    }
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
    bounds.ceiling().is_none_or(|rules| any(&side(rules)))
}

fn check_commands(
    part: &AdmittedPart,
    ask: &Ask,
    asked: &[CommandPattern],
    bounds: &Bounds<'_>,
    found: &mut Findings,
) -> bool {
    let granted = &part.granted.run;
    let any = |rules: &[Rule<CommandPattern>]| {
        rules
            .iter()
            .any(|rule| asked.iter().any(|pattern| rule.pattern.overlaps(pattern)))
    };
    let whole = |pattern: &&CommandPattern| granted.iter().any(|rule| rule.pattern.covers(pattern));
    let beyond = |pattern: &&CommandPattern| {
        let covers = |rule: &Rule<CommandPattern>| rule.pattern.covers(pattern);
        let before = bounds.before.as_ref();
        before.is_some_and(|before| !before.run.iter().any(covers))
    };
    let lacking: Vec<_> = if any(granted) {
        let lacking = asked.iter().filter(|it| !whole(it)).filter(beyond);
        lacking.cloned().collect()
    } else {
        asked.to_vec()
    };
    if !lacking.is_empty() || !any(granted) {
        let runs = lacking.iter().any(CommandPattern::runs_workspace_code);
        let lines: Vec<_> = lacking.iter().map(CommandPattern::as_str).collect();
        found
            .missing
            .push(missing(part, ask, lines.join(", "), runs));
        found.cures.push(Missing::Run(lacking));
    }
    for pattern in asked.iter().filter(|pattern| !whole(pattern)) {
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
    bounds.ceiling().is_none_or(|rules| any(&rules.run))
}

fn check_http(
    part: &AdmittedPart,
    ask: &Ask,
    asked: &HttpAsk,
    bounds: &Bounds<'_>,
    found: &mut Findings,
) -> bool {
    let granted = &part.granted.send;
    let any = |rules: &[Rule<HttpPattern>]| {
        let some = |pattern| rules.iter().any(|rule| http_grants_some(rule, pattern));
        asked.send.iter().any(some)
    };
    let whole = |pattern: &&HttpPattern| {
        let over = |rule: &Rule<HttpPattern>| {
            rule.pattern.covers(pattern) && http_grants_some(rule, pattern)
        };
        granted.iter().any(over)
    };
    let beyond = |pattern: &&HttpPattern| {
        let covers = |rule: &Rule<HttpPattern>| rule.pattern.covers(pattern);
        let before = bounds.before.as_ref();
        before.is_some_and(|before| !before.send.iter().any(covers))
    };
    let lacking: Vec<_> = if any(granted) {
        let lacking = asked.send.iter().filter(|it| !whole(it)).filter(beyond);
        lacking.cloned().collect()
    } else {
        asked.send.clone()
    };
    if !lacking.is_empty() || !any(granted) {
        let lines: Vec<_> = lacking.iter().map(HttpPattern::as_str).collect();
        found
            .missing
            .push(missing(part, ask, lines.join(", "), false));
        found.cures.push(Missing::Send(lacking));
    }
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
    bounds.ceiling().is_none_or(|rules| any(&rules.send))
}

fn check_agent(
    part: &AdmittedPart,
    ask: &Ask,
    asked: &AgentAsk,
    bounds: &Bounds<'_>,
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
    let beyond = || {
        let before = bounds.before.as_ref();
        let then = before.map(|before| whole.under(&before.agents));
        then.is_some_and(|then| then.is_none_or(|then| shown(&then) != shown(&whole)))
    };
    match whole.under(&part.granted.agents) {
        None => {
            found.missing.push(missing(part, ask, shown(&whole), false));
            found.cures.push(Missing::Agent(asked.clone()));
        }
        Some(granted) if shown(&granted) != shown(&whole) && beyond() => {
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
    let ceiling = bounds.ceiling();
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
