//! Grants examined beside what asks for them: whether they are enough, more
//! than enough, or about to end; and the smallest ones that would do.

use jiff::civil::Date;
use serde::Serialize;

use super::{GrantSources, Refused, Subject, sources, weigh};
use crate::admission::GrantUsed;
use crate::file::Grant;
use crate::{Admission, Reach};

/// What grants come to for one file.
#[derive(Debug)]
pub struct Examined {
    /// What would be admitted, or everything that stands against it.
    pub admitted: Result<Admission, Box<Refused>>,
    /// Entries of the grants file that hold.
    pub used: Vec<GrantUsed>,
    /// What of them is granted and asked by nobody.
    pub over: Vec<OverGranted>,
    /// Of them those that hold until the given day at most.
    pub ending: Vec<GrantUsed>,
}

/// Something that is granted beyond what is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct OverGranted {
    /// `grants.toml:14`.
    pub at: String,
    /// `files write`, `command run`.
    pub key: &'static str,
    /// The pattern, the terms of an agent.
    pub what: String,
    /// Something of it is asked; otherwise nothing is.
    pub partly_asked: bool,
}

/// Examines the grants for a file. Those that hold no longer than `soon` count as ending.
pub fn examine(subject: &Subject, sources: &GrantSources<'_>, today: Date, soon: Date) -> Examined {
    let used = sources::used(subject, sources, today);
    let asks = super::all_parts(subject).flat_map(|(.., manifest)| &manifest.asks);
    let asked = Reach::asked(asks);
    let over = used.iter().flat_map(|grant| over(grant, &asked));
    let (over, ending) = (over.collect(), ending(&used, soon));
    Examined {
        admitted: super::admit(subject, sources, today).map_err(Box::new),
        used: used.iter().map(|grant| GrantUsed::of(grant)).collect(),
        over,
        ending,
    }
}

fn ending(used: &[&Grant], soon: Date) -> Vec<GrantUsed> {
    let ends = |grant: &&&Grant| grant.expires.is_some_and(|last| last <= soon);
    let ending = used.iter().filter(ends);
    ending.map(|grant| GrantUsed::of(grant)).collect()
}

fn over(grant: &Grant, asked: &Reach) -> Vec<OverGranted> {
    let granted = Reach::of(&grant.rules, &grant.delivery);
    let apart = granted.apart(asked);
    let line = |line: crate::Beyond| OverGranted {
        at: grant.at.clone(),
        key: line.key,
        partly_asked: !apart
            .iter()
            .any(|apart| apart.what == line.what && apart.key == line.key),
        what: line.what,
    };
    granted.beyond(asked).into_iter().map(line).collect()
}

/// The smallest grant that admits a file, with the authors' reasons as comments: lines of a
/// grants file, for a human to read and to place. Empty where nothing is asked.
pub fn propose(subject: &Subject, today: Date) -> String {
    let (_, found) = weigh(subject, &GrantSources::default(), today);
    if found.cures.is_empty() {
        return String::new();
    }
    let head = format!(
        "# {} {}, {}\n# What it asks, in its authors' words:\n",
        subject.manifest.name, subject.manifest.version, subject.digest
    );
    let asks = found.missing.iter().map(|missing| {
        let of = if missing.part == subject.manifest.name {
            String::new()
        } else {
            format!(" (plugin {})", missing.part)
        };
        let code = if missing.runs_workspace_code {
            "; runs code of the workspace"
        } else {
            ""
        };
        format!(
            "#   {} {}{of}: \"{}\"{code}\n",
            missing.capability,
            crate::shown(&missing.target),
            crate::shown(&missing.reason)
        )
    });
    let asks: String = asks.collect();
    head + &asks + &crate::lines::lines_to_add(subject, &found.cures)
}

#[cfg(test)]
#[path = "examine_tests.rs"]
mod tests;
