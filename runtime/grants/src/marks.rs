//! Names that a broad pattern never opens: git's own folder (opened by
//! nothing), files that look like secrets, and protected files, which others
//! execute later. The last two open only where a rule names them.
//!
//! Letters are folded here: `.GIT`, `.Env` and their like are marked too.

use crate::shown::deceives;

/// Why a path is closed to a rule that does not name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkKind {
    /// It looks like it holds a credential: closed for every operation.
    Secret,
    /// Someone executes or trusts it later: closed for changes.
    Protected,
}

/// A marked stretch of a path: its parts `start..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) kind: MarkKind,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) why: &'static str,
}

/// Why the file looks like it holds a credential, if it does.
pub fn secret_looking(path: &str) -> Option<&'static str> {
    first(path, MarkKind::Secret)
}

/// What would execute or trust the file later, if something does.
pub fn protected(path: &str) -> Option<&'static str> {
    first(path, MarkKind::Protected)
}

fn first(path: &str, kind: MarkKind) -> Option<&'static str> {
    marks(path)
        .into_iter()
        .find(|mark| mark.kind == kind)
        .map(|mark| mark.why)
}

/// All marks of a path.
pub(crate) fn marks(path: &str) -> Vec<Mark> {
    let parts: Vec<String> = path.split('/').map(folded).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let mut found = Vec::new();
    for start in 0..parts.len() {
        let rest = &parts[start..];
        let mut add = |kind, hit: Option<(usize, &'static str)>| {
            if let Some((length, why)) = hit {
                found.push(Mark {
                    kind,
                    start,
                    end: start + length,
                    why,
                });
            }
        };
        add(MarkKind::Secret, secret_at(rest));
        add(MarkKind::Protected, protected_at(rest));
    }
    found
}

/// Whether a path goes through git's own folder, in any spelling that some
/// file system takes for it.
pub(crate) fn in_git(path: &str) -> bool {
    path.split(['/', '\\']).any(git_part)
}

/// Whether one part of a path is `.git` to some file system: case, trailing
/// dots and spaces, NTFS streams and short names, ignored characters.
pub(crate) fn git_part(part: &str) -> bool {
    let name = folded(part);
    let short = |stem: &str| {
        name.strip_prefix(stem)
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    name == ".git" || short("git~") || short("gi7eba~") || short("gi7d29~")
}

/// The name as a file system that folds would see it.
fn folded(part: &str) -> String {
    let name = part.split(':').next().unwrap_or_default();
    let name: String = name.chars().filter(|&letter| !deceives(letter)).collect();
    name.to_lowercase().trim_end_matches(['.', ' ']).to_owned()
}

type Table = &'static [(&'static [&'static str], &'static str)];

/// Folders whose whole content is marked.
const SECRET_FOLDERS: Table = &[
    (&[".ssh"], "keys of SSH"),
    (&[".gnupg"], "keys of GnuPG"),
    (&[".aws"], "credentials of AWS"),
    (&[".azure"], "credentials of Azure"),
    (&[".kube"], "credentials of Kubernetes"),
    (&[".config", "gcloud"], "credentials of Google Cloud"),
    (&[".password-store"], "a password store"),
];

/// Files, with the folder they stand in where that matters.
const SECRET_FILES: Table = &[
    (&[".netrc"], "passwords of hosts"),
    (&["_netrc"], "passwords of hosts"),
    (&[".npmrc"], "tokens of npm"),
    (&[".yarnrc"], "tokens of yarn"),
    (&[".yarnrc.yml"], "tokens of yarn"),
    (&[".pypirc"], "tokens of PyPI"),
    (&[".git-credentials"], "passwords of git"),
    (&[".dockercfg"], "passwords of registries"),
    (&[".docker", "config.json"], "passwords of registries"),
    (&[".cargo", "credentials"], "tokens of cargo"),
    (&[".cargo", "credentials.toml"], "tokens of cargo"),
    (&[".gem", "credentials"], "tokens of RubyGems"),
    (&[".m2", "settings.xml"], "passwords of Maven"),
    (&[".config", "gh", "hosts.yml"], "tokens of GitHub"),
    (&[".pgpass"], "passwords of PostgreSQL"),
    (&[".my.cnf"], "passwords of MySQL"),
    (&[".htpasswd"], "password hashes"),
    (&[".vault-token"], "a token of Vault"),
    (&[".envrc"], "environment with credentials"),
    (&["credentials.json"], "credentials"),
    (&["secrets.json"], "secrets"),
    (&["secrets.toml"], "secrets"),
    (&["secrets.yaml"], "secrets"),
    (&["secrets.yml"], "secrets"),
    (&["terraform.tfstate"], "state with secrets in it"),
];

