//! A refusal at admission: what explains it, what stands against it, every missing grant at
//! once, and the lines that would cure it.

use super::talk;
use minion_grants::{MissingGrant, PartName, Refused, escaped, shown};
use serde_json::{Value, json};
use std::io::IsTerminal;
use std::path::Path;

/// Where the lines that cure it belong, and how they are reached.
pub(crate) struct Cure<'a> {
    /// The grants file that this command reads.
    pub(crate) file: &'a Path,
    /// The component, where the command names one: it may be the journal's.
    pub(crate) component: Option<&'a Path>,
    /// What is asked was granted already, and was not enough.
    pub(crate) asked: bool,
    /// The run that was to go on with the grants that it began with.
    pub(crate) resumed: Option<&'a str>,
}

/// Writes it to stderr, but for the lines to add, which are data.
pub(crate) fn refused(refused: &Refused, cure: &Cure<'_>) {
    let seen = std::io::stdout().is_terminal();
    for line in why(refused) {
        talk(&line);
    }
    if refused.lines_to_add.is_empty() {
        return;
    }
    for line in ["", &for_good(cure.file, seen), ""] {
        talk(line);
    }
    for line in refused.lines_to_add.lines() {
        super::say(line);
    }
    for line in this_once(refused, cure) {
        talk(&line);
    }
}

/// The headline, then from what is said in one line to what fills the screen.
fn why(refused: &Refused) -> Vec<String> {
    let head = if refused.missing.is_empty() {
        "cannot be run with these grants"
    } else {
        "asks for more than it is granted"
    };
    let mut lines = vec![
        format!(
            "refused  {} {}  {}  {head}",
            refused.name, refused.version, refused.digest
        ),
        String::new(),
    ];
    let told = |name: &str, text: &dyn std::fmt::Display| format!("  {name:<9} {text}");
    lines.extend(refused.notes.iter().map(|note| told("note", note)));
    lines.extend(
        refused
            .problems
            .iter()
            .map(|problem| told("problem", problem)),
    );
    for (index, missing) in refused.missing.iter().enumerate() {
        let head = if index == 0 { "missing" } else { "" };
        lines.extend(lacks(missing, head, &refused.name));
    }
    lines
}

fn lacks(missing: &MissingGrant, head: &str, whole: &PartName) -> Vec<String> {
    let code = if missing.runs_workspace_code {
        "   runs workspace code"
    } else {
        ""
    };
    let mut lines = vec![format!(
        "  {head:<9} {:<9} {:<44} \"{}\"{code}",
        missing.capability.as_str(),
        shown(&missing.target),
        shown(&missing.reason)
    )];
    if missing.part != *whole {
        lines.push(format!(
            "  {:<9} {:<9} for its plugin {}",
            "", "", missing.part
        ));
    }
    lines
}

/// The lines themselves are data: where they go decides how they are spoken of.
fn for_good(file: &Path, seen: bool) -> String {
    let file = escaped(&file.display().to_string());
    if seen {
        format!("  grant it for good: add these lines to {file}")
    } else {
        format!(
            "  grant it for good: the lines for {file} went to standard output; read them first"
        )
    }
}

fn this_once(refused: &Refused, cure: &Cure<'_>) -> Vec<String> {
    let flags = &refused.allow_flags;
    let mut lines = match cure.resumed {
        None => {
            let or = if cure.asked { "" } else { " --allow-asked, or" };
            vec![format!("\n  grant it this once: add{or}\n    {flags}")]
        }
        Some(_) if cure.component.is_some() => vec![format!(
            "\n  grant it to the new version: add beside --with\n    {flags}"
        )],
        Some(run) => vec![format!(
            "\n  a resume has the grants that its run began with, and takes no others: give it these again, or \
             begin a new run from one of its visits\n    minion-rt exec --fork {run}@<visit> {flags}"
        )],
    };
    if let Some(component) = cure.component.filter(|component| !component.is_dir()) {
        lines.push(format!(
            "  look at it first:   minion-rt inspect {}",
            escaped(&component.display().to_string())
        ));
    }
    lines
}

/// The same as data.
pub(crate) fn as_json(refused: &Refused) -> Value {
    let problems: Vec<_> = refused.problems.iter().map(ToString::to_string).collect();
    json!({
        "refused": refused.name, "version": refused.version.to_string(), "digest": refused.digest.to_string(),
        "missing": refused.missing, "problems": problems, "notes": refused.notes,
        "lines-to-add": refused.lines_to_add, "allow-flags": refused.allow_flags,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use minion_grants::{AdmissionProblem, CapabilityKind, Digest};

    fn lacking(missing: Vec<MissingGrant>) -> Refused {
        Refused {
            name: "acme/hello".parse().unwrap(),
            version: "0.1.0".parse().unwrap(),
            digest: Digest::of(b"x"),
            missing,
            problems: vec![AdmissionProblem::NoGatesNamed],
            notes: vec!["grants.toml:1 expired on 2020-01-01".to_owned()],
            lines_to_add: String::new(),
            allow_flags: String::new(),
        }
    }

    #[test]
    fn what_lacks_no_grant_is_not_said_to_ask_for_more() {
        let lines = why(&lacking(Vec::new()));
        assert!(
            lines[0].ends_with("cannot be run with these grants"),
            "{lines:?}"
        );
    }

    #[test]
    fn a_hint_names_only_what_its_verb_has() {
        let mut refused = lacking(Vec::new());
        refused.allow_flags = "--allow 'files:read=**'".to_owned();
        let hint = |component, resumed| {
            let cure = Cure {
                file: Path::new("/grants.toml"),
                component,
                asked: false,
                resumed,
            };
            this_once(&refused, &cure).join("\n")
        };
        let new = hint(Some(Path::new("x.wasm")), None);
        assert!(new.contains("add --allow-asked, or") && new.contains("inspect x.wasm"));
        let again = hint(None, Some("15D4VZ"));
        assert!(again.contains("exec --fork 15D4VZ@<visit> --allow 'files:read=**'"));
        assert!(
            !again.contains("inspect") && !again.contains("add --allow"),
            "{again}"
        );
    }

    #[test]
    fn what_explains_it_stands_before_the_long_list() {
        let missing = MissingGrant {
            part: "acme/judge".parse().unwrap(),
            ask: "source".parse().unwrap(),
            capability: CapabilityKind::Files,
            target: "read **".to_owned(),
            reason: "to see".to_owned(),
            runs_workspace_code: false,
        };
        let lines = why(&lacking(vec![missing]));
        assert!(
            lines[0].ends_with("asks for more than it is granted"),
            "{lines:?}"
        );
        let words: Vec<_> = lines[2..]
            .iter()
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        assert_eq!(words, ["note", "problem", "missing", "for"]);
    }

    #[test]
    fn lines_that_went_elsewhere_are_not_spoken_of_as_these() {
        let file = Path::new("/home/dana/grants.toml");
        assert!(for_good(file, true).ends_with("add these lines to /home/dana/grants.toml"));
        let unseen = for_good(file, false);
        assert!(
            unseen.contains("/home/dana/grants.toml went to standard output"),
            "{unseen}"
        );
        assert!(!unseen.contains("these"), "{unseen}");
    }
}
