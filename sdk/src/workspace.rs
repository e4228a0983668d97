//! The files of the run's checkout, as far as the node may reach them.

pub use crate::bindings::host::workspace::{Change, ChangeKind, Entry, EntryKind, Hit};

use crate::Failure;
use crate::host::workspace;

/// The files of the run. Paths are relative to the root, `/` between the parts.
#[derive(Clone, Copy, Debug)]
pub struct Workspace(pub(crate) ());

impl Workspace {
    /// The whole content of a file.
    pub fn read(self, file: &str) -> Result<Vec<u8>, Failure> {
        Ok(workspace::read(file)?)
    }

    /// The whole content of a file that is UTF-8.
    pub fn read_text(self, file: &str) -> Result<String, Failure> {
        String::from_utf8(self.read(file)?)
            .map_err(|_| Failure::Invalid(format!("`{file}` is not UTF-8")))
    }

    /// The entries of a folder, sorted by name; `""` is the root.
    pub fn list(self, directory: &str) -> Result<Vec<Entry>, Failure> {
        Ok(workspace::list(directory)?)
    }

    /// Lines that match a regular expression, in files beneath a folder.
    pub fn search(self, pattern: &str, beneath: &str) -> Result<Vec<Hit>, Failure> {
        Ok(workspace::search(pattern, beneath)?)
    }

    /// Makes or replaces a file, and the folders above it.
    pub fn write(self, file: &str, content: impl AsRef<[u8]>) -> Result<(), Failure> {
        Ok(workspace::write(file, content.as_ref())?)
    }

    /// Replaces the one place where `old` stands.
    pub fn edit(self, file: &str, old: &str, new: &str) -> Result<(), Failure> {
        Ok(workspace::edit(file, old, new)?)
    }

    /// Removes a file.
    pub fn remove(self, file: &str) -> Result<(), Failure> {
        Ok(workspace::remove(file)?)
    }

    /// What differs from the base, sorted by path.
    pub fn changes(self) -> Result<Vec<Change>, Failure> {
        Ok(workspace::changes()?)
    }
}
