//! Grants files that are refused: by where they stand and by what they say.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::{GrantsError, GrantsFile, date_of_unix};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn written(folder: &Path) -> PathBuf {
    let path = folder.join("grants.toml");
    fs::write(&path, "").unwrap();
    path
}

#[test]
fn file_beneath_a_writable_root_is_refused() {
    let root = folder();
    let roots = [root.path().to_owned()];
    let inside = written(root.path());
    assert!(matches!(
        GrantsFile::load(&inside, &roots),
        Err(GrantsError::UnderWritableRoot { .. })
    ));
    let dotted = root
        .path()
        .join("..")
        .join(root.path().file_name().unwrap())
        .join("grants.toml");
    assert!(matches!(
        GrantsFile::load(&dotted, &roots),
        Err(GrantsError::UnderWritableRoot { .. })
    ));
    assert!(GrantsFile::load(&inside, &[]).is_ok());
    let neighbour = [root.path().join("grants")];
    assert!(GrantsFile::load(&inside, &neighbour).is_ok());
}

#[test]
fn links_into_and_through_a_writable_root_are_refused() {
    let (root, outside) = (folder(), folder());
    let roots = [root.path().to_owned()];
    let inside = written(root.path());
    let link_in = outside.path().join("link.toml");
    symlink(&inside, &link_in).unwrap();
    assert!(matches!(
        GrantsFile::load(&link_in, &roots),
        Err(GrantsError::UnderWritableRoot { .. })
    ));

    let safe = written(outside.path());
    let turnable = root.path().join("turnable");
    symlink(outside.path(), &turnable).unwrap();
    let through = turnable.join("grants.toml");
    assert!(matches!(
        GrantsFile::load(&through, &roots),
        Err(GrantsError::UnderWritableRoot { .. })
    ));

    let twice = outside.path().join("twice.toml");
    symlink(&through, &twice).unwrap();
    assert!(matches!(
        GrantsFile::load(&twice, &roots),
        Err(GrantsError::UnderWritableRoot { .. })
    ));
    assert!(GrantsFile::load(&safe, &roots).is_ok());
}

#[test]
fn root_named_by_a_link_counts_as_the_real_one() {
    let (root, outside) = (folder(), folder());
    let alias = outside.path().join("alias");
    symlink(root.path(), &alias).unwrap();
    let inside = written(root.path());
    assert!(matches!(
        GrantsFile::load(&inside, &[alias]),
        Err(GrantsError::UnderWritableRoot { .. })
    ));
}

#[test]
fn file_that_others_can_write_is_refused() {
    let folder = folder();
    let path = written(folder.path());
    for mode in [0o666, 0o664, 0o646, 0o602] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert!(
            matches!(
                GrantsFile::load(&path, &[]),
                Err(GrantsError::WritableByOthers { .. })
            ),
            "{mode:o}"
        );
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(GrantsFile::load(&path, &[]).is_ok());
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(
        GrantsFile::load(&path, &[]),
        Err(GrantsError::WritableByOthers { .. })
    ));
}

#[test]
fn what_is_no_regular_file_of_its_own_is_refused_without_waiting() {
    let folder = folder();
    assert!(matches!(
        GrantsFile::load(folder.path(), &[]),
        Err(GrantsError::NotRegular { .. })
    ));
    assert!(matches!(
        GrantsFile::load(Path::new("/dev/null"), &[]),
        Err(GrantsError::NotRegular { .. })
    ));
    assert!(matches!(
        GrantsFile::load(&folder.path().join("none"), &[]),
        Err(GrantsError::Io { .. })
    ));
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    assert!(matches!(
        GrantsFile::load(&pipe, &[]),
        Err(GrantsError::NotRegular { .. })
    ));
    let path = written(folder.path());
    fs::hard_link(&path, folder.path().join("other")).unwrap();
    assert!(matches!(
        GrantsFile::load(&path, &[]),
        Err(GrantsError::HardLinked { links: 2, .. })
    ));
}

#[test]
fn loop_of_links_ends() {
    let folder = folder();
    let link = folder.path().join("loop");
    symlink(&link, &link).unwrap();
    assert!(matches!(
        GrantsFile::load(&link, &[]),
        Err(GrantsError::Io { .. })
    ));
}

#[test]
fn flood_is_refused() {
    let folder = folder();
    let path = written(folder.path());
    fs::write(&path, "#".repeat(1024 * 1024 + 1)).unwrap();
    assert!(matches!(
        GrantsFile::load(&path, &[]),
        Err(GrantsError::TooLarge { .. })
    ));
}

