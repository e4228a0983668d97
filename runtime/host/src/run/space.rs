//! The run's folders: its workspace, the views that gates judge in, and what is taken from
//! them. Sandboxed commands write in here, so nothing in here is trusted: it is read by
//! handles that follow no link, and removed the same way.

use super::assemble::{Means, Run, RunError};
pub(super) use crate::outcome::Beside;
use crate::services::World;
use crate::view::{Keep, Place, Seen, View};
use minion_door::Halt;
use minion_grants::{ChangeKind, PathChange, SteeringChange, secret_looking, steering};
use minion_sandbox::Sandbox;
use minion_workspace::{Base, CheckoutOptions, Files, RunStore, TreeId, closed, discard};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The workspace of a run, holding `tree`: made anew, or set right where an earlier process
/// left one.
pub(super) fn workspace(
    means: &Means,
    objects: &RunStore,
    tree: TreeId,
    base: &Base,
) -> Result<View, RunError> {
    let (root, caches) = (means.folder.join("workspace"), means.folder.join("caches"));
    folder(&caches)?;
    let options = CheckoutOptions {
        base: Some(base.tree),
        ..options(&means.sandbox)
    };
    let checkout = objects.restore(tree, &root, options)?;
    let files = files(&root)?;
    let place = Place::Workspace(Box::new(Mutex::new(checkout)));
    let view = View::new(root, caches, files, place, Keep::All);
    Ok(view.holding(Seen::fresh(tree)))
}

pub(super) fn options(sandbox: &Sandbox) -> CheckoutOptions<'static> {
    CheckoutOptions {
        owner: sandbox.owner(),
        leave_out: &|path| secret_looking(path).is_some(),
        ..CheckoutOptions::default()
    }
}

fn files(root: &Path) -> Result<Files, RunError> {
    Files::open(root).map_err(|source| RunError::Folder {
        path: root.to_owned(),
        source,
    })
}

pub(super) fn folder(path: &Path) -> Result<(), RunError> {
    std::fs::create_dir_all(path).map_err(|source| RunError::Folder {
        path: path.to_owned(),
        source,
    })
}

/// The run's own folder, in which nobody else ever wrote. Commands of another user, which are
/// root's, pass through it.
pub(super) fn own_folder(means: &Means) -> Result<(), RunError> {
    Ok(closed(&means.folder, group(means))?)
}

/// Of commands, where it is not ours.
pub(super) fn group(means: &Means) -> Option<u32> {
    means.sandbox.owner().map(|(_, group)| group)
}

/// A checkout of `tree` for one command, with caches that nothing else has seen.
pub(crate) fn lay_out(
    world: &World,
    tree: TreeId,
    root: &Path,
    caches: &Path,
) -> Result<(), RunError> {
    clear(root)?;
    clear(caches)?;
    folder(caches)?;
    world
        .objects
        .checkout(tree, root, options(&world.sandbox))?;
    Ok(())
}

impl Run {
    /// Looks at the workspace again if anything may have changed it. A workspace that cannot
    /// be taken (too large, too many files) ends the run, not the host.
    pub(super) fn look(&mut self) -> Result<(), Halt> {
        let seen = self.view.look().map_err(Halt::Stopped)?;
        if Arc::ptr_eq(&seen, &self.seen) {
            return Ok(());
        }
        self.compare(&seen)
            .map_err(|why| Halt::Stopped(format!("the workspace cannot be taken: {why}")))?;
        self.seen = seen;
        Ok(())
    }

    /// What the run's tree is made of is on the disk before a record names it.
    pub(super) fn durable(&self) -> Result<(), Halt> {
        let synced = self.world()?.objects.sync();
        synced.map_err(|error| Halt::Stopped(error.to_string()))
    }

    fn compare(&mut self, seen: &Seen) -> Result<(), String> {
        let world = self.services.world().map_err(|e| e.to_string())?;
        let objects = &world.objects;
        let changes = objects
            .changes(self.base.tree, seen.tree)
            .map_err(|e| e.to_string())?;
        let links = [self.base.tree, seen.tree].map(|tree| objects.links(tree));
        let [before, after] = links;
        let (before, after) = (
            before.map_err(|e| e.to_string())?,
            after.map_err(|e| e.to_string())?,
        );
        let mut named: Vec<PathChange> = Vec::new();
        for change in &changes {
            let mut aliases = vec![change.path.clone()];
            aliases.extend(before.aliases(&change.path));
            aliases.extend(after.aliases(&change.path));
            let kind = kind(change.kind);
            named.extend(
                aliases
                    .into_iter()
                    .map(|path| PathChange { path, change: kind }),
            );
        }
        named.sort_by(|a, b| a.path.cmp(&b.path));
        named.dedup_by(|a, b| a.path == b.path);
        self.steering = steered(&named, &changes, &after.leaving().collect::<Vec<_>>());
        self.changes = named;
        self.tree = seen.tree;
        self.beside.ignored.clone_from(&seen.ignored);
        self.beside.refused.clone_from(&seen.refused);
        Ok(())
    }

    /// A fresh checkout of `tree` to be judged in. Caches belong to one gate alone and are
    /// filled by its run on the base: no plugin builds what another one trusts.
    pub(super) fn gate_view(
        &self,
        tree: TreeId,
        keep: Keep,
        caches: PathBuf,
    ) -> Result<Arc<View>, RunError> {
        let root = self.folder.join("gate").join("view");
        clear(&root)?;
        folder(&caches)?;
        let options = CheckoutOptions {
            base: Some(self.base.tree),
            ..options(&self.world()?.sandbox)
        };
        self.world()?.objects.checkout(tree, &root, options)?;
        let files = files(&root)?;
        Ok(Arc::new(View::new(
            root,
            caches,
            files,
            Place::Gate(tree),
            keep,
        )))
    }
}

/// What of the change can steer a verdict about it: by one of its aliases, or because it is a
/// link, which gives other files aliases that no rule knows.
fn steered(
    named: &[PathChange],
    changes: &[minion_workspace::Change],
    leaving: &[&str],
) -> Vec<SteeringChange> {
    let by_name = named
        .iter()
        .filter_map(|change| Some((change, steering(&change.path)?.why.to_owned())));
    let mut found: Vec<SteeringChange> = by_name
        .map(|(change, why)| SteeringChange {
            path: change.path.clone(),
            change: change.change,
            why,
        })
        .collect();
    let links = changes
        .iter()
        .filter(|change| change.after == Some(minion_workspace::FileKind::Symlink));
    found.extend(links.map(|link| SteeringChange {
        path: link.path.clone(),
        change: kind(link.kind),
        why: if leaving.contains(&link.path.as_str()) {
            "it is a link that leads out of the tree".to_owned()
        } else {
            "it is a link: it gives other files another name".to_owned()
        },
    }));
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found.dedup_by(|a, b| a.path == b.path);
    found
}

fn kind(kind: minion_workspace::ChangeKind) -> ChangeKind {
    match kind {
        minion_workspace::ChangeKind::Added => ChangeKind::Added,
        minion_workspace::ChangeKind::Modified => ChangeKind::Modified,
        minion_workspace::ChangeKind::Deleted => ChangeKind::Deleted,
    }
}

pub(super) fn clear(path: &Path) -> Result<(), RunError> {
    discard(path).map_err(|source| RunError::Folder {
        path: path.to_owned(),
        source,
    })
}
