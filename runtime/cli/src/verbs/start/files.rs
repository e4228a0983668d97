//! The operator's files: the grants and the ceiling.

use crate::exit::{Fail, lines};
use crate::settings::Settings;
use minion_grants::{Ceiling, GrantsError, GrantsFile};
use std::path::{Path, PathBuf};

/// What of them there is.
pub(crate) struct Files {
    pub(crate) grants: Option<GrantsFile>,
    pub(crate) ceiling: Option<Ceiling>,
}

impl Files {
    /// Reads those that are named, and those that stand in their usual place. One that lies
    /// where runs write, in the folder of runs or in the repository, is refused.
    pub(crate) fn read(
        (grants, ceiling): (Option<&Path>, Option<&Path>),
        settings: &Settings,
        repository: Option<&Path>,
    ) -> Result<Self, Fail> {
        let writable: Vec<PathBuf> = std::iter::once(settings.runs())
            .chain(repository.map(Path::to_owned))
            .collect();
        let found = |named: Option<&Path>, usual: PathBuf| match named {
            Some(named) => Some(named.to_owned()),
            None => usual.exists().then_some(usual),
        };
        let grants = found(grants, settings.grants());
        let grants = grants.map(|file| GrantsFile::load(&file, &writable));
        let ceiling = found(ceiling, settings.ceiling());
        let ceiling = ceiling.map(|file| Ceiling::load(&file, &writable));
        Ok(Self {
            grants: grants.transpose().map_err(|e| wrong(&e))?,
            ceiling: ceiling.transpose().map_err(|e| wrong(&e))?,
        })
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