const KEY_NAMES: &[&str] = &[
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_ecdsa_sk",
    "id_ed25519_sk",
];
const KEY_ENDINGS: &[&str] = &[
    ".pem",
    ".key",
    ".p12",
    ".pfx",
    ".jks",
    ".keystore",
    ".kdbx",
    ".ppk",
    ".p8",
    ".tfvars",
];
const HARMLESS_ENV: &[&str] = &["example", "sample", "template", "dist", "defaults"];

/// The first part of every entry of the tables.
pub(crate) fn first_words() -> impl Iterator<Item = &'static str> {
    let tables = [
        SECRET_FOLDERS,
        SECRET_FILES,
        PROTECTED_FOLDERS,
        PROTECTED_FILES,
    ];
    let entries = tables.into_iter().flatten();
    entries.filter_map(|(parts, _)| parts.first().copied())
}

/// Whole names of keys.
pub(crate) fn key_names() -> impl Iterator<Item = &'static str> {
    KEY_NAMES.iter().copied()
}

/// Endings of names that hold keys or environments.
pub(crate) fn secret_endings() -> impl Iterator<Item = &'static str> {
    KEY_ENDINGS.iter().copied().chain([".env"])
}

fn secret_at(rest: &[&str]) -> Option<(usize, &'static str)> {
    folder(SECRET_FOLDERS, rest)
        .or_else(|| file(SECRET_FILES, rest))
        .or_else(|| match rest {
            [name] => secret_name(name).map(|why| (1, why)),
            _ => None,
        })
}

fn secret_name(name: &str) -> Option<&'static str> {
    if name == ".env" {
        return Some("environment with credentials");
    }
    if let Some(kind) = name.strip_prefix(".env.") {
        return (!HARMLESS_ENV.contains(&kind)).then_some("environment with credentials");
    }
    if name.rsplit_once('.').is_some_and(|(_, end)| end == "env") {
        return Some("environment with credentials");
    }
    let key = KEY_NAMES.contains(&name) || KEY_ENDINGS.iter().any(|ending| name.ends_with(ending));
    key.then_some("a private key")
}

const PROTECTED_FOLDERS: Table = &[
    (&[".github", "workflows"], "GitHub runs it"),
    (&[".github", "actions"], "GitHub runs it"),
    (&[".gitlab"], "GitLab runs it"),
    (&[".gitea", "workflows"], "Gitea runs it"),
    (&[".forgejo", "workflows"], "Forgejo runs it"),
    (&[".circleci"], "CircleCI runs it"),
    (&[".buildkite"], "Buildkite runs it"),
    (&[".woodpecker"], "Woodpecker runs it"),
    (&[".vscode"], "the editor runs tasks and tools of it"),
    (&[".idea"], "the editor runs tasks of it"),
    (&[".fleet"], "the editor runs tasks of it"),
    (&[".zed"], "the editor runs tasks of it"),
    (&[".devcontainer"], "the editor builds and runs it"),
    (&[".husky"], "git runs it as a hook"),
    (&[".githooks"], "git runs it as a hook"),
    (&[".claude"], "coding agents obey it"),
    (&[".cursor"], "coding agents obey it"),
    (&[".minion"], "the next run reads it"),
];

