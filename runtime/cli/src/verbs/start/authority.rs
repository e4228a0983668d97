//! Where a run's authority comes from: the grants file and the words of the command line.

use super::earlier::RunsMade;
use super::files::Files;
use crate::exit::{Fail, chain};
use crate::render::{data, granted, refusal};
use crate::settings::Settings;
use clap::Args;
use minion_grants::{Allow, Date, GrantSources, date_of_unix};
use minion_host::{AdmitError, Admitted, Inspected};
use minion_journal::RunId;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

#[derive(Args, Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Authority {
    /// The grants file, in place of $XDG_CONFIG_HOME/minion-rt/grants.toml
    #[arg(long, value_name = "FILE")]
    grants: Option<PathBuf>,
    /// The most that may be granted, in place of $XDG_CONFIG_HOME/minion-rt/ceiling.toml
    #[arg(long, value_name = "FILE")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ceiling: Option<PathBuf>,
    /// Grant one thing for this run: 'files:read=src/**', 'files:write=src/**',
    /// 'command=cargo test *', 'http=GET https://api.example.com/v1/**',
    /// 'http:private=GET http://127.0.0.1:8080/**', 'agent=default', 'delivery=branch',
    /// 'require=std:lint', 'gates=none'
    #[expect(clippy::doc_markdown, reason = "the help shows it as it is typed")]
    #[arg(long, value_name = "GRANT")]
    allow: Vec<String>,
    /// Grant exactly what is asked, for this run, and print it
    #[arg(long)]
    allow_asked: bool,
}

/// What is granted to another version besides.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct More {
    /// With --with: the grants file from now on
    #[arg(long, value_name = "FILE", requires = "with")]
    grants: Option<PathBuf>,
    /// With --with: grant this, too, as `exec --allow` does; --allow-asked grants what the
    /// version asked that it was given for, and no more
    #[arg(long, value_name = "GRANT", requires = "with")]
    allow: Vec<String>,
}

/// What is held against the grants, and how the answer is told.
pub(crate) struct Admitting<'a> {
    pub(crate) settings: &'a Settings,
    /// The repository's top: no grants file lies beneath it.
    pub(crate) repository: &'a Path,
    /// The component, where the command names one.
    pub(crate) component: Option<&'a Path>,
    /// The run that goes on, if none begins.
    pub(crate) resumed: Option<&'a str>,
    pub(crate) json: bool,
    /// The version that the words were given for, where it is not this one.
    pub(crate) before: Option<&'a Inspected>,
    /// The run that goes on, where one does: it is not counted once more.
    pub(crate) run: Option<RunId>,
}

impl Admitting<'_> {
    /// Whether a run goes on with what was admitted, and told, when it began.
    fn is_known(&self) -> bool {
        self.resumed.is_some() && self.component.is_none()
    }
}

impl Authority {
    /// Whether the command says anything of authority.
    pub(crate) fn is_named(&self) -> bool {
        self.grants.is_some()
            || self.ceiling.is_some()
            || !self.allow.is_empty()
            || self.allow_asked
    }

    /// Whether it grants what is asked, whatever that is.
    pub(crate) fn is_asked(&self) -> bool {
        self.allow_asked
    }

    /// The same with more words, for a version that asks for more.
    pub(crate) fn and(mut self, more: &More) -> Self {
        if let Some(file) = &more.grants {
            let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
            self.grants = Some(file);
        }
        self.allow.extend(more.allow.iter().cloned());
        self
    }

    /// The same with a path that holds in every folder.
    pub(crate) fn absolute(mut self, settings: &Settings) -> Self {
        let file = self.file(settings);
        if file.exists() {
            self.grants = Some(std::path::absolute(&file).unwrap_or(file));
        }
        let ceiling = self.ceiling.clone().unwrap_or_else(|| settings.ceiling());
        if ceiling.exists() {
            self.ceiling = Some(std::path::absolute(&ceiling).unwrap_or(ceiling));
        }
        self
    }

    fn file(&self, settings: &Settings) -> PathBuf {
        self.grants.clone().unwrap_or_else(|| settings.grants())
    }

    /// The component with what it was granted; none when it was refused, which has then been
    /// told.
    pub(crate) fn admit(
        &self,
        inspected: Inspected,
        by: &Admitting<'_>,
    ) -> Result<Option<Admitted>, Fail> {
        let files = Files::read(
            (self.grants.as_deref(), self.ceiling.as_deref()),
            by.settings,
            Some(by.repository),
        )?;
        let allow = self.allowed()?;
        let earlier = RunsMade::new(by.settings, by.run);
        let before = by.before.and_then(minion_host::subject);
        let sources = GrantSources {
            file: files.grants.as_ref(),
            allow: &allow,
            allow_asked: self.allow_asked,
            ceiling: files.ceiling.as_ref(),
            earlier: Some(&earlier),
            before: before.as_ref(),
        };
        match minion_host::admit(inspected, &sources, today()) {
            Ok(admitted) => {
                if self.allow_asked && !by.json {
                    granted::granted(admitted.admission(), by.is_known());
                }
                if !by.json {
                    granted::approved(admitted.admission());
                }
                Ok(Some(admitted))
            }
            Err(AdmitError::Refused(refused)) if by.json => {
                data(&refusal::as_json(&refused).to_string());
                Ok(None)
            }
            Err(AdmitError::Refused(refused)) => {
                let cure = refusal::Cure {
                    file: &self.file(by.settings),
                    component: by.component,
                    asked: self.allow_asked,
                    resumed: by.resumed,
                };
                refusal::refused(&refused, &cure);
                Ok(None)
            }
            Err(error) => Err(Fail::refused(chain(&error))),
        }
    }

    fn allowed(&self) -> Result<Vec<Allow>, Fail> {
        let allow = self.allow.iter().map(|text| Allow::parse(text));
        allow
            .collect::<Result<_, _>>()
            .map_err(|e| Fail::usage(chain(&e)))
    }
}

/// The day, for grants that expire.
pub(crate) fn today() -> Date {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    date_of_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
