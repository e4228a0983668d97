//! `minion:host/workspace`: files of the workspace, or of a gate's checkout.

use crate::bindings::host::types::Failure;
use crate::bindings::host::workspace as wit;
use crate::guest::Guest;
use crate::services::files;
use minion_workspace::{ChangeKind, EntryKind};

type Answer<T> = wasmtime::Result<Result<T, Failure>>;

impl wit::Host for Guest {
    fn read(&mut self, file: String) -> Answer<Vec<u8>> {
        let answer = files::read(&self.services, &self.caller, &self.view, &file)?;
        Ok(answer.map_err(Into::into))
    }

    fn list(&mut self, directory: String) -> Answer<Vec<wit::Entry>> {
        let answer = files::list(&self.services, &self.caller, &self.view, &directory)?;
        Ok(answer
            .map(|found| found.into_iter().map(entry).collect())
            .map_err(Into::into))
    }

    fn search(&mut self, pattern: String, beneath: String) -> Answer<Vec<wit::Hit>> {
        let answer = files::search(&self.services, &self.caller, &self.view, &pattern, &beneath)?;
        Ok(answer
            .map(|found| found.hits.into_iter().map(hit).collect())
            .map_err(Into::into))
    }

    fn write(&mut self, file: String, content: Vec<u8>) -> Answer<()> {
        let answer = files::write(&self.services, &self.caller, &self.view, &file, &content)?;
        Ok(answer.map_err(Into::into))
    }

    fn edit(&mut self, file: String, old: String, new: String) -> Answer<()> {
        let answer = files::edit(&self.services, &self.caller, &self.view, &file, &old, &new)?;
        Ok(answer.map_err(Into::into))
    }

    fn remove(&mut self, file: String) -> Answer<()> {
        let answer = files::remove(&self.services, &self.caller, &self.view, &file)?;
        Ok(answer.map_err(Into::into))
    }

    fn changes(&mut self) -> Answer<Vec<wit::Change>> {
        let answer = files::changes(&self.services, &self.caller, &self.view)?;
        Ok(answer
            .map(|changes| changes.into_iter().map(change).collect())
            .map_err(Into::into))
    }
}

fn entry(found: minion_workspace::FileEntry) -> wit::Entry {
    let kind = match found.kind {
        EntryKind::File => wit::EntryKind::File,
        EntryKind::Directory => wit::EntryKind::Directory,
        EntryKind::Symlink => wit::EntryKind::Symlink,
    };
    wit::Entry {
        name: found.name,
        kind,
    }
}

fn hit(found: minion_workspace::Hit) -> wit::Hit {
    wit::Hit {
        file: found.file,
        line: found.line,
        text: found.text,
    }
}

fn change(change: files::Changed) -> wit::Change {
    let kind = match change.kind {
        ChangeKind::Added => wit::ChangeKind::Added,
        ChangeKind::Modified => wit::ChangeKind::Modified,
        ChangeKind::Deleted => wit::ChangeKind::Deleted,
    };
    wit::Change {
        file: change.path,
        kind,
    }
}
