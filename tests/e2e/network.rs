//! Requests of guests: what is granted goes out with the credential that is bound to it, and
//! nothing else does.
//!
//! The blueprint is `tests/guests/fetching`, with the plugin `tests/guests/fetcher`.

mod crash;
mod secret;
mod server;

use crate::world::{Ran, World, component};
use minion_grants::Digest;
use serde_json::{Value, json};
use server::Server;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

const ONE: &str = "127.77.0.1:8077";
const TWO: &str = "127.77.0.2:8077";

/// The value of the credential, which only the server gets.
const CANARY: &str = "canary-4711-Zx/9+q";

/// One test at a time has the addresses.
static ADDRESSES: Mutex<()> = Mutex::new(());

pub(crate) struct Trial {
    pub(crate) world: World,
    repository: PathBuf,
    wasm: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

impl Trial {
    fn new(fetch: &str) -> Self {
        let alone = ADDRESSES.lock().unwrap_or_else(PoisonError::into_inner);
        let wasm = component("tests/guests/fetching");
        let world = World::new();
        let repository = world.repository("project", &[("fetch.txt", fetch)]);
        Self {
            world,
            repository,
            wasm,
            _alone: alone,
        }
    }

    /// A grants file for exactly these bytes.
    fn grants(&self, more: &str) -> PathBuf {
        let digest = Digest::of(&std::fs::read(&self.wasm).unwrap());
        let text = format!(
            "[[grant]]\nblueprint = \"test/fetching\"\ndigest = \"{digest}\"\n\
             [grant.files]\nread = [\"**\"]\nwrite = [\"**\"]\n\
             [grant.delivery]\nto = \"branch\"\ngates = \"none\"\n{more}"
        );
        self.world.file("config/minion-rt/grants.toml", text)
    }

    fn command(&self, send: &Value, then: &str, more: &[&str]) -> Command {
        let mut command = self.world.command();
        command.arg("exec").arg(&self.wasm);
        command
            .args(["--task", "fetch", "--repo"])
            .arg(&self.repository);
        command.args(["--input", &format!("send={send}")]);
        command.args(["--input", &format!("then={then}")]);
        command.env("MINION_TEST_CANARY", CANARY).args(more);
        command
    }

    fn exec(&self, send: &Value, then: &str, more: &[&str]) -> Ran {
        Ran::of(self.command(send, then, more).output().unwrap())
    }

