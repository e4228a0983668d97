//! `minion-rt exec`.

mod model;
mod request;
mod way;

use crate::exit::{BUG, Fail, REFUSED, chain, lines};
use crate::render::progress::Progress;
use crate::render::{granted, refusal, say, summary, talk};
use crate::settings::Settings;
use crate::verbs::build;
use clap::Args;
use minion_grants::{Allow, GrantSources, GrantsError, GrantsFile, NodeKind};
use minion_host::{AdmitError, Admitted, Engine, Loaded, RunError};
use std::path::{Path, PathBuf};

/// Runs a blueprint on a repository
///
/// Authority comes from a grants file and from --allow, never from the blueprint. Without
/// enough of it the command lists everything that is missing and exits with 3.
#[derive(Args)]
pub(crate) struct Exec {
    /// The blueprint: a .wasm file, or a folder of source, which is built first
    blueprint: PathBuf,
    /// The repository to work on, or a plain folder
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    repo: PathBuf,
    /// The commit or branch to start from [default: what is checked out]
    #[arg(long, value_name = "REVISION")]
    base: Option<String>,
    /// What to do, in your words
    #[arg(long, value_parser = request::task)]
    task: Option<String>,
    /// An input that the blueprint declares, `name=value`
    #[arg(long = "input", value_name = "NAME=VALUE")]
    inputs: Vec<String>,
    #[command(flatten)]
    authority: Authority,
    #[command(flatten)]
    model: model::ModelArguments,
    /// Demand this level of the sandbox, in place of the strongest that the machine gives
    #[arg(long, value_name = "LEVEL")]
    sandbox: Option<request::Walls>,
    /// Where journal, workspaces and compiled components are kept
    /// [default: $MINION_RT_STATE, else $XDG_DATA_HOME/minion-rt]
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
    /// Print the outcome as JSON, and no progress
    #[arg(long)]
    json: bool,
    /// Use no network when a blueprint is built from its source
    #[arg(long)]
    offline: bool,
}

#[derive(Args)]
struct Authority {
    /// The grants file, in place of $XDG_CONFIG_HOME/minion-rt/grants.toml
    #[arg(long, value_name = "FILE")]
    grants: Option<PathBuf>,
    /// Grant one thing for this run: 'files:read=src/**', 'files:write=src/**',
    /// 'command=cargo test *', 'agent=default', 'delivery=branch', 'require=std:lint',
    /// 'gates=none'
    #[arg(long, value_name = "GRANT")]
    allow: Vec<String>,
    /// Grant exactly what is asked, for this run, and print it
    #[arg(long)]
    allow_asked: bool,
}

/// What to do about a blueprint with an agent and nobody to play it.
const NO_MODEL: &str = "the blueprint has an agent, and no model is named for it: give --cassette, or --model-url and \
--model, or a `[default]` in agents.toml beside the grants";

/// What to do about an agent that nobody told anything.
const NO_TASK: &str = "the blueprint has an agent, and nobody says what it is to do: give --task, e.g. \
--task \"the parser drops the last line\"";

impl Exec {
    pub(crate) fn run(&self) -> Result<u8, Fail> {
        let settings = Settings::new(self.state.as_deref())?;
        let inspected =
            minion_host::inspect(self.load(&settings)?).map_err(|e| Fail::refused(lines(&e)))?;
        let (file, allow) = self.granted(&settings)?;
        let sources = GrantSources {
            file: file.as_ref(),
            allow: &allow,
            allow_asked: self.authority.allow_asked,
            ceiling: None,
        };
        let admitted = match minion_host::admit(inspected, &sources, request::today()) {
            Ok(admitted) => admitted,
            Err(AdmitError::Refused(refused)) => {
                if self.json {
                    say(&refusal::as_json(&refused).to_string());
                } else {
                    let cure = refusal::Cure {
                        file: &self.grants_file(&settings),
                        component: &self.blueprint,
                        asked: self.authority.allow_asked,
                    };
                    refusal::refused(&refused, &cure);
                }
                return Ok(REFUSED);
            }
            Err(error) => return Err(Fail::refused(chain(&error))),
        };
        if self.authority.allow_asked && !self.json {
            granted::granted(admitted.admission());
        }
        self.go(admitted, &settings)
    }

