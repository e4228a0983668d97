//! `.minion/project.toml`: which commands lint, mend and test a project that the standard
//! plugins don't know. Read from the base, data only: it chooses among granted commands
//! and widens nothing.

use serde::Deserialize;

/// Where it stands in a repository.
pub(crate) const PATH: &str = ".minion/project.toml";

/// What a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Judges style and mistakes.
    Lint,
    /// Mends what it can.
    Fix,
    /// Runs the tests.
    Test,
}

/// One command of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectCommand {
    /// What it is for.
    pub purpose: Purpose,
    /// The program's name; it is resolved outside of the workspace.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// The file does not say what it should.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// Not TOML of the right shape.
    #[error("`{PATH}` of the base cannot be read: {0}")]
    Syntax(String),
    /// A command without a program.
    #[error("`{PATH}` of the base names an empty {0} command")]
    Empty(&'static str),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[serde(default)]
    lint: Vec<Vec<String>>,
    #[serde(default)]
    fix: Vec<Vec<String>>,
    #[serde(default)]
    test: Vec<Vec<String>>,
}

/// Reads the file's content: `lint`, `fix` and `test`, each a list of commands, each a list
/// of program and arguments (`test = [["make", "check"]]`).
///
/// # Errors
/// [`ProjectError`] for anything else, unknown keys included.
pub(crate) fn parse(content: &[u8]) -> Result<Vec<ProjectCommand>, ProjectError> {
    let text = std::str::from_utf8(content).map_err(|e| ProjectError::Syntax(e.to_string()))?;
    let file: File =
        toml::from_str(text).map_err(|e| ProjectError::Syntax(e.message().to_owned()))?;
    let mut all = commands(Purpose::Lint, "lint", file.lint)?;
    all.extend(commands(Purpose::Fix, "fix", file.fix)?);
    all.extend(commands(Purpose::Test, "test", file.test)?);
    Ok(all)
}

fn commands(
    purpose: Purpose,
    name: &'static str,
    lines: Vec<Vec<String>>,
) -> Result<Vec<ProjectCommand>, ProjectError> {
    let one = |line: Vec<String>| {
        let mut words = line.into_iter();
        let program = words
            .next()
            .filter(|p| !p.is_empty())
            .ok_or(ProjectError::Empty(name))?;
        Ok(ProjectCommand {
            purpose,
            program,
            arguments: words.collect(),
        })
    };
    lines.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_by_purpose() {
        let found =
            parse(b"test = [[\"make\", \"check\"]]\nlint = [[\"make\", \"lint\"]]").unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].purpose, Purpose::Test);
        assert_eq!(found[1].arguments, ["check"]);
    }

    #[test]
    fn unknown_keys_and_empty_commands_are_refused() {
        assert!(matches!(
            parse(b"deploy = []"),
            Err(ProjectError::Syntax(_))
        ));
        assert!(matches!(
            parse(b"test = [[]]"),
            Err(ProjectError::Empty("test"))
        ));
    }
}
