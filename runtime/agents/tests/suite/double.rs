//! An OpenAI-compatible endpoint on loopback: real HTTP, answers that a test
//! wrote down.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::CONTENT_LENGTH;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use minion_agents::{OpenAi, Secret, Timeouts};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const KEY: &str = "sk-canary-0815-abcdef";

/// One answer of the double.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
}

#[derive(Clone)]
pub(crate) enum Body {
    Whole(String),
    /// A byte at a time, without end.
    Drip(Duration),
    /// 64 MiB of blanks.
    Flood,
    /// Says more than it sends.
    BrokenOff(String),
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::of(status, "application/json", Body::Whole(body.to_string()))
    }

    pub(crate) fn of(status: u16, kind: &str, body: Body) -> Self {
        Self {
            status,
            headers: vec![("content-type", kind.to_owned())],
            body,
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The error body that the official service sends.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        Self::json(
            status,
            &json!({ "error": { "message": message, "type": "server_error", "param": null, "code": null } }),
        )
    }

    /// A turn in the official shape.
    pub(crate) fn turn(text: Option<&str>, calls: &[(&str, &str, &str)]) -> Self {
        let calls: Vec<_> = calls
            .iter()
            .map(|(id, name, arguments)| {
                json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } })
            })
            .collect();
        let mut message =
            json!({ "role": "assistant", "content": text, "refusal": null, "annotations": [] });
        let finish_reason = if calls.is_empty() {
            "stop"
        } else {
            "tool_calls"
        };
        if !calls.is_empty() {
            message["tool_calls"] = calls.into();
        }
        Self::json(
            200,
            &json!({
                "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "object": "chat.completion",
                "created": 1_741_569_952, "model": "gpt-4.1-2025-04-14",
                "choices": [{ "index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason }],
                "usage": {
                    "prompt_tokens": 190, "completion_tokens": 10, "total_tokens": 200,
                    "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
                    "completion_tokens_details": { "reasoning_tokens": 0, "audio_tokens": 0 }
                },
                "service_tier": "default"
            }),
        )
    }
}

/// What the double was asked.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// The endpoint; gone when the test's runtime is.
pub(crate) struct Double {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Double {
    /// The last reply is given again and again.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(vec![]));
        let replies = Arc::new(Mutex::new(replies.into_iter().collect::<VecDeque<_>>()));
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (log, replies) = (Arc::clone(&log), Arc::clone(&replies));
                let service = service_fn(move |request| {
                    answer(request, Arc::clone(&log), Arc::clone(&replies))
                });
                let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(served);
            }
        });
        Self { address, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn model(&self) -> OpenAi {
        model_at(self.address)
    }
}

pub(crate) fn model_at(address: SocketAddr) -> OpenAi {
    let key = Secret::new(KEY).unwrap();
    OpenAi::new(
        &format!("http://{address}/v1"),
        "gpt-4.1",
        Some(key),
        quick(),
    )
    .unwrap()
}

/// Short enough to test with, long enough for a loaded machine.
pub(crate) fn quick() -> Timeouts {
    Timeouts {
        connect: Duration::from_secs(5),
        answer: Duration::from_secs(10),
        retries: 2,
        first_wait: Duration::from_millis(5),
    }
}

async fn answer(
    request: Request<Incoming>,
    log: Arc<Mutex<Vec<Asked>>>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
) -> Result<Response<UnsyncBoxBody<Bytes, Infallible>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    log.lock().unwrap().push(Asked {
        path: head.uri.to_string(),
        headers: head.headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    });
    let reply = {
        let mut replies = replies.lock().unwrap();
        let last = replies.len() == 1;
        if last {
            replies.front().cloned()
        } else {
            replies.pop_front()
        }
    };
    Ok(response(reply.expect("a double needs a reply")))
}

fn response(reply: Reply) -> Response<UnsyncBoxBody<Bytes, Infallible>> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    let body = match reply.body {
        Body::Whole(text) => Full::new(Bytes::from(text)).boxed_unsync(),
        Body::Drip(every) => endless(Bytes::from_static(b" "), every),
        Body::Flood => Full::new(Bytes::from(vec![b' '; 64 << 20])).boxed_unsync(),
        Body::BrokenOff(text) => {
            response = response.header(CONTENT_LENGTH, text.len() + 100);
            Full::new(Bytes::from(text)).boxed_unsync()
        }
    };
    response.body(body).unwrap()
}

fn endless(chunk: Bytes, every: Duration) -> UnsyncBoxBody<Bytes, Infallible> {
    let chunks = stream::unfold(chunk, move |chunk| async move {
        tokio::time::sleep(every).await;
        Some((Ok(Frame::data(chunk.clone())), chunk))
    });
    StreamBody::new(chunks).boxed_unsync()
}
