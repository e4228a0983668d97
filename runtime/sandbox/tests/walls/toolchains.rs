//! Real builds, linters and tests, offline, at every level, with the tree trying to steer them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use minion_sandbox::{Finished, Invocation, Level, Sandbox, SandboxError, Spec, Toolchains};

use crate::fixture::{Place, all, run, sandboxes, text};

/// A toolchain that every uid can reach: the installed one, linked into a folder for tests,
/// because it often lies in a home that is closed.
pub(crate) fn toolchains() -> &'static Toolchains {
    static FOUND: OnceLock<Toolchains> = OnceLock::new();
    FOUND.get_or_init(|| {
        let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("toolchain");
        let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output();
        if let Some(sysroot) = sysroot.ok().filter(|output| output.status.success()) {
            link(Path::new(text(&sysroot.stdout).trim()), &copy);
        }
        let folders = vec![copy.join("bin"), "/usr/bin".into(), "/bin".into()];
        Toolchains::discover_in(folders, "/nonexistent".into())
    })
}

/// Hard links where that is possible; made anew when the toolchain is another one.
fn link(sysroot: &Path, copy: &Path) {
    let script = "set -e; stamp=$(stat -c '%n %i %Y' \"$0/bin/cargo\"); \
        [ \"$(cat \"$1/stamp\" 2>/dev/null)\" = \"$stamp\" ] && exit; rm -rf \"$1\"; mkdir -p \"$1\"; \
        cp -rl \"$0/bin\" \"$0/lib\" \"$1\" || cp -rf \"$0/bin\" \"$0/lib\" \"$1\"; \
        echo \"$stamp\" > \"$1/stamp\"";
    let status = Command::new("/bin/sh")
        .args(["-c", script])
        .arg(sysroot)
        .arg(copy)
        .status();
    assert!(status.unwrap().success());
}

struct Project {
    place: Place,
    caches: PathBuf,
}

impl Project {
    fn new(sandbox: &Sandbox, files: &[(&str, &str)]) -> Self {
        let place = Place::new(sandbox);
        for (name, content) in files {
            let file = place.workspace.join(name);
            for folder in [
                file.parent().unwrap(),
                file.parent().unwrap().parent().unwrap(),
            ] {
                if folder.starts_with(&place.workspace) {
                    fs::create_dir_all(folder).unwrap();
                    sandbox.hand_over(folder).unwrap();
                }
            }
            fs::write(&file, content).unwrap();
            sandbox.hand_over(&file).unwrap();
        }
        let caches = place.path().join("caches");
        fs::create_dir(&caches).unwrap();
        Self { place, caches }
    }

    fn resolve(&self, line: &str) -> Invocation {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        toolchains()
            .resolve(&words[0], &words[1..], &self.place.workspace, &self.caches)
            .unwrap()
    }

    async fn run(&self, sandbox: &Sandbox, line: &str) -> Finished {
        let invocation = self.resolve(line);
        for folder in &invocation.writable {
            sandbox.hand_over(folder).unwrap();
        }
        let mut spec = Spec::of(&invocation, &self.place.workspace);
        spec.writable.push(self.place.workspace.clone());
        run(sandbox, spec).await
    }
}

