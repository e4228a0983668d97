//! How much a store takes of the disk.

use std::io;
use std::os::unix::fs::MetadataExt;

use super::RunStore;

impl RunStore {
    /// The bytes that the store's own files and folders take of the disk, those
    /// of its lender not counted. What vanishes meanwhile counts nothing.
    pub fn usage(&self) -> io::Result<u64> {
        let mut bytes = 0;
        let mut todo = vec![self.path.clone()];
        while let Some(path) = todo.pop() {
            let found = match path.symlink_metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                answer => answer?,
            };
            bytes += found.blocks() * 512;
            if !found.is_dir() {
                continue;
            }
            match std::fs::read_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                entries => {
                    for entry in entries? {
                        todo.push(entry?.path());
                    }
                }
            }
        }
        Ok(bytes)
    }
}
