//! Where a caller's files live: the run's workspace, or the fresh checkout of a gate.

use minion_door::Failure;
use minion_sandbox::{Invocation, Overlay, Spec};
use minion_workspace::{Checkout, Files, TreeId};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// What is at the root.
pub(crate) enum Place {
    /// The run's own checkout; it may be written where granted.
    Workspace(Box<Mutex<Checkout>>),
    /// A checkout of one tree for one judgement.
    Gate(TreeId),
    /// No folder at all: in a replay every answer is in the journal.
    Nowhere,
}

/// What a workspace was when it was last looked at.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) tree: TreeId,
    /// Untracked files that the ignore rules of the base leave out.
    pub(crate) ignored: Vec<String>,
    /// What no tree takes: git folders, pipes, aliases that are not UTF-8.
    pub(crate) refused: Vec<String>,
}

impl Seen {
    /// A checkout that nobody has touched.
    pub(crate) fn fresh(tree: TreeId) -> Arc<Self> {
        Arc::new(Self {
            tree,
            ignored: Vec::new(),
            refused: Vec::new(),
        })
    }
}

/// What becomes of what commands write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Files and caches stay.
    All,
    /// Caches stay, to be the seed of later views; files do not.
    Seed,
    /// Nothing stays, not even from one command to the next.
    Discard,
}

/// Where one command stands: what it sees as the repository, where its tool keeps what it
/// builds, and what of both it may write.
pub(crate) struct Stand {
    pub(crate) root: PathBuf,
    pub(crate) caches: PathBuf,
    keep: Keep,
}

impl Stand {
    /// What is written stays, or goes away with the folders themselves.
    pub(crate) fn plain(root: &Path, caches: &Path) -> Self {
        Self {
            root: root.to_owned(),
            caches: caches.to_owned(),
            keep: Keep::All,
        }
    }

    /// What is written goes to a layer that vanishes, as far as `keep` says.
    pub(crate) fn layered(root: &Path, caches: &Path, keep: Keep) -> Self {
        Self {
            root: root.to_owned(),
            caches: caches.to_owned(),
            keep,
        }
    }

    /// The command that a tool resolved to, with what it may write here.
    pub(crate) fn spec(&self, tool: &Invocation) -> Spec {
        let over = |path: &PathBuf| Overlay {
            lower: path.clone(),
            at: path.clone(),
        };
        let mut spec = Spec::of(tool, &self.root);
        match self.keep {
            Keep::All => spec.writable.push(self.root.clone()),
            Keep::Seed => spec.overlay.push(over(&self.root)),
            Keep::Discard => {
                spec.overlay.push(over(&self.root));
                spec.overlay.extend(tool.writable.iter().map(over));
                spec.writable.clear();
            }
        }
        spec
    }
}

/// One checkout as callers see it.
pub(crate) struct View {
    files: Option<Files>,
    pub(crate) place: Place,
    root: PathBuf,
    caches: PathBuf,
    keep: Keep,
    dirty: AtomicBool,
    seen: Mutex<Option<Arc<Seen>>>,
    tools: Mutex<Tools>,
}

#[derive(Default)]
struct Tools {
    profiles: BTreeSet<String>,
    digests: BTreeMap<String, String>,
}

impl View {
    /// A view of `root`; tools keep what they build beneath `caches`.
    pub(crate) fn new(
        root: PathBuf,
        caches: PathBuf,
        files: Files,
        place: Place,
        keep: Keep,
    ) -> Self {
        let (dirty, tools) = (AtomicBool::new(false), Mutex::default());
        Self {
            files: Some(files),
            seen: Mutex::default(),
            place,
            root,
            caches,
            keep,
            dirty,
            tools,
        }
    }

    /// The view of a replay.
    pub(crate) fn nowhere() -> Self {
        Self {
            files: None,
            place: Place::Nowhere,
            root: PathBuf::new(),
            caches: PathBuf::new(),
            keep: Keep::Discard,
            dirty: AtomicBool::new(false),
            seen: Mutex::default(),
            tools: Mutex::default(),
        }
    }

    /// The same, known to hold what `seen` says.
    pub(crate) fn holding(self, seen: Arc<Seen>) -> Self {
        Self {
            seen: Mutex::new(Some(seen)),
            ..self
        }
    }

    /// The files beneath the root.
    pub(crate) fn files(&self) -> Result<&Files, Failure> {
        self.files
            .as_ref()
            .ok_or_else(|| Failure::Other("there are no files in a replay".to_owned()))
    }

    /// What the workspace is now. It is looked at again only if something may have changed
    /// it since.
    pub(crate) fn look(&self) -> Result<Arc<Seen>, String> {
        let Place::Workspace(checkout) = &self.place else {
            return Err("only a workspace is looked at".to_owned());
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let touched = self.dirty.swap(false, Relaxed);
        if let Some(seen) = seen.as_ref().filter(|_| !touched) {
            return Ok(Arc::clone(seen));
        }
        let mut checkout = checkout.lock().unwrap_or_else(PoisonError::into_inner);
        match checkout.snapshot() {
            Ok(now) => {
                let now = Arc::new(Seen {
                    tree: now.tree,
                    ignored: now.ignored,
                    refused: now
                        .refused
                        .iter()
                        .map(|left| format!("{}: {}", left.path, left.why))
                        .collect(),
                });
                *seen = Some(Arc::clone(&now));
                Ok(now)
            }
            Err(error) => {
                self.touch();
                Err(format!("the workspace cannot be taken: {error}"))
            }
        }
    }

    /// The folder that commands start in.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where tools keep what they build for this view.
    pub(crate) fn caches(&self) -> &Path {
        &self.caches
    }

    /// What is kept of what commands write.
    pub(crate) fn keep(&self) -> Keep {
        self.keep
    }

    /// Something may have changed the files: the next snapshot has to look.
    pub(crate) fn touch(&self) {
        self.dirty.store(true, Relaxed);
    }

    /// Remembers the tool that a command ran, for the evidence.
    pub(crate) fn used(&self, name: &str, tool: &Invocation) {
        let mut tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        tools.profiles.insert(tool.profile.clone());
        tools.digests.insert(name.to_owned(), tool.digest.clone());
    }

    /// The profiles and the tools' digests so far.
    pub(crate) fn tools(&self) -> (String, BTreeMap<String, String>) {
        let tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        let profiles: Vec<_> = tools.profiles.iter().map(String::as_str).collect();
        (profiles.join("+"), tools.digests.clone())
    }
}
