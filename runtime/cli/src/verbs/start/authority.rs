//! Where a run's authority comes from: the grants file and the words of the command line.

use crate::exit::{Fail, chain, lines};
use crate::render::{data, granted, refusal};
use crate::settings::Settings;
use clap::Args;
use minion_grants::{Allow, Date, GrantSources, GrantsError, GrantsFile, date_of_unix};
use minion_host::{AdmitError, Admitted, Inspected};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

#[derive(Args, Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Authority {
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
        self.grants.is_some() || !self.allow.is_empty() || self.allow_asked
    }

    /// The same with a path that holds in every folder.
    pub(crate) fn absolute(mut self, settings: &Settings) -> Self {
        let file = self.file(settings);
        if file.exists() {
            self.grants = Some(std::path::absolute(&file).unwrap_or(file));
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
        let (file, allow) = self.granted(by)?;
        let sources = GrantSources {
            file: file.as_ref(),
            allow: &allow,
            allow_asked: self.allow_asked,
            ceiling: None,
        };
        match minion_host::admit(inspected, &sources, today()) {
            Ok(admitted) => {
                if self.allow_asked && !by.json {
                    granted::granted(admitted.admission(), by.is_known());
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

    /// The grants file, if there is one, and the words of the command line.
    fn granted(&self, by: &Admitting<'_>) -> Result<(Option<GrantsFile>, Vec<Allow>), Fail> {
        let file = self.file(by.settings);
        let writable = [by.settings.runs(), by.repository.to_owned()];
        let file = if self.grants.is_some() || file.exists() {
            Some(GrantsFile::load(&file, &writable).map_err(|e| wrong(&e))?)
        } else {
            None
        };
        let allow = self.allow.iter().map(|text| Allow::parse(text));
        let allow = allow
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| Fail::usage(chain(&e)))?;
        Ok((file, allow))
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

/// The day, for grants that expire.
pub(crate) fn today() -> Date {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    date_of_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
