//! The provider against somebody else's double: `@copilotkit/aimock`, which
//! checks requests by its own reading of the protocol. It comes from npm, so
//! it is left out unless asked for: `cargo test -p minion-agents -- --ignored`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use minion_agents::{Model as _, ModelError, OpenAi, Secret, run};
use serde_json::json;
use tempfile::tempdir;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::double::{KEY, quick};
use crate::provider::request;
use crate::script::{Tools, task};

const PACKAGE: &str = "@copilotkit/aimock@1.43.0";

/// None: npm is not there, or does not bring it within a minute.
async fn install(folder: &Path) -> Option<PathBuf> {
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
        .args(["--prefix", ".", PACKAGE])
        .current_dir(folder)
        .stdout(Stdio::null())
        .kill_on_drop(true);
    let installed = timeout(Duration::from_mins(1), npm.status()).await;
    let done = matches!(installed, Ok(Ok(status)) if status.success());
    done.then(|| folder.join("node_modules/.bin/llmock"))
}

async fn start(program: &Path, fixtures: &Path) -> (Child, String) {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let child = Command::new(program)
        .args([
            "--strict",
            "--validate-on-load",
            "--log-level",
            "warn",
            "-p",
        ])
        .arg(address.port().to_string())
        .arg("-f")
        .arg(fixtures)
        .env("AIMOCK_API_KEYS", KEY)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    for _ in 0..200 {
        if TcpStream::connect(address).await.is_ok() {
            return (child, format!("http://{address}/v1"));
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("aimock did not start");
}

#[tokio::test]
#[ignore = "fetches @copilotkit/aimock from npm"]
async fn another_double_understands_us_and_we_it() {
    let folder = tempdir().unwrap();
    let Some(program) = install(folder.path()).await else {
        println!("SKIPPED: npm is not there or could not bring {PACKAGE} within a minute");
        return;
    };
    let fixtures = json!({ "fixtures": [
        { "match": { "userMessage": "drops the last line", "hasToolResult": false },
          "response": { "toolCalls": [
            { "id": "call_1", "name": "read", "arguments": { "file": "src/a.rs" } }] } },
        { "match": { "toolCallId": "call_1", "toolResultContains": "fn main" },
          "response": { "content": "Mended." } },
    ] });
    let path = folder.path().join("fixtures.json");
    fs::write(&path, fixtures.to_string()).unwrap();
    let (_child, base) = start(&program, &path).await;

    let key = |key| Some(Secret::new(key).unwrap());
    let model = OpenAi::new(&base, "gpt-4.1", key(KEY), quick()).unwrap();
    let mut tools = Tools::new("fn main() {}");
    let report = run(&task(), &model, &mut tools).await.unwrap();
    assert_eq!(
        (report.summary.as_str(), report.spent.turns),
        ("Mended.", 2)
    );
    assert_eq!(tools.called[0].arguments, json!({ "file": "src/a.rs" }));

    let stranger = OpenAi::new(&base, "gpt-4.1", key("sk-of-a-stranger"), quick()).unwrap();
    let refused = stranger.turn(&request()).await.unwrap_err();
    assert!(
        matches!(refused, ModelError::KeyRefused { .. }),
        "{refused}"
    );
}
