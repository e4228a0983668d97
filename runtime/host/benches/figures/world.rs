//! What is measured on: two blueprints built from their source, and a small repository.

use minion_bundle::BuildOptions;
use minion_grants::{GrantSources, date_of_unix};
use minion_host::{Budget, Engine, Linked, Means, Network, RunRequest};
use minion_journal::{IdSource, SqliteStore, SystemClock, SystemIds};
use minion_sandbox::{Sandbox, Toolchains};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

/// Files of the repository, all in `src`.
const FILES: usize = 20;

pub(crate) struct World {
    folder: TempDir,
    /// The blueprint with a node for each kind of call.
    pub(crate) calls: PathBuf,
    /// The standard blueprint, with its three plugins.
    pub(crate) fix_bug: PathBuf,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::new(None).unwrap();
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let build = |source: &str, name: &str| {
            let to = folder.path().join(name);
            std::fs::write(&to, build(&engine, &here.join(source))).unwrap();
            to
        };
        let calls = build("../../tests/bench-guest", "calls.wasm");
        let fix_bug = build("../../blueprints/fix-bug", "fix-bug.wasm");
        project(&folder.path().join("project"));
        Self {
            folder,
            calls,
            fix_bug,
        }
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub(crate) fn repository(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// The request that `exec` would make.
    pub(crate) fn request(&self) -> RunRequest {
        let sandbox = Sandbox::probe(std::env::current_exe().unwrap()).unwrap();
        let store = SqliteStore::open(self.state().join("journal")).unwrap();
        let tools = Toolchains::discover();
        request(&self.state(), &self.repository(), sandbox, store, tools)
    }
}

pub(crate) fn request(
    state: &Path,
    repository: &Path,
    sandbox: Sandbox,
    store: SqliteStore,
    toolchains: Toolchains,
) -> RunRequest {
    let clock = Arc::new(SystemClock);
    let run = SystemIds.next(minion_journal::Clock::now(&*clock));
    RunRequest {
        repository: repository.to_owned(),
        base: None,
        task: "1".to_owned(),
        inputs: BTreeMap::new(),
        run,
        fork: None,
        setup: serde_json::Value::Null,
        means: Means {
            model: None,
            sandbox,
            toolchains,
            network: Network::of_this_machine(),
            store: Arc::new(store),
            clock,
            folder: state.join("runs").join(run.to_string()),
            budget: Budget::default(),
        },
    }
}

/// The stages from a file to what can be run, with everything granted that is asked.
pub(crate) fn linked(wasm: &Path, engine: &Engine) -> Linked {
    let inspected = minion_host::inspect(minion_host::load(wasm).unwrap()).unwrap();
    minion_host::link(admitted(inspected), engine).unwrap()
}

pub(crate) fn admitted(inspected: minion_host::Inspected) -> minion_host::Admitted {
    let sources = GrantSources {
        allow_asked: true,
        ..Default::default()
    };
    minion_host::admit(inspected, &sources, date_of_unix(0)).unwrap()
}

fn build(engine: &Engine, source: &Path) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let describe = |component: &[u8]| {
        let described = runtime.block_on(minion_host::describe(engine, component));
        described.map_err(|e| e.to_string())
    };
    let options = BuildOptions {
        target_dir: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("guests")),
        offline: true,
        quiet: true,
        shipped: &|name| minion_shipped::find(name).map(|plugin| plugin.bytes.to_vec()),
        describe: &describe,
        ..BuildOptions::default()
    };
    minion_bundle::build(source, &options).unwrap().wasm
}

fn project(top: &Path) {
    std::fs::create_dir_all(top.join("src")).unwrap();
    std::fs::write(top.join("src/lib.rs"), "fn one() -> u32 { 1 }\n".repeat(50)).unwrap();
    for number in 1..FILES {
        let content = format!("const VALUE: usize = {number};\n").repeat(50);
        std::fs::write(top.join(format!("src/part_{number:02}.rs")), content).unwrap();
    }
    let identity = ["-c", "user.name=x", "-c", "user.email=x"];
    for arguments in [
        &["init", "-q"][..],
        &["add", "-A"],
        &["commit", "-qm", "base"],
    ] {
        let mut git = Command::new("git");
        git.current_dir(top).args(identity).args(arguments);
        assert!(git.status().unwrap().success());
    }
}
