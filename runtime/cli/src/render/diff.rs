//! Two components side by side: what is wider first, then what is narrower and another.

use super::say;
use minion_grants::{
    Admission, Comparison, Difference, Direction, LineChange, Refused, Surface, changed_lines,
    escaped,
};
use serde_json::{Value, json};

/// What there is to show.
pub(crate) struct Shown<'a> {
    pub(crate) sides: (&'a Surface, &'a Surface),
    pub(crate) comparison: &'a Comparison,
    pub(crate) grants: Option<&'a Grants>,
    pub(crate) prompts: bool,
}

/// What today's grants say to the older and to the newer one.
pub(crate) struct Grants {
    pub(crate) old: Result<Admission, Box<Refused>>,
    pub(crate) new: Result<Admission, Box<Refused>>,
}

/// Writes it to stdout.
pub(crate) fn page(shown: &Shown<'_>) {
    for line in lines(shown) {
        say(&line);
    }
}

fn lines(shown: &Shown<'_>) -> Vec<String> {
    let mut lines = vec![head(shown)];
    let found = together(&shown.comparison.differences);
    lines.extend(found.iter().map(|found| told(found, shown.prompts)));
    let same: Vec<_> = shown
        .comparison
        .same
        .iter()
        .map(|topic| topic.as_str())
        .collect();
    if !same.is_empty() {
        lines.push(format!("{:<11} {}", "same", same.join(", ")));
    }
    if shown.comparison.other_bytes && shown.comparison.differences.is_empty() {
        lines.push(format!("{:<11} the code alone", "changed"));
    }
    lines.extend(
        shown
            .grants
            .iter()
            .map(|grants| format!("{:<11} {}", "grant", covered(grants))),
    );
    if shown.prompts {
        lines.extend(prompts(shown.sides));
    }
    lines
}

fn head(shown: &Shown<'_>) -> String {
    let name = |surface: &Surface| {
        let manifest = &surface.manifest;
        format!(
            "{} {} {}",
            manifest.name,
            manifest.version,
            surface.digest.short()
        )
    };
    format!("{}  →  {}", name(shown.sides.0), name(shown.sides.1))
}

/// What only comes, or only goes, at one place in one line.
fn together(differences: &[Difference]) -> Vec<Difference> {
    let mut lines: Vec<Difference> = Vec::new();
    for found in differences {
        let same = |line: &Difference| {
            (line.direction, &line.what, &line.of) == (found.direction, &found.what, &found.of)
                && (line.was.is_empty(), line.now.is_empty())
                    == (found.was.is_empty(), found.now.is_empty())
                && (found.was.is_empty() || found.now.is_empty())
        };
        match lines.last_mut().filter(|line| same(line)) {
            Some(line) if !found.now.is_empty() => line.now = [&*line.now, &*found.now].join(", "),
            Some(line) if !found.was.is_empty() => line.was = [&*line.was, &*found.was].join(", "),
            _ => lines.push(found.clone()),
        }
    }
    lines
}

fn told(found: &Difference, prompts: bool) -> String {
    let head = match found.direction {
        Direction::Widened => "WIDENED",
        Direction::Narrowed => "narrowed",
        Direction::Changed => "changed",
    };
    let values = match (&*found.was, &*found.now) {
        ("", "") => String::new(),
        ("", now) if found.what.starts_with("prompt ") => now.to_owned(),
        ("", now) => format!("+ {now}"),
        (was, "") => format!("− {was}"),
        (was, now) => format!("{was}  →  {now}"),
    };
    let of = if found.of.is_empty() {
        String::new()
    } else {
        format!("   ({})", found.of)
    };
    let hint = if found.what.starts_with("prompt ") && !prompts {
        "   (shown with --prompts)"
    } else {
        ""
    };
    let line = format!("{head:<11} {:<13} {values}{of}{hint}", found.what);
    escaped(line.trim_end())
}

/// Whether today's grants admit the newer one, and which lines of which file say so.
fn covered(grants: &Grants) -> String {
    let sources = |admission: &Admission| match admission.sources() {
        [] => "nothing has to be granted".to_owned(),
        sources => format!("{} covers it", sources.join(", ")),
    };
    match (&grants.old, &grants.new) {
        (_, Ok(admission)) if admission.narrowed().is_empty() => sources(admission),
        (_, Ok(admission)) => {
            let count = admission.narrowed().len();
            format!(
                "{}, narrower than asked in {count} places",
                sources(admission)
            )
        }
        (Ok(admission), Err(refused)) => {
            let lines = admission.sources().join(", ");
            let version = &refused.version;
            format!(
                "{lines} no longer covers it; {version} would be refused{}",
                why(refused)
            )
        }
        (Err(_), Err(refused)) => {
            format!(
                "covers neither; {} would be refused{}",
                refused.version,
                why(refused)
            )
        }
    }
}

fn why(refused: &Refused) -> String {
    let notes = refused
        .notes
        .iter()
        .map(|note| format!("\n{:<11} {note}", ""));
    notes.collect()
}

fn prompts((old, new): (&Surface, &Surface)) -> Vec<String> {
    let mut lines = Vec::new();
    let mut names: Vec<_> = old.prompts.keys().chain(new.prompts.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let (was, now) = (old.prompts.get(name), new.prompts.get(name));
        if was == now {
            continue;
        }
        lines.push(format!("\nprompt {name}"));
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        for change in changed_lines(&text(was), &text(now)) {
            let (mark, line) = match change {
                LineChange::Kept(line) => (' ', line),
                LineChange::Added(line) => ('+', line),
                LineChange::Removed(line) => ('-', line),
            };
            lines.push(format!("{mark} {}", escaped(line)));
        }
    }
    lines
}

/// The same as data.
pub(crate) fn as_json(shown: &Shown<'_>) -> Value {
    let side = |surface: &Surface| {
        json!({
            "name": surface.manifest.name, "version": surface.manifest.version.to_string(),
            "digest": surface.digest, "surface": surface.hash(),
        })
    };
    let grants = shown.grants.map(|grants| {
        let sources = grants
            .new
            .as_ref()
            .map(|admission| json!(admission.sources()));
        json!({
            "covered-before": grants.old.is_ok(), "covers": grants.new.is_ok(),
            "sources": sources.unwrap_or_default(),
            "notes": grants.new.as_ref().err().map(|refused| &refused.notes),
        })
    });
    let prompts = shown.prompts.then(|| prompts(shown.sides).join("\n"));
    json!({
        "old": side(shown.sides.0), "new": side(shown.sides.1),
        "widened": shown.comparison.is_wider(), "differences": shown.comparison.differences,
        "same": shown.comparison.same, "grants": grants, "prompts": prompts,
    })
}
