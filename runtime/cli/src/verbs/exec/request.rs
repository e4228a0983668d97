//! From the command's words to a run request: sandbox, journal, folders.

use super::{Exec, way};
use crate::exit::{Fail, chain};
use crate::settings::Settings;
use clap::ValueEnum;
use minion_grants::{Admission, Date, PartName, date_of_unix, shown};
use minion_host::{Admitted, Budget, RunRequest};
use minion_journal::{IdSource, SqliteStore, SystemClock, SystemIds};
use minion_sandbox::{Level, Sandbox, Toolchains};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

impl Exec {
    pub(super) fn request(
        &self,
        settings: &Settings,
        admitted: &Admitted,
    ) -> Result<RunRequest, Fail> {
        let declared = &admitted.inspected().bundle().manifest.inputs;
        let inputs = inputs(&self.inputs, declared)?;
        // Not the path on disk: an upgrade may replace that while a run goes on.
        let stage = PathBuf::from("/proc/self/exe");
        let sandbox = match self.sandbox {
            Some(walls) => Sandbox::at(walls.level(), stage)
                .map_err(|unavailable| Fail::refused(chain(&unavailable)))?,
            None => strongest(stage, admitted.admission())?,
        };
        way::open(settings.state(), &sandbox).map_err(|e| {
            Fail::usage(format!(
                "`{}` cannot be used: {e}",
                settings.state().display()
            ))
        })?;
        let store = SqliteStore::open(settings.journal()).map_err(|e| Fail::usage(chain(&e)))?;
        let clock = Arc::new(SystemClock);
        let run = SystemIds.next(minion_journal::Clock::now(&*clock));
        Ok(RunRequest {
            repository: self.repo.clone(),
            base: self.base.clone(),
            task: self.task.clone().unwrap_or_default(),
            inputs,
            model: self.model.model(settings)?,
            sandbox,
            toolchains: Toolchains::discover(),
            store: Arc::new(store),
            clock,
            folder: settings.runs().join(run.to_string()),
            run,
            budget: Budget::default(),
        })
    }
}

/// The levels that a command can demand. It demands walls, never their absence: that takes a
/// grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Walls {
    /// Namespaces, Landlock and seccomp; refused where the machine does not give them
    Full,
    /// Landlock and seccomp alone, also where the machine gives more
    Basic,
}

impl Walls {
    fn level(self) -> Level {
        match self {
            Self::Full => Level::Full,
            Self::Basic => Level::Basic,
        }
    }
}

/// A task says something.
pub(super) fn task(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("say what to do, e.g. --task \"the parser drops the last line\"".to_owned());
    }
    Ok(text.to_owned())
}

/// The inputs by name, each once and each declared by the blueprint.
fn inputs(
    texts: &[String],
    declared: &BTreeMap<PartName, String>,
) -> Result<BTreeMap<String, String>, Fail> {
    let mut inputs = BTreeMap::new();
    for text in texts {
        let (name, value) = text
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| {
                Fail::usage(format!("the input `{}` is not `name=value`", shown(text)))
            })?;
        if !declared.keys().any(|known| known.as_str() == name) {
            return Err(Fail::usage(unknown(name, declared)));
        }
        if inputs.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(Fail::usage(format!("the input `{name}` is given twice")));
        }
    }
    Ok(inputs)
}

fn unknown(name: &str, declared: &BTreeMap<PartName, String>) -> String {
    let name = shown(name);
    if declared.is_empty() {
        return format!("the blueprint takes no input `{name}`: it declares none");
    }
    let known = declared
        .iter()
        .map(|(name, says)| format!("\n  {name}  {}", shown(says)));
    format!(
        "the blueprint takes no input `{name}`; it takes{}",
        known.collect::<String>()
    )
}

/// The strongest sandbox of this machine. Where there is none, commands run without one only
/// when the grants of every part say so, and the evidence says it too.
fn strongest(stage: PathBuf, admission: &Admission) -> Result<Sandbox, Fail> {
    let unavailable = match Sandbox::probe(stage.clone()) {
        Ok(sandbox) => return Ok(sandbox),
        Err(unavailable) => unavailable,
    };
    let parts = admission.parts().iter();
    if parts
        .map(|part| admission.authority(part.name(), None))
        .all(|part| part.unsandboxed())
    {
        return Sandbox::at(Level::Unsandboxed, stage).map_err(|e| Fail::refused(chain(&e)));
    }
    Err(Fail::refused(chain(&unavailable)))
}

/// The day, for grants that expire.
pub(super) fn today() -> Date {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    date_of_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(names: &[&str]) -> BTreeMap<PartName, String> {
        let entry = |name: &&str| (name.parse().unwrap(), "what it says".to_owned());
        names.iter().map(entry).collect()
    }

    fn told(texts: &[&str], names: &[&str]) -> String {
        let texts: Vec<_> = texts.iter().map(ToString::to_string).collect();
        format!("{:?}", inputs(&texts, &declared(names)))
    }

    #[test]
    fn an_input_that_nobody_declared_is_refused_with_those_that_are() {
        let wrong = told(&["mdoe=1"], &["mode", "scope"]);
        for word in ["`mdoe`", "mode  what it says", "scope  what it says"] {
            assert!(wrong.contains(word), "{wrong}");
        }
        let none = told(&["mode=1"], &[]);
        assert!(none.contains("declares none"), "{none}");
    }

    #[test]
    fn a_declared_input_is_taken_once() {
        assert_eq!(told(&["mode=a=b"], &["mode"]), "Ok({\"mode\": \"a=b\"})");
        assert!(told(&["mode=1", "mode=2"], &["mode"]).contains("given twice"));
        assert!(told(&["mode"], &["mode"]).contains("name=value"));
    }

    #[test]
    fn a_task_of_spaces_says_nothing() {
        for empty in ["", " ", "\t\n"] {
            assert!(task(empty).unwrap_err().contains("--task"));
        }
        assert_eq!(task(" mend it").unwrap(), " mend it");
    }
}
