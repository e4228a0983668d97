//! Patches for a terminal: whatever stands in the files, it is only shown.

use super::plural;
use minion_grants::{escaped, shown};
use minion_workspace::{Patch, Shown};

/// The text with everything escaped that would speak to a terminal; tabs stay.
pub(crate) fn shown_patch(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let line = |line: &str| -> String {
        let cells: Vec<_> = line.split('\t').map(escaped).collect();
        cells.join("        ")
    };
    let lines: Vec<_> = text.split('\n').map(line).collect();
    lines.join("\n")
}

/// A line for each file, and their sum.
pub(crate) fn stat(patch: &Patch) -> Vec<String> {
    let names: Vec<_> = patch
        .files
        .iter()
        .map(|file| shown(&file.change.path))
        .collect();
    let width = names.iter().map(|name| name.chars().count()).max();
    let width = width.unwrap_or_default().min(60);
    let (mut added, mut removed) = (0_u64, 0_u64);
    let mut lines = Vec::new();
    for (file, name) in patch.files.iter().zip(names) {
        let counts = match file.change.lines {
            Some(counted) if file.shown != Shown::Binary => {
                added += u64::from(counted.added);
                removed += u64::from(counted.removed);
                format!("+{} −{}", counted.added, counted.removed)
            }
            _ => "binary".to_owned(),
        };
        lines.push(format!("  {name:<width$}  {counts}"));
    }
    let files = plural(patch.files.len() as u64, "file");
    lines.push(format!("{files} changed, +{added} −{removed}"));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_speaks_to_no_terminal() {
        let shown = shown_patch(b"+\x1b[2J\xff\t\xe2\x80\xae\r\n-a\n");
        assert_eq!(shown, "+\\u{1b}[2J\u{fffd}        \\u{202e}\\u{d}\n-a");
    }
}
