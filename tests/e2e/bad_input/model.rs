//! Cassettes and endpoints that do not answer as they should.

use super::Stage;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

/// Lets the agentic node play this cassette.
#[track_caller]
fn plays(cassette: &Value, code: i32, words: &[&str]) {
    let stage = Stage::new();
    let text = cassette.to_string();
    let file = stage.world.file("turns.json", text);
    let more = ["--cassette", file.to_str().unwrap()];
    stage.hostile("think", &more).expect(code, words);
    stage.untouched();
}

fn cassette(turns: &Value) -> Value {
    json!({ "cassette": 1, "recorded-from": "a test", "turns": turns })
}

/// Lets the agentic node ask an endpoint.
#[track_caller]
fn asks(port: u16, words: &[&str]) {
    let stage = Stage::new();
    let url = format!("http://127.0.0.1:{port}/v1");
    let more = ["--model-url", &url, "--model", "any"];
    let ran = stage.hostile("think", &more);
    ran.expect(1, words).expect(1, &["node `think`", &url]);
    stage.untouched();
}

/// An endpoint that answers every request with the same words.
fn endpoint(status: &str, kind: &str, body: &str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    );
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            read_request(&mut stream);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

/// Reads to the end of the body, so that closing the connection does not cut the answer.
fn read_request(stream: &mut std::net::TcpStream) {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.trim().parse().unwrap()) {
                return;
            }
        }
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return,
            Ok(count) => bytes.extend_from_slice(&part[..count]),
        }
    }
}

#[test]
fn a_run_without_a_model_is_told_how_to_name_one() {
    let stage = Stage::new();
    let words = ["no model is set up", "--cassette", "--model-url"];
    stage.hostile("think", &[]).expect(1, &words);
    stage.untouched();
}

#[test]
fn a_missing_cassette_is_named() {
    let stage = Stage::new();
    let more = ["--cassette", "nowhere.json"];
    stage.hostile("think", &more).expect(2, &["nowhere.json"]);
    stage.untouched();
}

#[test]
fn a_cassette_that_is_no_json_is_named() {
    plays(&json!("turns"), 2, &["`turns.json`", "record it again"]);
}

#[test]
fn a_cassette_that_has_run_out_names_the_turn_asked_for() {
    let list = json!([{ "tool": "read", "arguments": { "file": "a.txt" } }]);
    let first = json!({ "node": "think", "visit": 1, "turn": 1, "answer": { "tool-calls": list } });
    let words = ["`turns.json` has run out", "turn 2", "record it again"];
    plays(&cassette(&json!([first])), 1, &words);
}

#[test]
fn a_cassette_of_another_node_names_the_node_asked_for() {
    let other = json!({ "node": "implement", "visit": 1, "turn": 1, "answer": { "text": "done" } });
    let words = ["has run out", "`think`", "implement"];
    plays(&cassette(&json!([other])), 1, &words);
}

#[test]
fn a_cassette_that_answers_another_request_names_the_difference() {
    let turn = json!({
        "node": "think", "visit": 1, "turn": 1,
        "request": { "tools": ["edit", "write"], "messages": ["system", "user"], "results": [] },
        "answer": { "text": "done" },
    });
    let words = ["answers another request", "edit", "record it again"];
    plays(&cassette(&json!([turn])), 1, &words);
}

#[test]
fn an_endpoint_that_is_down_is_named() {
    // A port that was free a moment ago: nobody listens there.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    asks(port, &["cannot reach the model", "check that it runs"]);
}

#[test]
fn an_endpoint_that_refuses_the_key_is_named_without_what_it_said() {
    let said = r#"{"error":{"message":"bad key sk-canary"}}"#;
    let port = endpoint("401 Unauthorized", "application/json", said);
    asks(port, &["refused the key (401)", "set a key"]);
}

#[test]
fn an_endpoint_that_answers_a_web_page_is_told_from_an_api() {
    let port = endpoint("200 OK", "text/html", "<!doctype html><p>Welcome</p>");
    asks(port, &["answered nonsense", "a web page", "base-url"]);
}

#[test]
fn an_endpoint_that_answers_other_json_is_told_from_an_api() {
    let port = endpoint("200 OK", "application/json", r#"{"hello":"world"}"#);
    asks(port, &["answered nonsense", "OpenAI-compatible"]);
}

#[test]
fn an_endpoint_that_answers_half_of_its_json_is_named() {
    let port = endpoint("200 OK", "application/json", r#"{"choices":[{"mess"#);
    asks(port, &["answered nonsense", "not JSON"]);
}

#[test]
fn a_key_that_is_not_set_is_named() {
    let stage = Stage::new();
    let mut more = vec!["--model-url", "http://127.0.0.1:9/v1", "--model", "any"];
    more.extend(["--key-env", "NO_SUCH_KEY_IS_SET"]);
    let words = ["`NO_SUCH_KEY_IS_SET`", "not set"];
    stage.hostile("think", &more).expect(2, &words);
    stage.untouched();
}
