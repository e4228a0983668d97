//! What is left of a run's files: the trees in its own folder.

use crate::exit::Fail;
use crate::settings::Settings;
use crate::verbs::drive;
use minion_grants::shown;
use minion_host::{Recorded, RunError};
use minion_workspace::{Repository, RunStore, RunStoreError, TreeError, TreeId};
use std::path::{Path, PathBuf};

/// The folder of a run's objects, if it is still there.
pub(crate) fn folder(settings: &Settings, recorded: &Recorded) -> Result<PathBuf, Fail> {
    let run = recorded.run;
    let path = settings.runs().join(run.to_string()).join("objects.git");
    if path.is_dir() {
        return Ok(path);
    }
    Err(drive::failed(&RunError::Lost { run, path }))
}

/// The trees of a run, to look at; what is of its base is borrowed from its repository, which
/// may be in another place by now.
pub(crate) struct Trees<'a> {
    objects: RunStore,
    recorded: &'a Recorded,
    moved: bool,
}

impl<'a> Trees<'a> {
    pub(crate) fn open(
        settings: &Settings,
        recorded: &'a Recorded,
        moved: Option<&Path>,
    ) -> Result<Self, Fail> {
        let folder = folder(settings, recorded)?;
        let objects = match moved {
            Some(repository) => {
                let repository = Repository::open(repository);
                let repository = repository.map_err(|e| drive::failed(&e.into()))?;
                RunStore::open_for(&folder, &repository)
            }
            None => RunStore::open(&folder),
        };
        let moved = moved.is_some();
        let objects =
            objects.map_err(|error: RunStoreError| gone(recorded, moved, &error.into()))?;
        Ok(Self {
            objects,
            recorded,
            moved,
        })
    }

    /// What `look` finds in them.
    pub(crate) fn look<T>(
        &self,
        look: impl FnOnce(&RunStore) -> Result<T, TreeError>,
    ) -> Result<T, Fail> {
        look(&self.objects).map_err(|error| gone(self.recorded, self.moved, &error.into()))
    }
}

/// Where the repository is not any more, that is what is wrong, whatever else is said.
fn gone(recorded: &Recorded, moved: bool, error: &RunError) -> Fail {
    let named = Path::new(&recorded.started.repository);
    match Repository::open(named) {
        Err(why) if !moved => drive::failed(&RunError::Gone(why)),
        _ => drive::failed(error),
    }
}

/// A tree's id, as the journal has it.
pub(crate) fn tree(text: &str) -> Result<TreeId, Fail> {
    text.parse()
        .map_err(|_| Fail::refused(format!("`{}` is no tree", shown(text))))
}
