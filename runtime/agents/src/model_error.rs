//! Why a model gave no turn. Every message names the thing and the cure; none
//! holds a key.

use std::time::Duration;

use crate::{CassetteError, Fatal};

/// Why a model gave no turn.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// No connection.
    #[error(
        "cannot reach the model at `{endpoint}`: {why}; check that it runs and that `base-url` is right"
    )]
    Unreachable {
        /// Scheme, host, port and path.
        endpoint: String,
        /// What the connection met.
        why: String,
    },
    /// The connection broke in the middle.
    #[error("the model at `{endpoint}` broke off its answer: {why}; run again")]
    BrokenOff {
        /// Scheme, host, port and path.
        endpoint: String,
        /// What the connection met.
        why: String,
    },
    /// No complete answer in time.
    #[error(
        "the model at `{endpoint}` gave no complete answer within {after:?}; raise the provider's timeout or choose a faster model"
    )]
    TimedOut {
        /// Scheme, host, port and path.
        endpoint: String,
        /// How long it had.
        after: Duration,
    },
    /// The key was refused. What the endpoint said is left out: it may hold part of the key.
    #[error("`{endpoint}` refused the key ({status}); set a key that is valid there")]
    KeyRefused {
        /// Scheme, host, port and path.
        endpoint: String,
        /// 401 or 403.
        status: u16,
    },
    /// The endpoint points elsewhere; it is not followed.
    #[error(
        "`{endpoint}` redirects ({status}), which is not followed; put the final address into `base-url`"
    )]
    Redirected {
        /// Scheme, host, port and path.
        endpoint: String,
        /// 3xx.
        status: u16,
    },
    /// Still busy or failing after every retry, or the wait asked for is too long.
    #[error("`{endpoint}` still answers {status} at attempt {attempts}{}: {message}; wait, or choose another model", wait(*.retry_after))]
    Busy {
        /// Scheme, host, port and path.
        endpoint: String,
        /// The last status.
        status: u16,
        /// How often it was tried.
        attempts: u32,
        /// How long the endpoint asked to wait, when it did.
        retry_after: Option<Duration>,
        /// What it said, shortened and scrubbed.
        message: String,
    },
    /// The endpoint does not take the request.
    #[error("`{endpoint}` does not take the request ({status}): {message}; {cure}")]
    Rejected {
        /// Scheme, host, port and path.
        endpoint: String,
        /// 4xx.
        status: u16,
        /// What it said, shortened and scrubbed.
        message: String,
        /// What to do.
        cure: &'static str,
    },
    /// The answer is not what the protocol says.
    #[error("`{endpoint}` answered nonsense: {what}")]
    Nonsense {
        /// Scheme, host, port and path.
        endpoint: String,
        /// In which way.
        what: Nonsense,
    },
    /// A cassette cannot answer.
    #[error(transparent)]
    Cassette(#[from] CassetteError),
    /// The client could not be used at all.
    #[error("cannot ask `{endpoint}`: {why}; this is a fault of the set-up here")]
    Client {
        /// Scheme, host, port and path.
        endpoint: String,
        /// What the client says.
        why: String,
    },
    /// What an earlier process of the same run was told, read from its journal.
    #[error("{0}")]
    Recorded(String),
    /// A fault of the host around the model.
    #[error(transparent)]
    Host(#[from] Fatal),
}

/// In which way an answer is not what the protocol says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Nonsense {
    /// A web page.
    #[error("a web page; `base-url` must name the API, which usually ends in `/v1`")]
    Html,
    /// No JSON, or only the beginning of it.
    #[error("not JSON ({why}); the answer was cut short or the endpoint is not OpenAI-compatible")]
    NotJson {
        /// What the parser says.
        why: String,
    },
    /// JSON of another shape.
    #[error(
        "JSON without what chat completions have ({why}); use an endpoint that is OpenAI-compatible"
    )]
    Shape {
        /// What is missing or of the wrong type.
        why: String,
    },
    /// A call that cannot be answered.
    #[error("tool call {index} {why}; use a model and server that support tool calls")]
    ToolCall {
        /// From 0.
        index: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// More bytes than are read.
    #[error("more than {limit} bytes; ask for less output or use another endpoint")]
    TooLarge {
        /// The bound.
        limit: usize,
    },
}

impl ModelError {
    /// A stable name of the failure.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "model-unreachable",
            Self::BrokenOff { .. } => "model-broke-off",
            Self::TimedOut { .. } => "model-timed-out",
            Self::KeyRefused { .. } => "model-key-refused",
            Self::Redirected { .. } => "model-redirected",
            Self::Busy { .. } => "model-busy",
            Self::Rejected { .. } => "model-rejected",
            Self::Nonsense { .. } => "model-nonsense",
            Self::Client { .. } => "model-client",
            Self::Cassette(error) => error.code(),
            Self::Recorded(_) => "model-failed-before",
            Self::Host(_) => "host-fault",
        }
    }
}

fn wait(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |wait| format!(", which asks to wait {wait:?}"))
}
