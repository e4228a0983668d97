//! A folder of source in, the one file out: the real compiler, no network.

use std::path::{Path, PathBuf};

use minion_bundle::{BuildError, BuildOptions, build};

use crate::made::{GRAPH, Made, bare_blueprint, bare_plugin};

/// A place for what cargo makes, kept from run to run so that only the first is slow.
fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn guests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests")
}

fn options(target: &str) -> BuildOptions<'static> {
    BuildOptions {
        target_dir: Some(kept(target)),
        offline: true,
        quiet: true,
        ..BuildOptions::default()
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in from.read_dir().unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The guests and the contract, as they stand to each other here.
fn copy_of_everything(top: &Path) -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    copy(&repository.join("wit"), &top.join("wit"));
    let copied = top.join("runtime/bundle/tests/guests");
    copy(&guests(), &copied);
    copied.join("tiny")
}

/// A project that is a ready component and a `minion.toml`.
fn ready(folder: &Path, component: &[u8], kind: &str, more: &str) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("ready.wasm"), component).unwrap();
    let text = format!(
        "name = \"test/ready\"\nversion = \"0.1.0\"\nsummary = \"Ready.\"\nkind = \"{kind}\"\n\
         component = \"ready.wasm\"\n{more}\n\
         [[ask]]\nid = \"source\"\nreason = \"to see it\"\nfiles = {{ read = [\"**\"] }}\n"
    );
    std::fs::write(folder.join("minion.toml"), text).unwrap();
}

#[test]
fn crate_becomes_a_plugin_with_its_sections() {
    let built = build(&guests().join("tiny"), &options("here")).unwrap();
    let imports: Vec<_> = built
        .bundle
        .imports
        .iter()
        .map(|import| import.name.as_str())
        .collect();
    assert!(
        imports.contains(&"minion:host/workspace@0.1.0"),
        "{imports:?}"
    );
    assert!(
        imports.iter().all(|name| name.starts_with("minion:")),
        "{imports:?}"
    );
    assert_eq!(built.bundle.manifest.contract.to_string(), "0.1.0");
    let gate = built.bundle.manifest.gate.unwrap();
    assert_eq!(gate.parameters["type"], "object");
    assert_eq!(minion_bundle::read(&built.wasm).unwrap().bytes, built.wasm);
}

/// The same with guest and helper as members of one workspace: cargo tells a member by its
/// place in the workspace, and a dependency outside of it by its whole path.
fn copy_as_one_workspace(top: &Path) -> PathBuf {
    let tiny = copy_of_everything(top);
    let guests = tiny.parent().unwrap();
    for member in ["tiny", "helper"] {
        let manifest = guests.join(member).join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        std::fs::write(&manifest, text.replace("[workspace]", "")).unwrap();
    }
    std::fs::rename(tiny.join("Cargo.lock"), guests.join("Cargo.lock")).unwrap();
    let members = "[workspace]\nresolver = \"3\"\nmembers = [\"tiny\", \"helper\"]\n";
    std::fs::write(guests.join("Cargo.toml"), members).unwrap();
    tiny
}

#[test]
fn same_workspace_gives_the_same_bytes_from_any_folder() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let deeper = other.path().join("a folder/with another name");
    let first = build(&copy_as_one_workspace(one.path()), &options("one")).unwrap();
    let second = build(&copy_as_one_workspace(&deeper), &options("other")).unwrap();
    assert_eq!(first.bundle.digest, second.bundle.digest);
    assert_eq!(first.wasm, second.wasm);
}

#[test]
fn no_folder_of_this_machine_stands_in_the_file() {
    let built = build(&guests().join("tiny"), &options("here")).unwrap();
    let text = String::from_utf8_lossy(&built.wasm);
    let home = std::env::home_dir().unwrap();
    for folder in [
        Path::new(env!("CARGO_MANIFEST_DIR")),
        Path::new(env!("CARGO_TARGET_TMPDIR")),
        &home.join(".cargo"),
    ] {
        assert!(
            !text.contains(folder.to_str().unwrap()),
            "{}",
            folder.display()
        );
    }
    assert!(
        text.contains("/beside/helper"),
        "the panic's place is gone, so this proves nothing"
    );
}

#[test]
fn compiler_error_is_shown_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let tiny = copy_of_everything(folder.path());
    let code = tiny.join("src/lib.rs");
    std::fs::write(&code, "fn broken() -> u8 { \"text\" }").unwrap();
    let error = build(&tiny, &options("here")).unwrap_err().to_string();
    assert!(error.contains("error[E0308]: mismatched types"), "{error}");
    assert!(error.contains("src/lib.rs:1:21"), "{error}");
}

