//! Narrowing a grants file to what runs have used of it.
//!
//! In come the text of the file and what each run used; out comes a text that grants less, with
//! every change named. Whatever could have been used is kept: a pattern stays, or gives way to
//! narrower ones that it covers, where a use fits it; of every ask something stays granted, so
//! that the same runs are admitted. What is not understood is left as it stands, comments and
//! tables of others included.
//!
//! Not exercised is not the same as not needed: what comes out is a proposal.

mod edit;
mod paths;

#[cfg(test)]
#[path = "../tighten_tests.rs"]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml_edit::{DocumentMut, Table, TableLike};

use crate::{Ask, Capability, CommandPattern, GrantsError, GrantsFile};
use edit::Kept;

/// What a run used, by the part that used it.
#[derive(Debug, Clone, Default)]
pub struct RunUse {
    /// Name of the blueprint.
    pub blueprint: String,
    /// Digest of its component, `sha256:…`.
    pub digest: String,
    /// Its plugins: name and digest.
    pub plugins: Vec<(String, String)>,
    /// What each part asks.
    pub asks: BTreeMap<String, Vec<Ask>>,
    /// What each part did.
    pub uses: BTreeMap<String, Uses>,
    /// Whether its commands ran outside of any sandbox.
    pub unsandboxed: bool,
}

/// What was done. Paths are resolved and relative to the root, `""` is the root.
#[derive(Debug, Clone, Default)]
pub struct Uses {
    /// Files that were read.
    pub read: BTreeSet<String>,
    /// Folders whose entries, or everything beneath which, was looked at.
    pub looked: BTreeSet<String>,
    /// Files that were made, replaced or removed.
    pub written: BTreeSet<String>,
    /// Commands: program and arguments.
    pub commands: BTreeSet<Vec<String>>,
    /// Programs that were found to be there.
    pub programs: BTreeSet<String>,
    /// Tools that a model called.
    pub tools: BTreeSet<String>,
}

impl Uses {
    fn add(&mut self, other: &Self) {
        self.read.extend(other.read.iter().cloned());
        self.looked.extend(other.looked.iter().cloned());
        self.written.extend(other.written.iter().cloned());
        self.commands.extend(other.commands.iter().cloned());
        self.programs.extend(other.programs.iter().cloned());
        self.tools.extend(other.tools.iter().cloned());
    }
}

/// A narrower grants file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tightened {
    /// Its text; the same where nothing is narrower.
    pub text: String,
    /// What is narrower.
    pub changes: Vec<Narrowing>,
    /// Holders of grants that none of the runs used, which are left as they are.
    pub unused: Vec<String>,
}

/// One key of one grant that is narrower.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowing {
    /// Whose grant.
    pub holder: String,
    /// `files.write`.
    pub key: &'static str,
    /// What is gone.
    pub removed: Vec<String>,
    /// What stands in its place.
    pub added: Vec<String>,
}

/// A grants file that cannot be narrowed.
#[derive(Debug, thiserror::Error)]
pub enum TightenError {
    /// It is no grants file.
    #[error(transparent)]
    Grants(#[from] GrantsError),
    /// It is no TOML that can be edited.
    #[error("the grants file cannot be edited: {0}")]
    Edit(String),
}

/// Narrows the text of a grants file, which lies at `path`.
///
/// # Errors
/// When the text is no grants file; or, by a mistake of ours, the narrower one is none.
pub fn tighten(path: &Path, text: &str, runs: &[RunUse]) -> Result<Tightened, TightenError> {
    GrantsFile::check(path, text)?;
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| TightenError::Edit(crate::shown(error.message())))?;
    let (mut changes, mut unused) = (Vec::new(), Vec::new());
    let grants = document
        .get_mut("grant")
        .and_then(toml_edit::Item::as_array_of_tables_mut);
    for grant in grants
        .into_iter()
        .flat_map(toml_edit::ArrayOfTables::iter_mut)
    {
        let Some(used) = Granted::of(grant, runs) else {
            unused.push(holder(grant).1);
            continue;
        };
        changes.extend(used.narrow(grant));
    }
    let text = if changes.is_empty() {
        text.to_owned()
    } else {
        document.to_string()
    };
    GrantsFile::check(path, &text)?;
    Ok(Tightened {
        text,
        changes,
        unused,
    })
}

fn told<'t>(table: &'t dyn TableLike, key: &str) -> Option<&'t str> {
    table.get(key)?.as_str()
}

/// Whether the holder is a blueprint, and its name.
fn holder(grant: &Table) -> (bool, String) {
    match told(grant, "blueprint") {
        Some(name) => (true, name.to_owned()),
        None => (false, told(grant, "plugin").unwrap_or_default().to_owned()),
    }
}

/// What all runs that a grant was for used of it.
struct Granted {
    holder: String,
    asks: Vec<Ask>,
    uses: Uses,
    unsandboxed: bool,
}

impl Granted {
    /// None where it was for none of them.
    fn of(grant: &Table, runs: &[RunUse]) -> Option<Self> {
        let (blueprint, holder) = holder(grant);
        let digest = told(grant, "digest");
        let fits = |bytes: &str| digest.is_none_or(|digest| digest == bytes);
        let part_of = |run: &RunUse| {
            let mut plugins = run.plugins.iter();
            plugins.any(|(name, bytes)| *name == holder && fits(bytes))
        };
        let mut granted = Self {
            holder: holder.clone(),
            asks: Vec::new(),
            uses: Uses::default(),
            unsandboxed: false,
        };
        let mut any = false;
        for run in runs {
            let is_for = if blueprint {
                run.blueprint == holder && fits(&run.digest)
            } else {
                part_of(run)
            };
            if is_for {
                any = true;
                granted.add(run, blueprint);
            }
        }
        any.then_some(granted)
    }

