//! Python projects: ruff, where it is. Without it there is nothing to do.

use crate::outcome::Fixed;
use minion_sdk::Completed;
use minion_sdk::prelude::*;

const CHECK: [&str; 9] = [
    "check",
    "--isolated",
    "--no-cache",
    "--no-respect-gitignore",
    "--select=E4,E7,E9,F",
    "--fix",
    "--exit-zero",
    "--output-format=pylint",
    ".",
];

/// Mends what the lint gate looks at, and formats where the project has ruff
/// format it.
pub(crate) fn run(input: &Input<NoParameters>) -> Result<Vec<Fixed>, Failure> {
    if !input.available("ruff") {
        return Ok(Vec::new());
    }
    let ruff = || input.command("ruff");
    let mut fixed = vec![Fixed::run("ruff check", ruff().args(CHECK), |_| 0)?];
    if formats(input) {
        let format = ruff().args(["format", "--no-cache", "."]);
        fixed.push(Fixed::run("ruff format", format, reformatted)?);
    }
    Ok(fixed)
}

/// Whether the project has settings for ruff: another formatter's work is not
/// to be undone.
fn formats(input: &Input<NoParameters>) -> bool {
    let workspace = input.workspace();
    let settings = ["ruff.toml", ".ruff.toml"]
        .iter()
        .any(|file| workspace.read(file).is_ok());
    let project = workspace.read_text("pyproject.toml").unwrap_or_default();
    settings
        || project
            .lines()
            .any(|line| line.trim_start().starts_with("[tool.ruff"))
}

/// `2 files reformatted, 3 files left unchanged`
fn reformatted(format: &Completed) -> usize {
    let stdout = format.stdout_text();
    let line = stdout.lines().find(|line| line.contains(" reformatted"));
    line.and_then(|line| line.split(' ').next()?.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use crate::Plugin;
    use minion_sdk::testing::{self, Host, exited};

    #[test]
    fn without_ruff_there_is_nothing_to_do() {
        let host = Host::new().file("a.py", "").install();
        assert_eq!(
            testing::judge::<Plugin>(Vec::new()).unwrap().summary,
            "nothing to do"
        );
        assert!(host.ran().is_empty());
    }

    #[test]
    fn only_a_project_with_settings_for_ruff_is_formatted() {
        let ruff = || {
            Host::new()
                .file("a.py", "")
                .command("ruff check *", exited(0, "", ""))
        };
        let host = ruff().install();
        testing::judge::<Plugin>(Vec::new()).unwrap();
        assert_eq!(host.ran().len(), 1);
        let formatted = exited(0, "1 file reformatted, 3 files left unchanged\n", "");
        let host = ruff()
            .file("pyproject.toml", "[tool.ruff]\nline-length = 100\n")
            .command("ruff format *", formatted)
            .install();
        let output = testing::judge::<Plugin>(Vec::new()).unwrap();
        assert_eq!(output.summary, "ruff format: 1 file changed");
        assert_eq!(host.ran().len(), 2);
    }
}