fn load(text: &str) -> Result<GrantsFile, String> {
    let folder = folder();
    let path = written(folder.path());
    fs::write(&path, text).unwrap();
    let here = format!("{}/", folder.path().display());
    GrantsFile::load(&path, &[]).map_err(|error| error.to_string().replace(&here, ""))
}

fn bound(rest: &str) -> String {
    let digest = crate::Digest::of(b"x");
    format!("\n[[grant]]\nblueprint = \"a/b\"\ndigest = \"{digest}\"\n{rest}")
}

#[test]
fn whole_grant_is_read() {
    let grants = load(&bound(
        "approved-by = \"dana\"\nreason = \"reviewed\"\nexpires = 2027-03-12\n\
         [grant.files]\nread = [\"src/**\"]\nwrite = [\"src/parser/**\"]\n\
         [grant.command]\nrun = [\"cargo test *\"]\nunsandboxed = false\n\
         [grant.agent]\nmodels = [\"default\"]\ntools = [\"read\"]\nmax-turns = 4\nmax-tokens = 1000\n\
         [grant.delivery]\nto = \"branch\"\naccept-self-steered = [\"Cargo.toml\"]\naccept-basic = false\n\
         require = [\"std:lint\", { gate = \"std:test\", parameters = { deep = [1, { a = true }] } }]\n",
    ))
    .unwrap();
    let grant = &grants.grants[0];
    assert_eq!(grant.at, "grants.toml:2");
    let delivery = grant.delivery.as_ref().unwrap();
    assert_eq!(
        delivery.require[1].parameters,
        serde_json::json!({"deep": [1, {"a": true}]})
    );
    assert!(!delivery.accept_basic);
}

#[test]
fn empty_file_and_empty_grant_grant_nothing() {
    assert!(load("").unwrap().is_empty());
    let grants = load(&bound("")).unwrap();
    assert_eq!(grants.grants[0].rules, crate::rules::Rules::default());
    assert!(grants.grants[0].delivery.is_none());
}

/// Each mistake with the line and the word that its error has to name.
#[test]
fn mistakes_name_line_and_key() {
    let digest = crate::Digest::of(b"x");
    for (text, line, word) in [
        (bound("[grant.fils]\nread = []\n"), 5, "fils"),
        (bound("[grant.files]\nred = []\n"), 6, "red"),
        (bound("[grant.network]\nhosts = []\n"), 5, "network"),
        (bound("[grant.http]\nhosts = []\n"), 6, "hosts"),
        (
            bound("[grant.http]\nsend = [\n\"GET http://10.0.0.1/**\"]\n"),
            7,
            "private = true",
        ),
        (
            bound("[grant.files]\nread = [\n\"src/**\",\n\"/etc\"]\n"),
            8,
            "files.read",
        ),
        (
            bound("[grant.files]\nwrite = [\".git/config\"]\n"),
            6,
            "files.write",
        ),
        (
            bound("[grant.command]\nrun = [\"sh -c 'x'\"]\n"),
            6,
            "command.run",
        ),
        (bound("[grant.command]\nnetwork = \"all\"\n"), 6, "network"),
        (
            bound("[grant.agent]\nmodels = [\"a b\"]\ntools = []\n"),
            6,
            "agent.models",
        ),
        (
            bound("[grant.agent]\nmodels = [\"a\"]\ntools = []\nmax-turns = 0\n"),
            8,
            "max-turns",
        ),
        (bound("[grant.agent]\nmodels = [\"a\"]\n"), 6, "tools"),
        (
            bound("[grant.delivery]\nto = \"origin\"\nrequire = [\"std:lint\"]\n"),
            6,
            "delivery.to",
        ),
        (bound("[grant.delivery]\nto = \"branch\"\n"), 5, "require"),
        (
            bound("[grant.delivery]\nto = \"branch\"\nrequire = []\n"),
            5,
            "require",
        ),
        (
            bound("[grant.delivery]\nto = \"branch\"\ngates = \"some\"\n"),
            7,
            "gates",
        ),
        (
            bound(
                "[grant.delivery]\nto = \"branch\"\ngates = \"none\"\nrequire = [\"std:lint\"]\n",
            ),
            7,
            "gates",
        ),
        (
            bound(
                "[grant.delivery]\nto = \"branch\"\nrequire = [{ gate = \"std:lint\", skip = 1 }]\n",
            ),
            7,
            "skip",
        ),
        (
            bound(
                "[grant.delivery]\nto = \"branch\"\nrequire = [{ gate = \"std:lint\", parameters = 7 }]\n",
            ),
            7,
            "parameters",
        ),
        (
            bound(
                "[grant.delivery]\nto = \"branch\"\nrequire = [\"std:lint\"]\naccept-self-steered = [\"/x\"]\n",
            ),
            8,
            "accept-self-steered",
        ),
        (bound("expires = \"2027-03-12\"\n"), 5, "expires"),
        (bound("expires = 2027-03-12T00:00:00\n"), 5, "expires"),
        (bound("source = \".\"\n"), 5, "source"),
        ("[[grant]]\nblueprint = \"a/b\"\n".to_owned(), 1, "digest"),
        (
            "[[grant]]\nblueprint = \"a/b\"\ndigest = \"sha256:x\"\n".to_owned(),
            3,
            "digest",
        ),
        (
            "[[grant]]\nblueprint = \"a/b\"\nsource = \"nowhere\"\n".to_owned(),
            3,
            "source",
        ),
        (
            format!("[[grant]]\ndigest = \"{digest}\"\n"),
            1,
            "blueprint",
        ),
        (
            format!("[[grant]]\nplugin = \"a/b\"\nblueprint = \"a/b\"\ndigest = \"{digest}\"\n"),
            1,
            "blueprint",
        ),
        (
            "[[grant]]\nplugin = \"a/b\"\nsource = \".\"\n".to_owned(),
            3,
            "source",
        ),
        (
            format!(
                "[[grant]]\nplugin = \"a/b\"\ndigest = \"{digest}\"\n[grant.delivery]\nto = \"branch\"\ngates = \"none\"\n"
            ),
            4,
            "delivery",
        ),
        (
            format!("[[grant]]\nblueprint = \"a b\"\ndigest = \"{digest}\"\n"),
            2,
            "blueprint",
        ),
        ("grants = []\n".to_owned(), 1, "grants"),
        ("\n\n[[grant]\n".to_owned(), 3, ""),
    ] {
        let error = load(&text).map(|_| ()).unwrap_err();
        assert!(
            error.starts_with(&format!("grants.toml:{line}: ")),
            "wanted line {line}: {error}\n{text}"
        );
        assert!(error.contains(word), "wanted `{word}`: {error}");
    }
}

