//! An OpenAI-compatible endpoint on loopback, in a thread: real HTTP, answers that a test
//! wrote down. The last answer is given again and again.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request that it was sent.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) authorization: String,
    pub(crate) body: Value,
}

/// The endpoint; it answers nobody any more when it is dropped.
pub(super) struct Double {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    replies: Vec<(u16, Value)>,
    asked: Mutex<Vec<Asked>>,
    open: Mutex<bool>,
}

impl Double {
    /// Answers are in the shape of a cassette's; `usage` may stand beside.
    pub(super) fn start(answers: &[Value]) -> Self {
        Self::with(
            answers
                .iter()
                .map(|answer| (200, completion(answer)))
                .collect(),
        )
    }

    /// Whole bodies with their status.
    pub(super) fn with(replies: Vec<(u16, Value)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            replies,
            asked: Mutex::default(),
            open: Mutex::new(true),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if !*serving.open.lock().unwrap() {
                    return;
                }
                let serving = Arc::clone(&serving);
                std::thread::spawn(move || serving.answer(&stream));
            }
        });
        Self { address, shared }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        *self.shared.open.lock().unwrap() = false;
        // Wakes the thread, which then lets go of the port.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn answer(&self, mut stream: &TcpStream) {
        let Some((path, asked)) = read(stream) else {
            return;
        };
        let (status, body) = if path == "/v1/chat/completions" {
            let mut all = self.asked.lock().unwrap();
            let reply = self.replies.get(all.len()).or(self.replies.last());
            all.push(asked);
            reply.cloned().unwrap()
        } else {
            (404, json!({}))
        };
        let body = body.to_string();
        let _ = write!(
            stream,
            "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len(),
        );
    }
}

/// A request: its path, and what it says.
pub(crate) fn read(stream: &TcpStream) -> Option<(String, Asked)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let (mut length, mut authorization) = (0, String::new());
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "authorization" => value.trim().clone_into(&mut authorization),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).ok()?;
    Some((
        path,
        Asked {
            authorization,
            body,
        },
    ))
}

/// An answer in a cassette's shape as an endpoint says it.
pub(crate) fn completion(answer: &Value) -> Value {
    let none = Vec::new();
    let calls = answer["tool-calls"].as_array().unwrap_or(&none);
    let calls: Vec<Value> = calls
        .iter()
        .enumerate()
        .map(|(index, call)| {
            // Arguments that are a text are sent as they are, JSON or not.
            let arguments = call["arguments"]
                .as_str()
                .map_or_else(|| call["arguments"].to_string(), str::to_owned);
            json!({
                "id": format!("call_{index}"), "type": "function",
                "function": { "name": call["tool"], "arguments": arguments },
            })
        })
        .collect();
    let mut message = json!({ "role": "assistant", "content": answer["text"] });
    let finish = if calls.is_empty() {
        "stop"
    } else {
        "tool_calls"
    };
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    let usage = json!({ "prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110 });
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_741_569_952, "model": "m",
        "choices": [{ "index": 0, "message": message, "finish_reason": finish }],
        "usage": answer.get("usage").unwrap_or(&usage),
    })
}
