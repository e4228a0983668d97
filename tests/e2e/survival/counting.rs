//! A model on loopback that says the same to the same conversation, however often it is
//! asked, and counts how often each run asked it: runs have an address of their own.

use crate::model::double::{completion, read};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The endpoint; it answers nobody any more when it is dropped.
pub(super) struct Counting {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    asked: Mutex<BTreeMap<String, u64>>,
    closed: Mutex<bool>,
}

impl Counting {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if *serving.closed.lock().unwrap() {
                    return;
                }
                let serving = Arc::clone(&serving);
                std::thread::spawn(move || serving.answer(&stream));
            }
        });
        Self { address, shared }
    }

    /// Where the run of this name asks.
    pub(super) fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }

    /// How often it asked.
    pub(super) fn asked(&self, name: &str) -> u64 {
        let asked = self.shared.asked.lock().unwrap();
        asked.get(name).copied().unwrap_or_default()
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        *self.shared.closed.lock().unwrap() = true;
        // Wakes the thread, which then lets go of the port.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn answer(&self, mut stream: &TcpStream) {
        let Some((path, asked)) = read(stream) else {
            return;
        };
        let name = path.trim_start_matches('/').split('/').next().unwrap();
        *self
            .asked
            .lock()
            .unwrap()
            .entry(name.to_owned())
            .or_default() += 1;
        let body = completion(&answer(&asked.body)).to_string();
        let _ = write!(
            stream,
            "HTTP/1.1 200 Said\r\ncontent-type: application/json\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len(),
        );
    }
}

/// What is said to this conversation.
fn answer(asked: &Value) -> Value {
    let messages = asked["messages"].as_array().unwrap();
    let said = messages.iter().filter(|m| m["role"] == "assistant").count();
    let again = asked["messages"].to_string().contains("round 2");
    turns(if again { 2 } else { 1 })[said].clone()
}

/// The turns of a round: the gate says no to the first, and yes to the second.
pub(super) fn turns(round: u32) -> Vec<Value> {
    let write = |file: &str, content: &str| json!({ "tool": "write", "arguments": { "file": file, "content": content } });
    let read = json!({ "tool": "read", "arguments": { "file": "answer.txt" } });
    if round == 1 {
        vec![
            json!({ "text": "I try.", "tool-calls": [write("answer.txt", "wrong\n")] }),
            json!({ "text": "More.", "tool-calls": [write("more.txt", "more\n"), read] }),
            json!({ "text": "It is written." }),
        ]
    } else {
        vec![
            json!({ "text": "I mend it.", "tool-calls": [write("answer.txt", "right\n")] }),
            json!({ "text": "It is mended." }),
        ]
    }
}
