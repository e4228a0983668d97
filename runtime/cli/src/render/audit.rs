//! The audit for people: a line for each call, one more for what would cure a refusal. Every
//! text in an entry may be a stranger's, and is escaped and cut.

use super::{bytes, duration, short};
use minion_grants::shown;
use minion_journal::{Allowed, AuditEntry, RunId, RunStarted};
use std::time::Duration;

/// The most characters of a target or a rule.
const MOST: usize = 120;

/// The line above the calls of a run.
pub(crate) fn head(run: RunId, started: &RunStarted) -> String {
    let (name, version) = (shown(&started.blueprint), shown(&started.version));
    let component = short(&started.component);
    let sandbox = shown(&started.sandbox);
    format!("run {run}  {name} {version}  {component}  sandbox {sandbox}\n")
}

/// The lines of an entry; with its run and day where others stand beside it.
pub(crate) fn lines(entry: &AuditEntry, of_run: bool) -> Vec<String> {
    let at = entry.at.to_string();
    let when = if of_run {
        let minute: String = at.replace('T', " ").chars().take(19).collect();
        format!("{}  {minute}", entry.run.short())
    } else {
        at.chars().skip(11).take(12).collect()
    };
    let word = match entry.verdict {
        Allowed::Allow => "allow",
        Allowed::Deny => "DENY ",
    };
    let visit = entry.visit().or_else(|| entry.node.clone());
    let visit = shown(visit.as_deref().unwrap_or("-"));
    let operation = shown(&entry.operation);
    let void = if entry.void { "void  " } else { "" };
    let rule = match entry.rule.as_str() {
        "" => "nothing to judge".to_owned(),
        rule => cut(rule),
    };
    let line = format!(
        "{when}  {word}  {visit:<14}  {void}{operation:<18}  {}  → {}{}{}  [{rule}]",
        cut(&entry.target),
        cut(&entry.outcome.to_string()),
        moved(entry),
        by(entry),
    );
    let mut lines = vec![line];
    if let Some(cure) = entry.cure.as_deref().filter(|cure| !cure.is_empty()) {
        lines.push(format!("{:width$}cure: {}", "", shown(cure), width = 7));
    }
    lines
}

/// How much, and how long, where it is worth a word.
fn moved(entry: &AuditEntry) -> String {
    let size = entry.bytes.map(|count| format!("  {}", bytes(count)));
    let took = (entry.micros >= 1_000)
        .then(|| format!("  {}", duration(Duration::from_micros(entry.micros))));
    size.into_iter().chain(took).collect()
}

/// Within which call, and whose it is where that is a plugin's.
fn by(entry: &AuditEntry) -> String {
    match &entry.within {
        Some(within) if within == "agent.run" => "  by the agent".to_owned(),
        Some(_) => format!("  by {}", shown(&entry.part)),
        None => String::new(),
    }
}

fn cut(text: &str) -> String {
    let escaped = shown(text);
    if escaped.chars().count() <= MOST {
        return escaped;
    }
    escaped.chars().take(MOST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use minion_journal::{CameOut, Seq, Timestamp};

    #[test]
    fn no_entry_speaks_to_a_terminal_or_forges_a_line() {
        let evil = "x\u{1b}]0;y\u{7}\nallow\u{202e}\u{200b}\r";
        let entry = AuditEntry {
            run: RunId::from_bits(1),
            seq: Seq(2),
            at: Timestamp(0),
            node: Some(evil.to_owned()),
            round: Some(1),
            part: evil.to_owned(),
            within: Some("gate.run".to_owned()),
            capability: evil.to_owned(),
            operation: evil.to_owned(),
            target: evil.to_owned(),
            words: vec![evil.to_owned()],
            verdict: Allowed::Deny,
            rule: evil.to_owned(),
            cure: Some(evil.to_owned()),
            outcome: CameOut::Said(evil.to_owned()),
            bytes: Some(1),
            micros: 5_000,
            void: true,
        };
        for line in lines(&entry, true).into_iter().chain(lines(&entry, false)) {
            assert!(
                line.chars()
                    .all(|letter| letter == ' ' || !letter.is_control())
            );
            assert!(!line.contains(['\u{202e}', '\u{200b}']), "{line}");
        }
    }
}
