//! The run's folders: its workspace, the views that gates judge in, and what is taken from
//! them. Sandboxed commands write in here, so nothing in here is trusted: it is read by
//! handles that follow no link, and removed the same way.

use super::prepare::{Run, RunError, RunRequest};
pub(super) use crate::outcome::Beside;
use crate::services::Services;
use crate::view::{Keep, Place, View};
use minion_door::Halt;
use minion_grants::{ChangeKind, Digest, PathChange, SteeringChange, secret_looking, steering};
use minion_sandbox::Sandbox;
use minion_workspace::{Base, CheckoutOptions, Files, RunStore, TreeId, discard};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The workspace of a run.
pub(super) fn workspace(
    request: &RunRequest,
    objects: &RunStore,
    base: &Base,
) -> Result<View, RunError> {
    let (root, caches) = (
        request.folder.join("workspace"),
        request.folder.join("caches"),
    );
    folder(&caches)?;
    let checkout = objects.checkout(base.tree, &root, options(&request.sandbox))?;
    let files = files(&root)?;
    Ok(View::new(
        root,
        caches,
        files,
        Place::Workspace(Box::new(Mutex::new(checkout))),
        Keep::All,
    ))
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

/// A checkout of `tree` for one command, with caches that nothing else has seen.
pub(crate) fn lay_out(
    services: &Services,
    tree: TreeId,
    root: &Path,
    caches: &Path,
) -> Result<(), RunError> {
    clear(root)?;
    clear(caches)?;
    folder(caches)?;
    services
        .objects
        .checkout(tree, root, options(&services.sandbox))?;
    Ok(())
}

impl Run {
    /// Looks at the workspace again if anything may have changed it. A workspace that cannot
    /// be taken (too large, too many files) ends the run, not the host.
    pub(super) fn look(&mut self) -> Result<(), Halt> {
        if !self.view.take_touched() {
            return Ok(());
        }
        self.take()
            .map_err(|why| Halt::Stopped(format!("the workspace cannot be taken: {why}")))
    }

    fn take(&mut self) -> Result<(), String> {
        let Place::Workspace(checkout) = &self.view.place else {
            return Ok(());
        };
        let snapshot = checkout
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .snapshot()
            .map_err(|e| e.to_string())?;
        let objects = &self.services.objects;
        let changes = objects
            .changes(self.base.tree, snapshot.tree)
            .map_err(|e| e.to_string())?;
        let links = [self.base.tree, snapshot.tree].map(|tree| objects.links(tree));
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
        self.tree = snapshot.tree;
        self.beside.ignored = snapshot.ignored;
        self.beside.refused = snapshot
            .refused
            .iter()
            .map(|left| format!("{}: {}", left.path, left.why))
            .collect();
        Ok(())
    }

    /// A fresh checkout of `tree` to be judged in. Caches belong to one gate alone and are
    /// filled by its run on the base: no plugin builds what another one trusts.
    pub(super) fn gate_view(
        &self,
        tree: TreeId,
        keep: Keep,
        gate: &Digest,
    ) -> Result<Arc<View>, RunError> {
        let folder_of_gate = self.folder.join("gate");
        let root = folder_of_gate.join("view");
        let caches = folder_of_gate.join("caches").join(&gate.hex()[..16]);
        clear(&root)?;
        folder(&caches)?;
        let options = CheckoutOptions {
            base: Some(self.base.tree),
            ..options(&self.services.sandbox)
        };
        self.services.objects.checkout(tree, &root, options)?;
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