/// What people write first, and what they are told of it.
#[test]
fn common_mistakes_are_told_with_their_cure() {
    for (text, told) in [
        (
            "[[grants]]\n".to_owned(),
            "1: `grants` is not known; did you mean `[[grant]]`?",
        ),
        (
            "[grant]\n".to_owned(),
            "1: `[grant]` is one of many: write `[[grant]]`",
        ),
        (
            bound("[grant.files]\nread = \"**\"\n"),
            "6: `read` wants a list: `read = [\"**\"]`",
        ),
        (
            bound("[grant.file]\nread = []\n"),
            "5: `file` is not known; did you mean `files`?",
        ),
        (
            bound("[grant.delivery]\nto = \"branch\"\nrequire = \"std:lint\"\n"),
            "7: `require` wants a list: `require = [\"std:lint\"]`",
        ),
        (
            bound("expires = \"2027-03-12\"\n"),
            "5: `expires` is a day, written 2027-03-12 without quotes",
        ),
        (
            bound("[grant.agent]\nmax-turns = \"1\"\n"),
            "6: `max-turns` wants a whole number, without quotes",
        ),
    ] {
        let error = load(&text).map(|_| ()).unwrap_err();
        assert_eq!(error, format!("grants.toml:{told}"));
    }
}

/// A file that is wrong is no file that somebody else may have written.
#[test]
fn only_a_file_of_others_is_distrusted() {
    let (root, roots) = (folder(), folder());
    let path = written(root.path());
    let distrusted =
        |path: &Path, roots: &[PathBuf]| GrantsFile::load(path, roots).unwrap_err().is_distrust();
    assert!(distrusted(&path, &[root.path().to_owned()]));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(distrusted(&path, &[]));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::hard_link(&path, root.path().join("other")).unwrap();
    assert!(distrusted(&path, &[]));

    assert!(!distrusted(root.path(), &[]));
    assert!(!distrusted(&root.path().join("none"), &[]));
    let wrong = written(roots.path());
    fs::write(&wrong, "x = 1").unwrap();
    assert!(!distrusted(&wrong, &[]));
    fs::write(&wrong, "#".repeat(1024 * 1024 + 1)).unwrap();
    assert!(!distrusted(&wrong, &[]));
}

#[test]
fn day_of_a_moment_is_that_of_utc() {
    assert_eq!(date_of_unix(0).to_string(), "1970-01-01");
    assert_eq!(date_of_unix(86_399).to_string(), "1970-01-01");
    assert_eq!(date_of_unix(1_774_000_000).to_string(), "2026-03-20");
    date_of_unix(i64::MAX);
}
