//! The provider itself.

use std::fmt;

use async_trait::async_trait;
use reqwest::Client;
use reqwest::redirect::Policy;

use super::answer;
use super::body::body_of;
use super::endpoint::{Endpoint, EndpointError};
use super::exchange::Exchange;
use super::patience::Timeouts;
use crate::{Model, ModelError, Price, Secret, Turn, TurnRequest};

/// Why a provider cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The base URL cannot be used.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// No model was named.
    #[error("no model is named: set `model`")]
    NoModel,
    /// There is no TLS or the like.
    #[error("cannot set up HTTP: {0}")]
    Client(#[source] reqwest::Error),
}

/// A model behind an OpenAI-compatible endpoint.
#[derive(Clone)]
pub struct OpenAi {
    exchange: Exchange,
    model: String,
    price: Option<Price>,
    limit_field: &'static str,
    output_tokens: u64,
}

impl OpenAi {
    /// A model at a base URL such as `https://api.openai.com/v1`. Plain HTTP is
    /// taken to this machine only.
    pub fn new(
        base_url: &str,
        model: &str,
        key: Option<Secret>,
        timeouts: Timeouts,
    ) -> Result<Self, ProviderError> {
        Self::at(Endpoint::parse(base_url, false)?, model, key, timeouts)
    }

    /// As [`new`](Self::new), and plain HTTP to wherever: key and code are open
    /// to everybody on the way.
    pub fn over_plain_http(
        base_url: &str,
        model: &str,
        key: Option<Secret>,
        timeouts: Timeouts,
    ) -> Result<Self, ProviderError> {
        Self::at(Endpoint::parse(base_url, true)?, model, key, timeouts)
    }

    fn at(
        endpoint: Endpoint,
        model: &str,
        key: Option<Secret>,
        timeouts: Timeouts,
    ) -> Result<Self, ProviderError> {
        if model.trim().is_empty() {
            return Err(ProviderError::NoModel);
        }
        let client = Client::builder()
            .user_agent(concat!("minion-rt/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(timeouts.connect)
            .build()
            .map_err(ProviderError::Client)?;
        Ok(Self {
            exchange: Exchange {
                client,
                endpoint,
                key,
                timeouts,
            },
            model: model.to_owned(),
            price: None,
            limit_field: "max_completion_tokens",
            output_tokens: u64::MAX,
        })
    }

    /// What its tokens cost. Default: unknown.
    #[must_use]
    pub fn with_price(mut self, price: Option<Price>) -> Self {
        self.price = price;
        self
    }

    /// Bounds output with `max_tokens`, which older servers know, instead of
    /// `max_completion_tokens`.
    #[must_use]
    pub fn with_max_tokens(mut self) -> Self {
        self.limit_field = "max_tokens";
        self
    }

    /// Never asks for more output than this in one turn, for models that
    /// refuse larger numbers. Default: as much as the budget leaves.
    #[must_use]
    pub fn with_output_tokens(mut self, most: u64) -> Self {
        self.output_tokens = most;
        self
    }
}

impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi")
            .field("endpoint", &self.exchange.endpoint.shown())
            .field("model", &self.model)
            .field("key", &self.exchange.key)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Model for OpenAi {
    fn label(&self) -> String {
        format!("{} at {}", self.model, self.exchange.endpoint.host())
    }

    fn price(&self) -> Option<Price> {
        self.price
    }

    async fn turn(&self, request: &TurnRequest) -> Result<Turn, ModelError> {
        let most = request.max_output_tokens.min(self.output_tokens);
        let body = body_of(request, &self.model, self.limit_field, most);
        let text = self.exchange.send(&body, request.deadline).await?;
        let key = self.exchange.key.as_ref();
        answer::read(&text, key).map_err(|what| self.exchange.nonsense(what))
    }
}
