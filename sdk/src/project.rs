//! What kind of project stands in the workspace: what the standard plugins,
//! and others like them, ask first.

use crate::{EntryKind, Failure, Workspace};

/// A family of tools that a project is built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ecosystem {
    /// A `Cargo.toml` stands at the root.
    Cargo,
    /// Python files, or the manifest of a Python package, stand at the root or
    /// one folder below it.
    Python,
}

const PYTHON_MANIFESTS: [&str; 5] = [
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "tox.ini",
];

impl Workspace {
    /// The ecosystems of the project; it may be of none, or of more than one.
    pub fn ecosystems(self) -> Result<Vec<Ecosystem>, Failure> {
        let top = self.list("")?;
        let mut found = Vec::new();
        if top.iter().any(|entry| entry.name == "Cargo.toml") {
            found.push(Ecosystem::Cargo);
        }
        let manifest = |name: &str| PYTHON_MANIFESTS.contains(&name);
        let at_top = top
            .iter()
            .any(|entry| is_python(&entry.name) || manifest(&entry.name));
        let mut folders = top
            .iter()
            .filter(|entry| entry.kind == EntryKind::Directory);
        if at_top || folders.any(|folder| self.holds_python(&folder.name)) {
            found.push(Ecosystem::Python);
        }
        Ok(found)
    }

    /// A folder that may not be listed holds nothing for this plugin.
    fn holds_python(self, folder: &str) -> bool {
        let entries = self.list(folder).unwrap_or_default();
        !folder.starts_with('.') && entries.iter().any(|entry| is_python(&entry.name))
    }
}

fn is_python(name: &str) -> bool {
    std::path::Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "py")
}
