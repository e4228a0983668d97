//! Which model plays in agentic nodes: a cassette, an endpoint of the command line, or the
//! operator's `agents.toml`.

use crate::exit::{Fail, chain};
use crate::settings::Settings;
use clap::Args;
use minion_agents::{Cassette, Model, OpenAi, Price, Recorder, Secret, Timeouts};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The model of a run.
#[derive(Args, Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ModelArguments {
    /// Play a recorded model from this file: no key, no network
    #[arg(long, value_name = "FILE", conflicts_with_all = ["model_url", "record"])]
    cassette: Option<PathBuf>,
    /// With --cassette: a live tool result that differs from the recorded one is an error
    #[arg(long, requires = "cassette")]
    strict: bool,
    /// Base URL of an OpenAI-compatible endpoint, e.g. `https://api.openai.com/v1`
    #[arg(long, requires = "model", value_name = "URL")]
    model_url: Option<String>,
    /// Name of the model there
    #[arg(long, requires = "model_url", value_name = "NAME")]
    model: Option<String>,
    /// The environment variable that holds the key
    #[arg(long, requires = "model_url", value_name = "VARIABLE")]
    key_env: Option<String>,
    /// The operator's models, in place of $XDG_CONFIG_HOME/minion-rt/agents.toml
    #[arg(long, value_name = "FILE")]
    agents: Option<PathBuf>,
    /// Record the model's turns into this new file
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    record: Option<PathBuf>,
}

/// `agents.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentsFile {
    /// The model that `agent = { model = "default" }` means.
    default: Endpoint,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Endpoint {
    base_url: String,
    model: String,
    key_env: Option<String>,
    price: Option<Price>,
}

impl ModelArguments {
    /// Whether the command says anything of a model.
    pub(crate) fn is_named(&self) -> bool {
        self.cassette.is_some() || self.model_url.is_some() || self.agents.is_some()
    }

    /// The same with paths that hold in every folder.
    pub(crate) fn absolute(mut self) -> Self {
        for path in [&mut self.cassette, &mut self.agents].into_iter().flatten() {
            if let Ok(absolute) = std::path::absolute(&*path) {
                *path = absolute;
            }
        }
        self
    }

    /// The model, if one is named anywhere.
    pub(crate) fn model(&self, settings: &Settings) -> Result<Option<Arc<dyn Model>>, Fail> {
        if let Some(path) = &self.cassette {
            let cassette = Cassette::load(path).map_err(|e| Fail::usage(chain(&e)))?;
            return Ok(Some(Arc::new(cassette.strict(self.strict))));
        }
        let Some(endpoint) = self.endpoint(settings)? else {
            return Ok(None);
        };
        let live = open(&endpoint)?;
        match &self.record {
            None => Ok(Some(Arc::new(live))),
            Some(path) => {
                let recorder = Recorder::new(live, path).map_err(|e| Fail::usage(chain(&e)))?;
                Ok(Some(Arc::new(recorder)))
            }
        }
    }

    fn endpoint(&self, settings: &Settings) -> Result<Option<Endpoint>, Fail> {
        if let (Some(base_url), Some(model)) = (self.model_url.clone(), self.model.clone()) {
            return Ok(Some(Endpoint {
                base_url,
                model,
                key_env: self.key_env.clone(),
                price: None,
            }));
        }
        let path = self.agents.clone().unwrap_or_else(|| settings.agents());
        if self.agents.is_none() && !path.exists() {
            return Ok(None);
        }
        Ok(Some(read(&path)?.default))
    }
}

fn read(path: &Path) -> Result<AgentsFile, Fail> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Fail::usage(format!("`{}` cannot be read: {e}", path.display())))?;
    toml::from_str(&text).map_err(|e| Fail::usage(format!("`{}`: {e}", path.display())))
}

fn open(endpoint: &Endpoint) -> Result<OpenAi, Fail> {
    let key = endpoint.key_env.as_deref().map(key).transpose()?;
    let live = OpenAi::new(
        &endpoint.base_url,
        &endpoint.model,
        key,
        Timeouts::default(),
    )
    .map_err(|e| Fail::usage(chain(&e)))?;
    Ok(live.with_price(endpoint.price))
}

fn key(variable: &str) -> Result<Secret, Fail> {
    let value = std::env::var(variable).map_err(|_| {
        Fail::usage(format!(
            "the variable `{variable}` for the model's key is not set"
        ))
    })?;
    Secret::new(value).map_err(|e| Fail::usage(format!("the key in `{variable}`: {e}")))
}
