//! A new project: what is in it, that its test passes natively, and that it builds.

use std::path::{Path, PathBuf};
use std::process::Command;

use minion_bundle::{BuildOptions, NewError, Sdk, build, new_project};

use crate::made::GRAPH;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk")
}

fn sdk() -> Sdk {
    Sdk::at(&source()).unwrap()
}

#[test]
fn new_project_passes_its_own_test_and_builds() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("hello");
    let files = new_project(&project, "acme/hello", &sdk()).unwrap();
    assert!(files.iter().all(|file| file.is_file()));

    let kept = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let tested = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--target-dir"])
        .arg(kept.join("new-native"))
        .current_dir(&project)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&tested.stdout);
    assert!(
        tested.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&tested.stderr)
    );
    assert!(said.contains("greeting_names_the_files ... ok"), "{said}");

    let options = BuildOptions {
        target_dir: Some(kept.join("new-guest")),
        offline: true,
        quiet: true,
        describe: &|_| Ok(GRAPH.as_bytes().to_vec()),
        ..BuildOptions::default()
    };
    let built = build(&project, &options).unwrap();
    assert_eq!(built.bundle.manifest.name, "acme/hello");
    // Nothing is in it that it does not use.
    assert!(built.bundle.prompts.is_empty());
    let foreign = built
        .bundle
        .imports
        .iter()
        .find(|import| !import.name.starts_with("minion:"));
    assert_eq!(foreign, None);
}

#[test]
fn blueprint_of_a_new_project_has_at_most_thirty_lines() {
    let folder = tempfile::tempdir().unwrap();
    new_project(folder.path(), "acme/hello", &sdk()).unwrap();
    let code = std::fs::read_to_string(folder.path().join("src/lib.rs")).unwrap();
    let lines = code.lines().filter(|line| !line.trim().is_empty());
    assert!(lines.count() <= 30, "{code}");
}

#[test]
fn what_is_not_the_sdk_is_refused_with_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let why = |path: &Path| match Sdk::at(path) {
        Err(error @ NewError::NotTheSdk { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let manifest = folder.path().join("Cargo.toml");
    assert!(why(&folder.path().join("none")).contains("none"));
    assert!(why(folder.path()).contains("Cargo.toml cannot be read"));
    for (text, told) in [
        (
            "[package]\nname = \"minion-sdk-macros\"\n",
            "that of `minion-sdk-macros`",
        ),
        ("[workspace]\nmembers = [\"sdk\"]\n", "names no package"),
        ("not toml", "names no package"),
    ] {
        std::fs::write(&manifest, text).unwrap();
        let why = why(folder.path());
        assert!(why.contains(told), "{why}");
        assert!(
            why.ends_with("name the folder `sdk` of minion-rt's repository"),
            "{why}"
        );
    }
    assert!(why(&source().join("..")).contains("names no package"));
    assert_eq!(sdk().folder(), source().canonicalize().unwrap());
}

#[test]
fn folder_with_something_in_it_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let refused = new_project(folder.path(), "acme/hello", &sdk());
    assert!(matches!(refused, Err(NewError::NotEmpty { .. })));
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}

#[test]
fn names_that_are_no_names_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "hello",
        "acme/",
        "/hello",
        "Acme/hello",
        "acme/he\"llo",
        "acme/../x",
        "a/b/c",
        "acme/-x",
    ] {
        let refused = new_project(folder.path(), name, &sdk());
        assert!(matches!(refused, Err(NewError::BadName { .. })), "{name}");
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}
