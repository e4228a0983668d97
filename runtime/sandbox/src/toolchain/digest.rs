//! Digests of executables, and what they say of themselves; each worked out once per file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// What makes a file the one that was looked at: path, size, modification time in nanoseconds,
/// and inode.
type Key = (PathBuf, u64, i64, u64);

/// Remembers for as long as the process lives.
#[derive(Debug, Default)]
pub(super) struct Digests {
    files: Mutex<BTreeMap<Key, String>>,
    versions: Mutex<BTreeMap<(Key, Vec<String>), String>>,
}

impl Digests {
    /// `sha256:…` over all the files, in the order given.
    pub(super) fn of(&self, files: &[&Path]) -> String {
        let all: Vec<_> = files.iter().map(|file| self.of_file(file)).collect();
        match all.as_slice() {
            [one] => format!("sha256:{one}"),
            several => format!("sha256:{}", hex(&Sha256::digest(several.join("\n")))),
        }
    }

    /// What a trusted tool prints when it is asked, in an empty environment and outside of any
    /// workspace.
    pub(super) fn version(&self, program: &Path, arguments: &[&str]) -> String {
        let Ok(key) = key(program) else {
            return String::new();
        };
        let key = (
            key,
            arguments.iter().map(|word| (*word).to_owned()).collect(),
        );
        let mut known = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .entry(key)
            .or_insert_with(|| ask(program, arguments))
            .clone()
    }

    fn of_file(&self, file: &Path) -> String {
        let Ok(key) = key(file) else {
            return "unreadable".to_owned();
        };
        let mut known = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .entry(key)
            .or_insert_with(|| hash(file).unwrap_or_else(|_| "unreadable".to_owned()))
            .clone()
    }
}

fn ask(program: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    let answer = command
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    String::from_utf8_lossy(&answer).trim().to_owned()
}

fn key(file: &Path) -> io::Result<Key> {
    let facts = fs::metadata(file)?;
    let modified = facts.mtime() * 1_000_000_000 + facts.mtime_nsec();
    Ok((file.to_owned(), facts.size(), modified, facts.ino()))
}

fn hash(file: &Path) -> io::Result<String> {
    let mut file = File::open(file)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            n => hasher.update(&buffer[..n]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::Digests;

    #[test]
    fn a_replaced_file_of_the_same_length_has_another_digest() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tool");
        std::fs::write(&file, "one").unwrap();
        let digests = Digests::default();
        let first = digests.of(&[&file]);
        std::fs::write(folder.path().join("new"), "two").unwrap();
        std::fs::rename(folder.path().join("new"), &file).unwrap();
        assert_eq!(
            first,
            "sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
        );
        assert_ne!(first, digests.of(&[&file]));
    }
}
