//! One exchange with the endpoint: an attempt, and further ones where waiting
//! may help.
//!
//! Asked again are: no connection, and 408, 409, 429 and 5xx. Not asked again
//! is whatever may have been answered and paid for already: an answer that
//! came too late or broke off.

use std::time::{Duration, SystemTime};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Response};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use super::answer::error_message;
use super::endpoint::Endpoint;
use super::patience::{Timeouts, retry_after};
use crate::{ModelError, Nonsense, Secret};

/// The largest answer that is read: 8 MiB.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// Everything that does not change from request to request.
#[derive(Clone)]
pub(super) struct Exchange {
    pub(super) client: Client,
    pub(super) endpoint: Endpoint,
    pub(super) key: Option<Secret>,
    pub(super) timeouts: Timeouts,
}

/// How an attempt failed, and whether another one may help.
struct Failed {
    error: ModelError,
    again: bool,
    /// How long the endpoint asks to wait.
    asked: Option<Duration>,
}

impl Failed {
    fn for_good(error: ModelError) -> Self {
        Self {
            error,
            again: false,
            asked: None,
        }
    }
}

impl Exchange {
    /// Sends the body until an answer comes or waiting no longer helps.
    pub(super) async fn send(
        &self,
        body: &Value,
        deadline: Option<Instant>,
    ) -> Result<String, ModelError> {
        let mut attempt = 1;
        loop {
            let failed = match self.attempt(body, attempt).await {
                Ok(text) => return Ok(text),
                Err(failed) => failed,
            };
            let wait = self.timeouts.wait(attempt, failed.asked, deadline);
            let Some(wait) = wait.filter(|_| failed.again) else {
                return Err(failed.error);
            };
            tracing::warn!(attempt, ?wait, error = %failed.error, "the model is asked again");
            sleep(wait).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, body: &Value, attempt: u32) -> Result<String, Failed> {
        let limit = self.timeouts.answer;
        match timeout(limit, self.once(body, attempt)).await {
            Ok(answer) => answer,
            Err(_) => Err(Failed::for_good(ModelError::TimedOut {
                endpoint: self.shown(),
                after: limit,
            })),
        }
    }

    async fn once(&self, body: &Value, attempt: u32) -> Result<String, Failed> {
        let mut request = self.client.post(self.endpoint.url()).json(body);
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, self.bearer(key)?);
        }
        let response = request.send().await.map_err(|error| self.unsent(error))?;
        let status = response.status().as_u16();
        let asked = retry_after(response.headers(), SystemTime::now());
        match status {
            200..=299 => self.text(response).await.map_err(Failed::for_good),
            300..=399 => Err(Failed::for_good(ModelError::Redirected {
                endpoint: self.shown(),
                status,
            })),
            401 | 403 => Err(Failed::for_good(ModelError::KeyRefused {
                endpoint: self.shown(),
                status,
            })),
            _ => {
                // Whatever can still be read of the reason.
                let text = self.text(response).await.unwrap_or_default();
                Err(self.refused(status, attempt, asked, &text))
            }
        }
    }

    fn bearer(&self, key: &Secret) -> Result<HeaderValue, Failed> {
        let text = zeroize::Zeroizing::new(format!("Bearer {}", key.expose()));
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            Failed::for_good(ModelError::Client {
                endpoint: self.shown(),
                why: "the key cannot stand in a header".to_owned(),
            })
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The whole body, as long as it is not too long.
    async fn text(&self, mut response: Response) -> Result<String, ModelError> {
        let is_html = response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        if is_html && response.status().is_success() {
            return Err(self.nonsense(Nonsense::Html));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.broken_off(error))?
        {
            if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
                let limit = MAX_ANSWER_BYTES;
                return Err(self.nonsense(Nonsense::TooLarge { limit }));
            }
            bytes.extend_from_slice(&chunk);
        }
        String::from_utf8(bytes).map_err(|_| {
            let why = "it is not UTF-8".to_owned();
            self.nonsense(Nonsense::NotJson { why })
        })
    }

    fn refused(&self, status: u16, attempt: u32, asked: Option<Duration>, text: &str) -> Failed {
        let endpoint = self.shown();
        let message = error_message(text, self.key.as_ref());
        if !matches!(status, 408 | 409 | 429 | 500..=599) {
            let cure = cure_for(status, text);
            return Failed::for_good(ModelError::Rejected {
                endpoint,
                status,
                message,
                cure,
            });
        }
        let error = ModelError::Busy {
            endpoint,
            status,
            attempts: attempt,
            retry_after: asked,
            message,
        };
        Failed {
            error,
            again: true,
            asked,
        }
    }

    fn unsent(&self, error: reqwest::Error) -> Failed {
        let again = error.is_connect();
        let why = self.why(error);
        let endpoint = self.shown();
        let error = if again {
            ModelError::Unreachable { endpoint, why }
        } else {
            ModelError::BrokenOff { endpoint, why }
        };
        Failed {
            error,
            again,
            asked: None,
        }
    }

    fn broken_off(&self, error: reqwest::Error) -> ModelError {
        ModelError::BrokenOff {
            endpoint: self.shown(),
            why: self.why(error),
        }
    }

    pub(super) fn nonsense(&self, what: Nonsense) -> ModelError {
        ModelError::Nonsense {
            endpoint: self.shown(),
            what,
        }
    }

    /// The innermost reason, without URL and key.
    fn why(&self, error: reqwest::Error) -> String {
        let error = error.without_url();
        let mut innermost: &dyn std::error::Error = &error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        let why = innermost.to_string();
        self.key
            .as_ref()
            .map_or_else(|| why.clone(), |key| key.scrub(&why))
    }

    fn shown(&self) -> String {
        self.endpoint.shown().to_owned()
    }
}

fn cure_for(status: u16, text: &str) -> &'static str {
    if text.contains("max_completion_tokens") || text.contains("max_tokens") {
        return "set the other `output-limit` (`max_tokens` or `max_completion_tokens`), or a smaller one";
    }
    if status == 413 || text.contains("context_length") || text.contains("context length") {
        return "give the agent less context, or choose a model that reads more";
    }
    match status {
        404 | 405 => "check `model` and `base-url`, which usually ends in `/v1`",
        402 => "check the account's balance",
        _ => "check `model`, and that it takes tools",
    }
}
