//! Steering files: what of a tree can turn the verdict of its own gates.
//! A change to one marks the evidence *self-steered*.

/// Why a file steers the gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steering {
    /// A short clause: `cargo reads wrappers and aliases from it`.
    pub why: &'static str,
}

const CARGO: &str = "cargo takes aliases, wrappers, runners and flags from it";
const LINTS: &str = "it sets what a linter finds";
const TESTS: &str = "it sets which tests run, and how";
const MANIFEST: &str = "it sets dependencies, profiles, lints and tests";
const CODE: &str = "it runs before the tests do";
const SCRIPTS: &str = "it names the commands that lint and test";
const SERVICE: &str = "the service that checks changes obeys it";
const RUN: &str = "it names the project's own commands to a run";

/// Whole names, in lower case, in any folder.
const NAMES: &[(&str, &str)] = &[
    ("rust-toolchain", "it sets the compiler"),
    ("rust-toolchain.toml", "it sets the compiler"),
    ("build.rs", CODE),
    ("cargo.toml", MANIFEST),
    ("cargo.lock", MANIFEST),
    ("clippy.toml", LINTS),
    (".clippy.toml", LINTS),
    ("rustfmt.toml", LINTS),
    (".rustfmt.toml", LINTS),
    ("deny.toml", LINTS),
    ("nextest.toml", TESTS),
    ("conftest.py", CODE),
    ("sitecustomize.py", CODE),
    ("usercustomize.py", CODE),
    ("setup.py", CODE),
    ("noxfile.py", CODE),
    ("tasks.py", CODE),
    ("pytest.ini", TESTS),
    (".pytest.ini", TESTS),
    ("pytest.toml", TESTS),
    (".pytest.toml", TESTS),
    ("tox.ini", TESTS),
    ("tox.toml", TESTS),
    ("setup.cfg", TESTS),
    (".coveragerc", TESTS),
    ("pyproject.toml", MANIFEST),
    ("pyvenv.cfg", "it sets which Python runs"),
    (".python-version", "it sets which Python runs"),
    ("pipfile", MANIFEST),
    ("pipfile.lock", MANIFEST),
    ("poetry.lock", MANIFEST),
    ("uv.lock", MANIFEST),
    ("uv.toml", MANIFEST),
    ("ruff.toml", LINTS),
    (".ruff.toml", LINTS),
    ("mypy.ini", LINTS),
    (".mypy.ini", LINTS),
    (".flake8", LINTS),
    (".pylintrc", LINTS),
    ("pylintrc", LINTS),
    (".editorconfig", LINTS),
    ("package.json", MANIFEST),
    ("package-lock.json", MANIFEST),
    ("pnpm-lock.yaml", MANIFEST),
    ("yarn.lock", MANIFEST),
    (".npmrc", MANIFEST),
    (".yarnrc.yml", MANIFEST),
    (".nvmrc", "it sets which Node runs"),
    (".node-version", "it sets which Node runs"),
    (".babelrc", CODE),
    ("biome.json", LINTS),
    ("biome.jsonc", LINTS),
    ("makefile", SCRIPTS),
    ("gnumakefile", SCRIPTS),
    ("justfile", SCRIPTS),
    (".justfile", SCRIPTS),
    ("taskfile.yml", SCRIPTS),
    (".tool-versions", "it sets which tools run"),
    ("mise.toml", "it sets which tools run"),
    (".mise.toml", "it sets which tools run"),
    (".envrc", CODE),
    (".gitlab-ci.yml", SERVICE),
    (".travis.yml", SERVICE),
    ("jenkinsfile", SERVICE),
    (
        ".gitignore",
        "it decides which files are in the judged tree",
    ),
    (".gitattributes", "it decides how files are read"),
];

/// Beginnings of names of files that carry configuration in many endings.
const BEGINNINGS: &[(&str, &str)] = &[
    ("eslint.", LINTS),
    (".eslintrc", LINTS),
    (".eslintignore", LINTS),
    (".prettierrc", LINTS),
    ("prettier.config.", LINTS),
    ("jest.config", TESTS),
    ("jest.setup", CODE),
    ("vitest.", TESTS),
    ("vite.config.", CODE),
    ("playwright.config.", TESTS),
    ("karma.conf", TESTS),
    (".mocharc", TESTS),
    ("babel.config.", CODE),
    ("tsconfig", LINTS),
    ("requirements", MANIFEST),
];

/// Folders whose whole content steers.
const FOLDERS: &[(&str, &str)] = &[
    (".github", SERVICE),
    (".circleci", SERVICE),
    (".minion", RUN),
    (".husky", CODE),
];

/// Says whether, and why, a changed file can steer the verdict of the gates.
/// Letters are folded, folders count at any depth.
pub fn steering(path: &str) -> Option<Steering> {
    let path = path.to_lowercase();
    let parts: Vec<&str> = path.split('/').collect();
    let (name, folders) = parts.split_last()?;
    let why = in_folder(folders).or_else(|| by_name(name, folders))?;
    Some(Steering { why })
}

fn in_folder(folders: &[&str]) -> Option<&'static str> {
    folders
        .iter()
        .find_map(|part| FOLDERS.iter().find(|(name, _)| name == part))
        .map(|hit| hit.1)
}

fn by_name(name: &str, folders: &[&str]) -> Option<&'static str> {
    if folders.last() == Some(&".cargo") && (name == "config" || name == "config.toml") {
        return Some(CARGO);
    }
    if folders.last() == Some(&".config") && name == "nextest.toml" {
        return Some(TESTS);
    }
    if has_ending(name, "pth") {
        return Some(CODE);
    }
    let whole = NAMES.iter().find(|(known, _)| *known == name);
    whole
        .or_else(|| BEGINNINGS.iter().find(|(start, _)| name.starts_with(start)))
        .map(|hit| hit.1)
}

fn has_ending(name: &str, ending: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, found)| found == ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_a_verdict_is_steering() {
        for path in [
            ".cargo/config.toml",
            "sub/.cargo/config",
            "rust-toolchain.toml",
            "crates/a/build.rs",
            "clippy.toml",
            "Cargo.toml",
            "tests/conftest.py",
            "pytest.ini",
            "tox.ini",
            "setup.cfg",
            "pyproject.toml",
            "ruff.toml",
            "lib/sitecustomize.py",
            "x/evil.pth",
            ".coveragerc",
            "noxfile.py",
            "package.json",
            ".npmrc",
            "eslint.config.mjs",
            ".eslintrc.json",
            "jest.config.ts",
            "vitest.workspace.ts",
            "Makefile",
            "justfile",
            ".github/workflows/ci.yml",
            ".gitlab-ci.yml",
            ".minion/project.toml",
            "deny.toml",
            ".gitignore",
        ] {
            assert!(steering(path).is_some(), "{path}");
        }
    }

    #[test]
    fn ordinary_files_steer_nothing() {
        for path in [
            "src/main.rs",
            "tests/test_parser.py",
            "README.md",
            "config.toml",
            "src/build.rs.txt",
            "pth",
        ] {
            assert!(steering(path).is_none(), "{path}");
        }
    }
}