#[test]
fn module_without_an_interface_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let tiny = copy_of_everything(folder.path());
    std::fs::write(tiny.join("src/lib.rs"), "//! Nothing.").unwrap();
    let error = build(&tiny, &options("here")).unwrap_err().to_string();
    assert!(error.contains("minion:node/node@0.1.0"), "{error}");
}

#[test]
fn folder_without_an_author_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = build(folder.path(), &options("here")).unwrap_err();
    assert!(matches!(error, BuildError::NoAuthorFile { .. }), "{error}");
    assert!(error.to_string().contains("minion-rt new"));
}

#[test]
fn unknown_key_of_the_author_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    ready(folder.path(), &bare_plugin(), "plugin", "colour = \"red\"");
    let error = build(folder.path(), &options("here"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("colour"), "{error}");
}

#[test]
fn ready_blueprint_gets_the_graph_that_the_caller_asked_it_for() {
    let folder = tempfile::tempdir().unwrap();
    let bare = bare_blueprint();
    ready(folder.path(), &bare, "blueprint", "");
    let describe = |component: &[u8]| {
        assert_eq!(component, bare);
        Ok(GRAPH.as_bytes().to_vec())
    };
    let options = BuildOptions {
        describe: &describe,
        ..BuildOptions::default()
    };
    let built = build(folder.path(), &options).unwrap();
    assert!(built.bundle.graph.is_some());
    assert!(built.wasm.starts_with(&bare));
}

#[test]
fn blueprint_that_cannot_say_its_graph_is_not_built() {
    let folder = tempfile::tempdir().unwrap();
    ready(folder.path(), &bare_blueprint(), "blueprint", "");
    let options = BuildOptions {
        describe: &|_| Err("it trapped".to_owned()),
        ..BuildOptions::default()
    };
    let error = build(folder.path(), &options).unwrap_err().to_string();
    assert!(error.contains("it trapped"), "{error}");
}

#[test]
fn plugin_is_never_asked_for_a_graph() {
    let folder = tempfile::tempdir().unwrap();
    ready(folder.path(), &bare_plugin(), "plugin", "");
    let options = BuildOptions {
        describe: &|_| panic!("asked"),
        ..BuildOptions::default()
    };
    assert!(
        build(folder.path(), &options)
            .unwrap()
            .bundle
            .graph
            .is_none()
    );
}

#[test]
fn plugins_are_bundled_from_the_program_a_folder_and_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = Made::plugin().file();
    std::fs::write(folder.path().join("judge.wasm"), &file).unwrap();
    ready(&folder.path().join("beside"), &bare_plugin(), "plugin", "");
    let plugins = "[plugins]\n\"std:lint\" = \"shipped\"\n\"acme/folder\" = \"../beside\"\n\"acme/file\" = \"../judge.wasm\"\n";
    ready(
        &folder.path().join("main"),
        &bare_blueprint(),
        "blueprint",
        plugins,
    );
    let options = BuildOptions {
        shipped: &|name| (name == "std:lint").then(|| file.clone()),
        describe: &|_| Ok(GRAPH.as_bytes().to_vec()),
        ..BuildOptions::default()
    };
    let built = build(&folder.path().join("main"), &options).unwrap();
    let names: Vec<_> = built.bundle.plugins.keys().collect();
    assert_eq!(names, ["acme/file", "acme/folder", "std:lint"]);
    assert_eq!(built.bundle.plugins["std:lint"].bytes, file);
    assert_eq!(
        built.bundle.plugins["acme/folder"].manifest.summary,
        "Ready."
    );
}

#[test]
fn unknown_shipped_plugin_is_named() {
    let folder = tempfile::tempdir().unwrap();
    ready(
        folder.path(),
        &bare_blueprint(),
        "blueprint",
        "[plugins]\n\"std:nope\" = \"shipped\"\n",
    );
    let error = build(folder.path(), &BuildOptions::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("std:nope"), "{error}");
}

#[test]
fn folder_that_bundles_itself_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let itself = "[plugins]\n\"acme/self\" = \".\"\n";
    ready(folder.path(), &bare_blueprint(), "blueprint", itself);
    let error = build(folder.path(), &BuildOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("acme/self") && error.contains("only plugins can be bundled"),
        "{error}"
    );
    ready(folder.path(), &bare_plugin(), "plugin", itself);
    let error = build(folder.path(), &BuildOptions::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("a plugin carries no plugins"), "{error}");
}

#[test]
fn ready_component_that_was_built_already_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    ready(folder.path(), &Made::plugin().file(), "plugin", "");
    let error = build(folder.path(), &BuildOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("minion:manifest") && error.contains("twice"),
        "{error}"
    );
}

#[test]
fn prompt_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    ready(
        folder.path(),
        &bare_plugin(),
        "plugin",
        "[prompts]\n\"p.md\" = \"prompts/p.md\"\n",
    );
    let error = build(folder.path(), &BuildOptions::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("prompts/p.md"), "{error}");
}
