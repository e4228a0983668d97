//! What grants come to for a component, and why something would be allowed or denied.

use super::say;
use minion_grants::{Examined, Explanation, GrantUsed, escaped, shown};
use serde_json::{Value, json};

/// Writes it to stdout.
pub(crate) fn examined(found: &Examined) {
    for line in lines(found) {
        say(&line);
    }
}

fn lines(found: &Examined) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |head: &str, text: String| lines.push(format!("{head:<9} {text}"));
    match &found.admitted {
        Ok(admission) => {
            for narrowed in admission.narrowed() {
                let granted = narrowed.granted.join(" ");
                let granted = if granted.is_empty() {
                    "nothing"
                } else {
                    &granted
                };
                let (key, asked) = (&narrowed.key, &narrowed.asked);
                add(
                    "narrowed",
                    escaped(&format!("{key} {asked} of {}: {granted}", narrowed.part)),
                );
            }
        }
        Err(refused) => {
            for missing in &refused.missing {
                let of = escaped(&format!("{} {}", missing.capability, missing.target));
                add(
                    "missing",
                    format!("{of}  \"{}\"  ({})", shown(&missing.reason), missing.part),
                );
            }
            refused
                .problems
                .iter()
                .for_each(|problem| add("problem", problem.to_string()));
            refused
                .notes
                .iter()
                .for_each(|note| add("note", note.clone()));
        }
    }
    for over in &found.over {
        let (head, why) = if over.partly_asked {
            ("wide", "more than is asked")
        } else {
            ("unasked", "nobody asks for it")
        };
        add(
            head,
            format!("{} {} {}: {why}", over.at, over.key, escaped(&over.what)),
        );
    }
    for grant in &found.ending {
        let day = grant.expires.as_deref().unwrap_or_default();
        add("ends", format!("{} on {day}", grant.at));
    }
    for grant in &found.used {
        add("grant", used(grant));
    }
    let fits = found.admitted.is_ok();
    add(if fits { "fits" } else { "refused" }, told(fits, found));
    lines
}

fn told(fits: bool, found: &Examined) -> String {
    match (fits, found.over.len() + found.ending.len()) {
        (true, 0) => "a run would be admitted, and nothing is granted that nobody asks".to_owned(),
        (true, count) => format!("a run would be admitted; {count} to look at"),
        (false, _) => "a run would be refused".to_owned(),
    }
}

/// Where it stands, and who approved it why.
pub(crate) fn used(grant: &GrantUsed) -> String {
    let by = grant
        .approved_by
        .as_ref()
        .map(|by| format!("  approved by {}", shown(by)));
    let why = grant
        .reason
        .as_ref()
        .map(|why| format!("  \"{}\"", shown(why)));
    let until = grant.expires.as_ref().map(|day| format!("  until {day}"));
    let runs = grant.max_runs.map(|runs| format!("  for {runs} runs"));
    let told = [by, why, until, runs].map(Option::unwrap_or_default);
    format!("{}{}", grant.at, told.concat())
}

/// The same as data.
pub(crate) fn examined_json(found: &Examined) -> Value {
    let (missing, problems, notes, narrowed) = match &found.admitted {
        Ok(admission) => (json!([]), json!([]), json!([]), json!(admission.narrowed())),
        Err(refused) => {
            let problems: Vec<_> = refused.problems.iter().map(ToString::to_string).collect();
            (
                json!(refused.missing),
                json!(problems),
                json!(refused.notes),
                json!([]),
            )
        }
    };
    json!({
        "admitted": found.admitted.is_ok(), "missing": missing, "problems": problems, "notes": notes,
        "narrowed": narrowed, "over-granted": found.over, "used": found.used,
        "ending": found.ending.iter().map(|grant| json!({ "at": grant.at, "expires": grant.expires })).collect::<Vec<_>>(),
    })
}

/// Writes the verdict, then each layer's word.
pub(crate) fn explained(explanation: &Explanation) {
    let head = if explanation.allowed {
        "allowed"
    } else {
        "denied"
    };
    say(&format!("{head:<9} {}", escaped(&explanation.rule)));
    for layer in &explanation.layers {
        let word = match (layer.passes, layer.layer) {
            (true, "denied") => "no rule denies it",
            (false, layer) if layer != "denied" => "no rule takes it",
            _ => "",
        };
        let mark = if layer.passes { "✓" } else { "✗" };
        say(&format!(
            "  {mark} {:<8} {}{word}",
            layer.layer,
            escaped(&layer.by)
        ));
    }
    if let Some(cure) = &explanation.cure {
        say(&format!("cure      {cure}"));
    }
}