const PROTECTED_FILES: Table = &[
    (&[".cargo", "config"], "cargo runs programs that it names"),
    (
        &[".cargo", "config.toml"],
        "cargo runs programs that it names",
    ),
    (&[".gitlab-ci.yml"], "GitLab runs it"),
    (&[".travis.yml"], "Travis runs it"),
    (&[".drone.yml"], "Drone runs it"),
    (&[".woodpecker.yml"], "Woodpecker runs it"),
    (&["azure-pipelines.yml"], "Azure runs it"),
    (&["bitbucket-pipelines.yml"], "Bitbucket runs it"),
    (&["jenkinsfile"], "Jenkins runs it"),
    (&[".pre-commit-config.yaml"], "git runs it as a hook"),
    (&["lefthook.yml"], "git runs it as a hook"),
    (&[".gitmodules"], "git fetches from where it says"),
    (&[".gitattributes"], "git rewrites files as it says"),
    (&[".gitconfig"], "git runs programs that it names"),
    (&[".envrc"], "direnv runs it on entering the folder"),
    (&[".mise.toml"], "mise runs it on entering the folder"),
    (&["mise.toml"], "mise runs it on entering the folder"),
    (&[".mcp.json"], "coding agents start programs that it names"),
    (&[".devcontainer.json"], "the editor builds and runs it"),
    (&[".exrc"], "the editor runs it"),
    (&[".vimrc"], "the editor runs it"),
    (&[".nvimrc"], "the editor runs it"),
    (&[".nvim.lua"], "the editor runs it"),
    (&[".dir-locals.el"], "the editor runs it"),
    (&[".bashrc"], "the shell runs it"),
    (&[".bash_profile"], "the shell runs it"),
    (&[".profile"], "the shell runs it"),
    (&[".zshrc"], "the shell runs it"),
    (&[".zshenv"], "the shell runs it"),
];

fn protected_at(rest: &[&str]) -> Option<(usize, &'static str)> {
    folder(PROTECTED_FOLDERS, rest).or_else(|| file(PROTECTED_FILES, rest))
}

fn folder(table: Table, rest: &[&str]) -> Option<(usize, &'static str)> {
    let hit = table.iter().find(|(parts, _)| rest.starts_with(parts))?;
    Some((hit.0.len(), hit.1))
}

fn file(table: Table, rest: &[&str]) -> Option<(usize, &'static str)> {
    let hit = table.iter().find(|(parts, _)| rest == *parts)?;
    Some((hit.0.len(), hit.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_is_git_in_any_spelling() {
        for path in [
            ".git",
            ".git/config",
            "a/.git",
            "a/.GIT/hooks/x",
            ".git.",
            ".git ",
            ".Git . .",
            "git~1",
            "GIT~2/config",
            ".git::$INDEX_ALLOCATION/x",
            ".g\u{200c}it",
            "a\\.git\\config",
            "GI7EBA~1",
        ] {
            assert!(in_git(path), "{path:?}");
        }
        for path in [
            ".gitignore",
            ".github/x",
            "git",
            "a.git",
            "git~",
            "my.git/x",
            "gitx~1",
        ] {
            assert!(!in_git(path), "{path:?}");
        }
    }

    #[test]
    fn secrets_are_known_by_their_names() {
        for path in [
            ".env",
            "a/.ENV",
            ".env.production",
            "prod.env",
            "id_rsa",
            "k/id_ed25519",
            ".netrc",
            ".npmrc",
            "tls/server.key",
            "a.PEM",
            ".ssh/config",
            "x/.aws/credentials",
            ".cargo/credentials.toml",
            ".env.",
            ".env:stream",
        ] {
            assert!(secret_looking(path).is_some(), "{path}");
        }
        for path in [
            "src/env.rs",
            ".env.example",
            "id_rsa.pub",
            "keys.rs",
            "src/key",
            "environment",
        ] {
            assert!(secret_looking(path).is_none(), "{path}");
        }
    }

    #[test]
    fn what_others_execute_is_protected() {
        for path in [
            ".github/workflows/ci.yml",
            ".GitHub/Workflows/x",
            "sub/.cargo/config.toml",
            ".vscode/tasks.json",
            ".envrc",
            ".mcp.json",
            ".gitmodules",
            "Jenkinsfile",
        ] {
            assert!(protected(path).is_some(), "{path}");
        }
        for path in [
            ".github/ISSUE_TEMPLATE.md",
            "config.toml",
            "src/.cargo",
            "mcp.json",
        ] {
            assert!(protected(path).is_none(), "{path}");
        }
    }
}