const MANIFEST: (&str, &str) = (
    "Cargo.toml",
    "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
);
const LIBRARY: (&str, &str) = (
    "src/lib.rs",
    "/// ```\n/// assert_eq!(tiny::two(), 2);\n/// ```\npub fn two() -> i32 {\n    return 2;\n}\n\n\
     #[test]\nfn holds() {\n    assert_eq!(two(), 2);\n}\n",
);
const FAILING: (&str, &str) = (
    "src/lib.rs",
    "pub fn two()->i32{ return 2; }

#[test]
fn fails() {
    panic!(\"canary\")
}
",
);

#[tokio::test]
async fn cargo_builds_tests_lints_and_formats_offline() {
    for sandbox in sandboxes() {
        let project = Project::new(&sandbox, &[MANIFEST, LIBRARY]);
        let tested = project.run(&sandbox, "cargo test").await;
        assert!(tested.is_success(), "{}", all(&tested));
        assert_eq!(
            text(&tested.stdout)
                .matches("test result: ok. 1 passed")
                .count(),
            2,
            "{}",
            all(&tested)
        );
        let linted = project.run(&sandbox, "cargo clippy -- -D warnings").await;
        assert!(
            linted.exit == Some(101) && all(&linted).contains("needless_return"),
            "{}",
            all(&linted)
        );
        for line in [
            "cargo build",
            "cargo check",
            "cargo metadata --format-version 1",
            "cargo fmt --check",
        ] {
            let finished = project.run(&sandbox, line).await;
            assert!(finished.is_success(), "{line}: {}", all(&finished));
        }
        assert!(
            project.caches.join("target/debug").exists()
                && !project.place.workspace.join("target").exists()
        );
    }
}

#[tokio::test]
async fn a_cargo_configuration_of_the_tree_cannot_turn_failing_tests_green() {
    let configuration = "[alias]\ntest = 'version'\nt = 'version'\nclippy = 'version'\nfmt = 'version'\n\
        [build]\nrustc = './fake'\nrustc-wrapper = './fake'\nrustc-workspace-wrapper = './fake'\nrustdoc = './fake'\n\
        rustflags = ['--cfg', 'steered', '--cap-lints', 'allow']\n\
        [target.'cfg(all())']\nrunner = './fake'\n\
        [target.x86_64-unknown-linux-gnu]\nrunner = './fake'\nlinker = './fake'\n\
        [target.aarch64-unknown-linux-gnu]\nrunner = './fake'\nlinker = './fake'\n";
    let fake = ("fake", "#!/bin/sh\necho fake was here; exit 0\n");
    for sandbox in sandboxes() {
        let files = [
            MANIFEST,
            FAILING,
            (".cargo/config.toml", configuration),
            fake,
        ];
        let project = Project::new(&sandbox, &files);
        let fake = project.place.workspace.join("fake");
        fs::set_permissions(fake, fs::Permissions::from_mode(0o755)).unwrap();
        for line in [
            "cargo test",
            "cargo t",
            "cargo clippy -- -D warnings",
            "cargo fmt --check",
        ] {
            let finished = project.run(&sandbox, line).await;
            assert!(
                finished.exit.is_some_and(|code| code != 0),
                "{line}: {}",
                all(&finished)
            );
            assert!(
                !all(&finished).contains("fake was here"),
                "{line}: {}",
                all(&finished)
            );
        }
    }
}

#[tokio::test]
async fn the_toolchain_and_the_registry_cannot_be_written() {
    for sandbox in sandboxes() {
        let script = "fn main() {\n\
            for name in [\"RUSTC\", \"CARGO\"] {\n\
                let path = std::env::var(name).unwrap();\n\
                assert!(std::fs::OpenOptions::new().append(true).open(&path).is_err());\n\
                assert!(std::fs::write(path + \".new\", \"\").is_err());\n\
            }\n}\n";
        let project = Project::new(
            &sandbox,
            &[MANIFEST, ("src/lib.rs", ""), ("build.rs", script)],
        );
        let finished = project.run(&sandbox, "cargo build").await;
        assert!(finished.is_success(), "{}", all(&finished));
    }
}

const TESTS: (&str, &str) = (
    "tests/test_two.py",
    "import unittest\nimport two\n\nclass Two(unittest.TestCase):\n    def test_two(self):\n        self.assertEqual(two.two(), 2)\n",
);
const PACKAGE: (&str, &str) = ("tests/__init__.py", "");

#[tokio::test]
async fn python_runs_unit_tests_of_the_workspace() {
    for sandbox in sandboxes() {
        let right = Project::new(
            &sandbox,
            &[TESTS, PACKAGE, ("two.py", "def two():\n    return 2\n")],
        );
        let wrong = Project::new(
            &sandbox,
            &[TESTS, PACKAGE, ("two.py", "def two():\n    return 3\n")],
        );
        for line in [
            "python3 -m unittest -v",
            "python3 -m unittest discover -v",
            "python3 -m unittest -v tests.test_two",
        ] {
            let finished = right.run(&sandbox, line).await;
            assert!(
                finished.is_success() && all(&finished).contains("Ran 1 test"),
                "{line}: {}",
                all(&finished)
            );
            let finished = wrong.run(&sandbox, line).await;
            assert!(
                finished.exit == Some(1) && all(&finished).contains("3 != 2"),
                "{line}: {}",
                all(&finished)
            );
        }
        assert!(!right.place.workspace.join("tests/__pycache__").exists());
    }
}

#[tokio::test]
async fn a_file_of_the_tree_cannot_take_the_place_of_the_test_runner() {
    let fakes = [
        "unittest.py",
        "unittest/__main__.py",
        "unittest/__init__.py",
        "argparse.py",
        "sitecustomize.py",
        "usercustomize.py",
        "runpy.py",
        "importlib.py",
    ];
    for sandbox in sandboxes() {
        for fake in fakes {
            let steering = (
                fake,
                "print('Ran 1 test OK')\nimport sys, os\nos._exit(0)\n",
            );
            let files = [
                TESTS,
                PACKAGE,
                ("two.py", "def two():\n    return 3\n"),
                steering,
            ];
            let project = Project::new(&sandbox, &files);
            let finished = project.run(&sandbox, "python3 -m unittest").await;
            assert_eq!(finished.exit, Some(1), "{fake}: {}", all(&finished));
        }
    }
}

#[tokio::test]
async fn plain_programs_are_found_outside_and_run() {
    for sandbox in sandboxes() {
        let project = Project::new(&sandbox, &[("true", "#!/bin/sh\nexit 1\n")]);
        let fake = project.place.workspace.join("true");
        fs::set_permissions(fake, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(project.run(&sandbox, "true").await.is_success());
        assert_eq!(project.run(&sandbox, "sh true").await.exit, Some(1));
        let invocation = project.resolve("true");
        assert!(invocation.digest.starts_with("sha256:") && invocation.digest.len() == 71);
        assert_eq!(invocation.profile, "plain");
    }
}

#[test]
fn a_program_of_the_workspace_never_stands_for_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    for name in ["only-here", "cargo-only-here"] {
        fs::copy("/bin/true", bin.join(name)).unwrap();
    }
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(bin.join("only-here"), elsewhere.path().join("linked")).unwrap();
    let folders = vec![bin.clone(), elsewhere.path().to_owned(), "/usr/bin".into()];
    let toolchains = Toolchains::discover_in(folders, "/nonexistent".into());
    let caches = elsewhere.path().join("caches");
    let absolute = bin.join("only-here").display().to_string();
    for name in [
        "only-here",
        "linked",
        "./bin/only-here",
        "bin/only-here",
        "../x",
        "",
        "/etc/passwd",
        &absolute,
    ] {
        let error = toolchains
            .resolve(name, &[], folder.path(), &caches)
            .unwrap_err();
        assert_eq!(error.program, name);
    }
    let outside = toolchains
        .resolve("only-here", &[], elsewhere.path(), &caches)
        .unwrap();
    assert_eq!(
        outside.program,
        bin.join("only-here").canonicalize().unwrap()
    );
    assert_eq!(outside.read_only, std::slice::from_ref(&outside.program));
}

#[test]
fn an_invocation_names_tool_version_and_digest() {
    let folder = tempfile::tempdir().unwrap();
    let resolve = |name: &str, args: &[&str]| {
        let args: Vec<_> = args.iter().map(|word| (*word).to_owned()).collect();
        toolchains()
            .resolve(name, &args, folder.path(), folder.path())
            .unwrap()
    };
    let clippy = resolve("cargo", &["clippy", "--all"]);
    assert!(clippy.program.ends_with("bin/cargo-clippy"), "{clippy:?}");
    assert_eq!(clippy.arguments, ["clippy", "--all"]);
    assert!(clippy.version.starts_with("rustc 1."), "{}", clippy.version);
    assert_eq!(resolve("cargo", &["t", "x"]).arguments, ["test", "x"]);
    let python = resolve("python3", &["-c", "1"]);
    assert!(
        python.version.starts_with("Python 3."),
        "{}",
        python.version
    );
    assert_eq!(
        (python.arguments.len(), python.profile.as_str()),
        (2, "python")
    );
    assert_ne!(clippy.digest, resolve("cargo", &["test"]).digest);
    assert_eq!(python.digest, resolve("python3", &["-c", "2"]).digest);
}

#[tokio::test]
async fn a_folder_closed_to_the_commands_uid_is_named_with_its_cure() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let closed = place.path().join("closed");
        fs::create_dir_all(closed.join("tools")).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
        let script = format!("ls {}", closed.join("tools").display());
        let spec = Spec {
            read_only: vec![closed.join("tools")],
            ..place.sh(&script)
        };
        let result = sandbox.run(spec, std::future::pending()).await;
        if sandbox.level() == Level::Basic && sandbox.owner().is_some() {
            let error = result.unwrap_err();
            assert!(
                matches!(&error, SandboxError::Unreachable { closed: at, .. } if *at == closed),
                "{error}"
            );
            assert!(
                error
                    .to_string()
                    .contains(&format!("chmod o+x {}", closed.display())),
                "{error}"
            );
        } else {
            assert!(result.unwrap().is_success());
        }
    }
}