    /// The file as it is, or the folder as this command builds it.
    fn load(&self, settings: &Settings) -> Result<Loaded, Fail> {
        if !self.blueprint.is_dir() {
            return minion_host::load(&self.blueprint).map_err(|e| Fail::usage(chain(&e)));
        }
        if !self.json {
            talk(&format!("building {}", self.blueprint.display()));
        }
        let built = build::build(&self.blueprint, Some(settings), self.offline, true)?;
        if !self.json {
            talk(&format!(
                "built  {}  {}",
                self.blueprint.display(),
                built.bundle.digest
            ));
        }
        Ok(Loaded::built(built.wasm, &self.blueprint))
    }

    fn grants_file(&self, settings: &Settings) -> PathBuf {
        let named = self.authority.grants.clone();
        named.unwrap_or_else(|| settings.grants())
    }

    /// The grants file, if there is one, and the words of the command line.
    fn granted(&self, settings: &Settings) -> Result<(Option<GrantsFile>, Vec<Allow>), Fail> {
        let file = self.grants_file(settings);
        let writable = [settings.runs(), top(&self.repo)];
        let file = if self.authority.grants.is_some() || file.exists() {
            Some(GrantsFile::load(&file, &writable).map_err(|e| wrong(&e))?)
        } else {
            None
        };
        let allow = self.authority.allow.iter().map(|text| Allow::parse(text));
        let allow = allow
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| Fail::usage(chain(&e)))?;
        Ok((file, allow))
    }

    fn go(&self, admitted: Admitted, settings: &Settings) -> Result<u8, Fail> {
        let agentic = admitted
            .graph()
            .nodes
            .iter()
            .any(|node| node.kind == NodeKind::Agentic);
        if agentic && self.task.is_none() {
            return Err(Fail::usage(NO_TASK));
        }
        let request = self.request(settings, &admitted)?;
        if agentic && request.model.is_none() && !self.json {
            talk(&format!("note   {NO_MODEL}"));
        }
        let engine = Engine::new(Some(&settings.compiled())).map_err(|e| Fail::usage(chain(&e)))?;
        let linked = minion_host::link(admitted, &engine).map_err(|e| Fail::refused(chain(&e)))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(Fail::bug)?;
        let whole = top(&self.repo);
        let inside = is_inside(&self.repo, &whole).then(|| whole.clone());
        let progress = Progress::new(self.json, inside);
        let finished = runtime
            .block_on(minion_host::run(linked, request, &progress))
            .map_err(|error| failed(&error))?;
        if self.json {
            let mut outcome = finished.to_json();
            outcome["repository"] = whole.display().to_string().into();
            say(&outcome.to_string());
        } else {
            summary::summary(&finished);
        }
        Ok(finished.outcome.exit_code())
    }
}

/// A file that cannot be read is a mistake, one that others may have written is refused.
fn wrong(error: &GrantsError) -> Fail {
    if error.is_distrust() {
        Fail::refused(lines(error))
    } else {
        Fail::usage(lines(error))
    }
}

fn failed(error: &RunError) -> Fail {
    match error.exit_code() {
        BUG => Fail::bug(chain(error)),
        crate::exit::STOPPED => Fail::stopped(chain(error)),
        REFUSED => Fail::refused(chain(error)),
        _ => Fail::usage(chain(error)),
    }
}

/// The repository's top as far as it can be told before it is opened.
fn top(path: &Path) -> PathBuf {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let found = path.ancestors().find(|folder| folder.join(".git").exists());
    found.unwrap_or(&path).to_owned()
}

/// Whether a folder lies in a repository without being its top.
fn is_inside(path: &Path, top: &Path) -> bool {
    path.canonicalize().is_ok_and(|path| path != top)
}
