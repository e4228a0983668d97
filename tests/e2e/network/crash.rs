//! Killed between a request and its answer: what may be sent twice is sent again, and of
//! anything else a human has to say whether it was done.

use super::server::Server;
use super::{BOTH, ONE, Trial, run_id};
use crate::world::Ran;
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Answers once somebody says so, in this process alone.
fn killed_while_waiting(trial: &Trial, server: &Server, send: &Value) -> String {
    let mut command = trial.command(send, "done", &[]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let since = Instant::now();
    while server.heard().is_empty() {
        assert!(since.elapsed() < Duration::from_mins(1), "never asked");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    run_id(&trial.world)
}

/// A server that keeps the first request waiting for ever.
fn forgetful() -> Server {
    let asked = AtomicBool::new(false);
    Server::start(ONE, move |_| {
        let again = asked.swap(true, Relaxed);
        again.then(|| "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nagain".to_owned())
    })
}

fn resumed(trial: &Trial, run: &str) -> Ran {
    trial.world.minion(&["resume", run])
}

#[test]
fn a_get_without_an_answer_is_sent_again() {
    let trial = Trial::new("");
    trial.grants(BOTH);
    let server = forgetful();
    let send = json!([{ "url": format!("http://{ONE}/") }]);
    let run = killed_while_waiting(&trial, &server, &send);
    resumed(&trial, &run).expect(0, &["delivered"]);
    assert_eq!(server.heard().len(), 2);
    assert!(trial.heard().contains("again"));
    trial.world.minion(&["replay", &run]).expect(0, &[]);
}

#[test]
fn a_post_without_an_answer_is_for_a_human_to_look_after() {
    let trial = Trial::new("");
    trial.grants(BOTH);
    let server = forgetful();
    let send = json!([{ "method": "post", "url": format!("http://{ONE}/"), "body": "once" }]);
    let run = killed_while_waiting(&trial, &server, &send);
    resumed(&trial, &run).expect(6, &["in doubt", "http.request-once"]);
    assert_eq!(server.heard().len(), 1);
}