    /// A blueprint's grant covers all parts of its file, a plugin's the plugin.
    fn add(&mut self, run: &RunUse, blueprint: bool) {
        let covered = |part: &String| blueprint || *part == self.holder;
        let asks = run.asks.iter().filter(|(part, _)| covered(part));
        let asks: Vec<_> = asks.flat_map(|(_, asks)| asks.clone()).collect();
        let mut uses = Uses::default();
        run.uses
            .iter()
            .filter(|(part, _)| covered(part))
            .for_each(|(_, used)| uses.add(used));
        self.asks.extend(asks);
        self.uses.add(&uses);
        self.unsandboxed |= run.unsandboxed;
    }

    fn narrow(&self, grant: &mut Table) -> Vec<Narrowing> {
        let files = [
            ("files", "read", "files.read", false),
            ("files", "write", "files.write", true),
        ];
        let mut changes = Vec::new();
        for (table, key, name, writes) in files {
            let kept = |texts: &[String]| paths::kept(texts, &self.uses, &self.asks, writes);
            changes.extend(self.list(grant, (table, key, name), kept));
        }
        let run = ("command", "run", "command.run");
        changes.extend(self.list(grant, run, |texts| self.commands(texts)));
        let tools = ("agent", "tools", "agent.tools");
        changes.extend(self.list(grant, tools, |texts| self.tools(texts)));
        for (table, key, name) in [
            ("command", "unsandboxed", "command.unsandboxed"),
            (
                "delivery",
                "accept-unsandboxed",
                "delivery.accept-unsandboxed",
            ),
        ] {
            changes.extend(self.flag(grant, table, key, name));
        }
        changes
    }

    /// Narrows one list, if it is one of texts.
    fn list(
        &self,
        grant: &mut Table,
        (table, key, name): (&str, &str, &'static str),
        kept: impl FnOnce(&[String]) -> Vec<Kept>,
    ) -> Option<Narrowing> {
        let array = grant.get_mut(table)?.as_table_like_mut()?;
        let array = array.get_mut(key)?.as_array_mut()?;
        let texts: Option<Vec<_>> = array
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect();
        let texts = texts?;
        let kept = kept(&texts);
        let (removed, added) = edit::apply(array, &texts, kept);
        (!removed.is_empty()).then(|| Narrowing {
            holder: self.holder.clone(),
            key: name,
            removed,
            added,
        })
    }

    fn flag(
        &self,
        grant: &mut Table,
        table: &str,
        key: &str,
        name: &'static str,
    ) -> Option<Narrowing> {
        let table = grant.get_mut(table)?.as_table_like_mut()?;
        let is_set = table.get(key)?.as_bool() == Some(true);
        if self.unsandboxed || !is_set {
            return None;
        }
        table.remove(key);
        Some(Narrowing {
            holder: self.holder.clone(),
            key: name,
            removed: vec!["true".to_owned()],
            added: Vec::new(),
        })
    }

    /// Patterns that some command fits; of a program that was only found, one; of an ask, one.
    fn commands(&self, texts: &[String]) -> Vec<Kept> {
        let patterns: Vec<Option<CommandPattern>> =
            texts.iter().map(|text| text.parse().ok()).collect();
        let runs = |pattern: &CommandPattern| {
            let mut commands = self.uses.commands.iter();
            commands.any(|words| matches!(words.split_first(), Some((program, rest)) if pattern.matches(program, rest)))
        };
        let mut keeps: Vec<bool> = patterns
            .iter()
            .map(|pattern| pattern.as_ref().is_none_or(runs))
            .collect();
        for program in &self.uses.programs {
            one_of(&patterns, &mut keeps, |pattern| {
                pattern.program() == program
            });
        }
        for ask in &self.asks {
            if let Capability::Command(ask) = &ask.capability {
                let meets =
                    |pattern: &CommandPattern| ask.run.iter().any(|asked| pattern.overlaps(asked));
                one_of(&patterns, &mut keeps, meets);
            }
        }
        keeps.into_iter().map(Kept::or_gone).collect()
    }

    /// Tools that a model called; all of them where it called none.
    fn tools(&self, texts: &[String]) -> Vec<Kept> {
        let used = |tool: &String| self.uses.tools.contains(tool);
        let any = texts.iter().any(used);
        texts
            .iter()
            .map(|tool| Kept::or_gone(!any || used(tool)))
            .collect()
    }
}

/// Keeps the first pattern of those that `wanted` takes, unless one of them is kept already.
fn one_of<P>(patterns: &[Option<P>], keeps: &mut [bool], wanted: impl Fn(&P) -> bool) {
    let takes = |at: &usize| patterns[*at].as_ref().is_some_and(&wanted);
    let fitting: Vec<usize> = (0..patterns.len()).filter(takes).collect();
    if let Some(first) = fitting.first()
        && !fitting.iter().any(|at| keeps[*at])
    {
        keeps[*first] = true;
    }
}
