//! A refusal at admission: every missing grant at once, and the lines that would cure it.

use super::talk;
use minion_grants::{Refused, shown};
use serde_json::{Value, json};
use std::path::Path;

/// Writes it to stderr, but for the lines to add, which are data. `asked`: what is asked was
/// granted already, and was not enough.
pub(crate) fn refused(refused: &Refused, blueprint: &Path, asked: bool) {
    talk(&format!(
        "refused  {} {}  {}  asks for more than it is granted",
        refused.name, refused.version, refused.digest
    ));
    talk("");
    for (index, missing) in refused.missing.iter().enumerate() {
        let head = if index == 0 { "missing" } else { "" };
        let code = if missing.runs_workspace_code {
            "   runs workspace code"
        } else {
            ""
        };
        talk(&format!(
            "  {head:<9} {:<9} {:<44} \"{}\"{code}",
            missing.capability.as_str(),
            shown(&missing.target),
            shown(&missing.reason)
        ));
        if missing.part != refused.name {
            talk(&format!(
                "  {:<9} {:<9} for its plugin {}",
                "", "", missing.part
            ));
        }
    }
    for problem in &refused.problems {
        talk(&format!("  problem   {problem}"));
    }
    for note in &refused.notes {
        talk(&format!("  note      {note}"));
    }
    if refused.lines_to_add.is_empty() {
        return;
    }
    talk(
        "\n  grant it for good: add these lines to ~/.config/minion-rt/grants.toml, or a file for --grants\n",
    );
    for line in refused.lines_to_add.lines() {
        super::say(line);
    }
    let or = if asked { "" } else { " --allow-asked, or" };
    talk(&format!(
        "\n  grant it this once: add{or}\n    {}",
        refused.allow_flags
    ));
    if !blueprint.is_dir() {
        talk(&format!(
            "  look at it first:   minion-rt inspect {}",
            blueprint.display()
        ));
    }
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