    /// What the guest wrote down of what it heard.
    fn heard(&self) -> String {
        let branches = self
            .world
            .git(&self.repository, &["branch", "--format=%(refname:short)"]);
        let branch = branches.lines().find(|name| name.starts_with("minion/"));
        let file = format!("{}:heard.txt", branch.unwrap());
        self.world.git(&self.repository, &["show", &file])
    }
}

/// Everything that it asks of the first server, as flags.
const BOTH: &str = r#"[grant.http]
send = [{ to = "* http://127.77.0.1:8077/**", private = true },
        { to = "GET http://127.77.0.2:8077/v1/**", private = true }]
"#;

fn get(at: &str, path: &str) -> Value {
    json!({ "url": format!("http://{at}{path}") })
}

fn run_id(world: &World) -> String {
    let runs = std::fs::read_dir(world.path("state/runs")).unwrap();
    let names = runs.map(|run| run.unwrap().file_name().into_string().unwrap());
    names.max().unwrap()
}

#[test]
fn a_granted_request_is_sent_recorded_and_replayed_without_a_network() {
    let trial = Trial::new("");
    trial.grants(BOTH);
    let server = Server::echo(ONE);
    let send = json!([{
        "method": "post", "url": format!("http://{ONE}/a?b=c"), "headers": [["x-own", "y"]], "body": "z",
    }]);
    trial.exec(&send, "done", &[]).expect(0, &["delivered"]);
    assert_eq!(server.heard().len(), 1);
    let heard = trial.heard();
    for word in [
        "200",
        "POST /a?b=c HTTP/1.1",
        "x-own: y",
        "host: 127.77.0.1:8077",
    ] {
        assert!(heard.contains(word), "{word} in {heard}");
    }
    drop(server);
    let run = run_id(&trial.world);
    trial.world.minion(&["replay", &run]).expect(0, &[]);
    let shown = trial.world.minion(&["runs", "show", &run]);
    shown.expect(0, &["http.request-once"]);
}

#[test]
fn what_is_not_granted_is_denied_by_name_and_nobody_hears_of_it() {
    let trial = Trial::new("");
    trial.grants(BOTH);
    let servers = [Server::echo(ONE), Server::echo(TWO)];
    let post = json!({ "method": "post", "url": format!("http://{TWO}/v1/x") });
    let send = json!([
        get(TWO, "/v2/x"),
        post,
        get("127.77.0.3:8077", "/"),
        get("127.77.0.1", "/"),
        get("ok@127.77.0.1:8077", "/"),
        get("2135752705:8077", "/"),
        { "url": format!("http://{ONE}/"), "headers": [["Host", "evil.test"]] },
        { "url": format!("http://{ONE}/"), "headers": [["x", "y\r\nz: w"]] },
    ]);
    trial.exec(&send, "done", &[]).expect(0, &["delivered"]);
    let heard = trial.heard();
    let rules: Vec<_> = heard
        .lines()
        .map(|line| {
            line.split("(rule `")
                .nth(1)
                .unwrap_or(line)
                .split('`')
                .next()
                .unwrap()
        })
        .collect();
    assert_eq!(
        rules,
        [
            "not-asked",
            "not-granted",
            "not-asked",
            "not-asked",
            "not-a-request",
            "not-a-request",
            "forbidden-header",
            "forbidden-header",
        ],
        "{heard}"
    );
    assert!(servers.iter().all(|server| server.heard().is_empty()));
    let run = run_id(&trial.world);
    trial.world.minion(&["replay", &run]).expect(0, &[]);
}

#[test]
fn a_node_that_needs_no_network_has_none_and_lends_none_from_a_plugin() {
    let trial = Trial::new(&format!("http://{ONE}/"));
    trial.grants(BOTH);
    let server = Server::echo(ONE);
    let idle = format!("idle={}", json!([get(ONE, "/")]));
    trial
        .exec(&json!([]), "idle", &["--input", &idle])
        .expect(0, &["delivered", "not-needed-by-node"]);
    trial
        .exec(&json!([]), "plugin", &[])
        .expect(0, &["delivered", "not-needed-by-node"]);
    assert!(server.heard().is_empty());
}

#[test]
fn a_gate_sends_nothing() {
    let trial = Trial::new(&format!("http://{ONE}/"));
    trial.grants(BOTH);
    let server = Server::echo(ONE);
    trial
        .exec(&json!([]), "judge", &[])
        .expect(0, &["delivered", "not-in-a-gate"]);
    assert!(server.heard().is_empty());
}

#[test]
fn allow_asked_opens_no_private_address_and_the_lines_to_add_do() {
    let trial = Trial::new("");
    let server = Server::echo(ONE);
    let send = json!([get(ONE, "/")]);
    let more = [
        "--allow-asked",
        "--allow",
        "delivery=branch",
        "--allow",
        "gates=none",
    ];
    let refused = trial.exec(&send, "done", &more);
    refused.expect(3, &["private = true", "http:private="]);
    assert!(server.heard().is_empty());
    let flags = ["--allow", "http:private=* http://127.77.0.1:8077/**"];
    let ran = trial.exec(&send, "done", &[more.as_slice(), &flags].concat());
    ran.expect(0, &["delivered"]);
    assert_eq!(server.heard().len(), 1);
}

/// Files beneath a folder that hold these bytes.
fn holding(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            found.extend(holding(&path, bytes));
        } else if std::fs::read(&path).is_ok_and(|c| c.windows(bytes.len()).any(|w| w == bytes)) {
            found.push(path);
        }
    }
    found
}
