//! Which model plays in agentic nodes: a cassette, an endpoint of the command line, or the
//! operator's `agents.toml`. It is found out once, when a run begins; what is kept for a resume
//! is what was found, with the name of the key's variable and never the key.

use crate::exit::{Fail, chain};
use crate::settings::Settings;
use clap::Args;
use minion_agents::{Cassette, Model, OpenAi, Price, Recorder, Secret, Timeouts};
use minion_grants::{Digest, shown};
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
    /// What the cassette held when the run began.
    #[arg(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recorded: Option<Digest>,
    /// What its tokens cost, as `agents.toml` said.
    #[arg(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<Price>,
    /// Whether this is all there is to know: `agents.toml` was read, and is not asked again.
    #[arg(skip)]
    #[serde(default)]
    resolved: bool,
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

    /// The same with all that a resume needs, whatever the operator's files say by then.
    pub(crate) fn resolved(mut self, settings: &Settings) -> Result<Self, Fail> {
        if self.resolved {
            return Ok(self);
        }
        if let Some(cassette) = &mut self.cassette
            && let Ok(absolute) = std::path::absolute(&*cassette)
        {
            *cassette = absolute;
            // One that cannot be read is told of when it is played.
            self.recorded = std::fs::read(cassette).ok().map(|held| Digest::of(&held));
        } else if self.cassette.is_none()
            && let Some(endpoint) = self.endpoint(settings)?
        {
            self.model_url = Some(endpoint.base_url);
            self.model = Some(endpoint.model);
            (self.key_env, self.price) = (endpoint.key_env, endpoint.price);
        }
        (self.agents, self.resolved) = (None, true);
        Ok(self)
    }

    /// The model, if one is named anywhere.
    pub(crate) fn model(&self, settings: &Settings) -> Result<Option<Arc<dyn Model>>, Fail> {
        if let Some(path) = &self.cassette {
            self.same_cassette(path)?;
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

    /// A run goes on with the turns that it began with.
    fn same_cassette(&self, path: &Path) -> Result<(), Fail> {
        let Some(began) = self.recorded else {
            return Ok(());
        };
        let held = std::fs::read(path).ok().map(|held| Digest::of(&held));
        if held.is_none_or(|held| held == began) {
            return Ok(());
        }
        let path = shown(&path.display().to_string());
        Err(Fail::refused(format!(
            "the cassette `{path}` is not what it was when the run began; put it back, or begin anew from one of the \
             run's visits with `exec --fork` and --cassette"
        )))
    }

    fn endpoint(&self, settings: &Settings) -> Result<Option<Endpoint>, Fail> {
        if let (Some(base_url), Some(model)) = (self.model_url.clone(), self.model.clone()) {
            return Ok(Some(Endpoint {
                base_url,
                model,
                key_env: self.key_env.clone(),
                price: self.price,
            }));
        }
        if self.resolved {
            return Ok(None);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(home: &Path, agents: &str) -> Settings {
        let settings = Settings::beneath(home);
        std::fs::create_dir_all(settings.agents().parent().unwrap()).unwrap();
        std::fs::write(settings.agents(), agents).unwrap();
        settings
    }

    fn kept(model: &ModelArguments) -> ModelArguments {
        serde_json::from_value(serde_json::json!(model)).unwrap()
    }

    #[test]
    fn what_agents_toml_said_at_the_beginning_holds_whatever_it_says_later() {
        let home = tempfile::tempdir().unwrap();
        let one = "[default]\nbase-url = \"http://127.0.0.1:1/v1\"\nmodel = \"one\"\n\
                   price = { input = 1, output = 2 }\n";
        let settings = settings(home.path(), one);
        let model = ModelArguments::default().resolved(&settings).unwrap();
        let other = "[default]\nbase-url = \"http://127.0.0.1:2/v1\"\nmodel = \"two\"\n\
                     key-env = \"SOME_OTHER_SECRET\"\n";
        std::fs::write(settings.agents(), other).unwrap();
        let kept = kept(&model);
        assert_eq!(kept.model_url.as_deref(), Some("http://127.0.0.1:1/v1"));
        assert_eq!(kept.key_env, None);
        let model = kept.model(&settings).unwrap().unwrap();
        assert_eq!(model.label(), "one at 127.0.0.1");
        assert_eq!(model.price().map(|price| price.output), Some(2));
    }

    #[test]
    fn a_cassette_that_was_changed_since_is_not_played() {
        let home = tempfile::tempdir().unwrap();
        let settings = Settings::beneath(home.path());
        let file = home.path().join("turns.json");
        std::fs::write(&file, "{\"cassette\":1}").unwrap();
        let model = ModelArguments {
            cassette: Some(file.clone()),
            ..ModelArguments::default()
        };
        let kept = kept(&model.resolved(&settings).unwrap());
        assert!(kept.same_cassette(&file).is_ok());
        std::fs::write(&file, "{\"cassette\":1} ").unwrap();
        let why = kept.model(&settings).err().expect("is refused");
        assert!(why.message().contains("is not what it was"), "{why:?}");
    }

    #[test]
    fn a_run_that_began_without_a_model_is_given_none_later() {
        let home = tempfile::tempdir().unwrap();
        let none = Settings::beneath(home.path());
        let model = ModelArguments::default().resolved(&none).unwrap();
        let later = "[default]\nbase-url = \"http://127.0.0.1:2/v1\"\nmodel = \"two\"\n";
        let settings = settings(home.path(), later);
        assert!(kept(&model).model(&settings).unwrap().is_none());
    }
}
