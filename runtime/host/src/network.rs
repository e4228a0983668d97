//! What a run reaches the network with: the egress, made when it is first
//! needed, and the credentials, fetched when they first are.
//!
//! A credential comes from where the operator's grant says and stays here. What
//! went wrong with it is told to the operator; a guest hears no more than that
//! it is not to be had.

use minion_door::Failure;
use minion_egress::{Bounds, Credential, Egress, Names, Trust};
use minion_grants::{CredentialBinding, CredentialSource};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

/// How long a program may take to print a credential.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of a credential that are read.
const MOST_BYTES: u64 = 64 << 10;

/// The network as one run has it.
#[derive(Debug, Default)]
pub struct Network {
    egress: OnceLock<Result<Egress, String>>,
    credentials: Mutex<Vec<(CredentialBinding, Credential)>>,
}

impl Network {
    /// With the name servers and the authorities of this machine.
    pub fn of_this_machine() -> Self {
        Self::default()
    }

    /// By this way out.
    pub fn by(egress: Egress) -> Self {
        Self {
            egress: OnceLock::from(Ok(egress)),
            ..Self::default()
        }
    }

    pub(crate) fn egress(&self) -> Result<&Egress, Failure> {
        let made = self.egress.get_or_init(|| {
            let names = Names::of_this_machine().map_err(|e| e.to_string())?;
            let trust = Trust::of_this_machine(&[]).map_err(|e| e.to_string())?;
            Ok(Egress::new(names, trust, Bounds::default()))
        });
        made.as_ref()
            .map_err(|why| Failure::Unavailable(format!("no network: {why}")))
    }

    /// The credential of a binding, fetched once.
    pub(crate) async fn credential(
        &self,
        binding: &CredentialBinding,
    ) -> Result<Credential, Failure> {
        let mut known = self.credentials.lock().await;
        if let Some((_, credential)) = known.iter().find(|(of, _)| of == binding) {
            return Ok(credential.clone());
        }
        let fetched = fetch(&binding.from).await.and_then(|secret| {
            Credential::new(&secret, binding)
                .map_err(|error| CredentialError::Bad(error.to_string()))
        });
        match fetched {
            Ok(credential) => {
                known.push((binding.clone(), credential.clone()));
                Ok(credential)
            }
            Err(error) => {
                tracing::error!(credential = %binding.name, "{error}");
                let why = format!("credential `{}` is not to be had", binding.name);
                Err(Failure::Unavailable(why))
            }
        }
    }
}

/// Why a credential is not to be had; nothing of it is ever in here.
#[derive(Debug, thiserror::Error)]
enum CredentialError {
    #[error("the variable `{0}` is not set")]
    Unset(String),
    #[error("`{path}` cannot be read: {source}")]
    File {
        path: String,
        source: std::io::Error,
    },
    #[error("`{0}` can be read by others; `chmod go-rwx` it")]
    Open(String),
    #[error("`{program}` cannot be run: {source}")]
    Program {
        program: String,
        source: std::io::Error,
    },
    #[error("`{0}` did not print it: {1}")]
    Silent(String, &'static str),
    #[error("what was found is no credential: {0}")]
    Bad(String),
}

async fn fetch(source: &CredentialSource) -> Result<Zeroizing<String>, CredentialError> {
    match source {
        CredentialSource::Env(name) => std::env::var(name)
            .map(Zeroizing::new)
            .map_err(|_| CredentialError::Unset(name.clone())),
        CredentialSource::File(path) => from_file(path),
        CredentialSource::Command(words) => from_command(words).await,
    }
}

fn from_file(path: &Path) -> Result<Zeroizing<String>, CredentialError> {
    let shown = || path.display().to_string();
    let wrong = |source| CredentialError::File {
        path: shown(),
        source,
    };
    let file = std::fs::File::open(path).map_err(wrong)?;
    let about = file.metadata().map_err(wrong)?;
    if !about.is_file() {
        return Err(wrong(std::io::Error::other("it is no regular file")));
    }
    if about.mode() & 0o077 != 0 {
        return Err(CredentialError::Open(shown()));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MOST_BYTES)
        .read_to_string(&mut text)
        .map_err(wrong)?;
    Ok(text)
}

/// The operator's own program, as they would run it themselves.
async fn from_command(words: &[String]) -> Result<Zeroizing<String>, CredentialError> {
    let program = words.first().map_or("", String::as_str);
    let silent = |why| CredentialError::Silent(program.to_owned(), why);
    let wrong = |source| CredentialError::Program {
        program: program.to_owned(),
        source,
    };
    let mut child = tokio::process::Command::new(program)
        .args(words.iter().skip(1))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(wrong)?;
    let mut text = Zeroizing::new(String::new());
    let printed = async {
        if let Some(stdout) = child.stdout.take() {
            stdout.take(MOST_BYTES).read_to_string(&mut text).await?;
        }
        child.wait().await
    };
    match tokio::time::timeout(PATIENCE, printed).await {
        Ok(Ok(status)) if status.success() => Ok(text),
        Ok(Ok(_)) => Err(silent("it ended with an error")),
        Ok(Err(source)) => Err(wrong(source)),
        Err(_) => Err(silent("it took longer than 30 s")),
    }
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;
