//! The one wasmtime engine of a process: what wasm may do at all, how time is counted, and
//! where compiled components are kept.

use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::{Cache, CacheConfig, Config};

/// Length of one tick of guest time.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// The engine could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// wasmtime refused the configuration.
    #[error("the wasm engine cannot be made on this machine: {0}")]
    Wasmtime(String),
    /// The folder for compiled components is not ours alone. Compiled code is run as it is.
    #[error(
        "the folder `{path}` for compiled components {why}; remove it or name another with --state"
    )]
    Cache {
        /// The folder.
        path: String,
        /// What is wrong with it.
        why: String,
    },
}

/// The engine with its clock. Dropping the last clone stops the clock.
#[derive(Debug, Clone)]
pub struct Engine {
    inner: wasmtime::Engine,
    _clock: Arc<Clock>,
}

impl Engine {
    /// An engine that keeps compiled components beneath `cache`, a folder that only we may
    /// write (made with mode 0700 where it is missing); `None` compiles every time.
    ///
    /// # Errors
    /// [`EngineError`] when the folder belongs to someone else or may be written by others.
    pub fn new(cache: Option<&Path>) -> Result<Self, EngineError> {
        let mut config = deterministic();
        if let Some(folder) = cache {
            private_folder(folder)?;
            let mut settings = CacheConfig::new();
            settings.with_directory(folder);
            let cache = Cache::new(settings).map_err(|e| EngineError::Wasmtime(e.to_string()))?;
            config.cache(Some(cache));
        }
        let inner =
            wasmtime::Engine::new(&config).map_err(|e| EngineError::Wasmtime(e.to_string()))?;
        let clock = Arc::new(Clock::start(&inner));
        Ok(Self {
            inner,
            _clock: clock,
        })
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner
    }
}

/// No threads, no relaxed SIMD, canonical NaNs: the same input gives the same output.
fn deterministic() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        // Both only serve backtraces, which nobody is shown, and make up a good part of what
        // is read back from the cache.
        .generate_address_map(false)
        .native_unwind_info(false)
        .epoch_interruption(true)
        .max_wasm_stack(512 << 10)
        .async_stack_size(1 << 20);
    config
}

fn private_folder(folder: &Path) -> Result<(), EngineError> {
    let wrong = |why: String| EngineError::Cache {
        path: folder.display().to_string(),
        why,
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|e| wrong(format!("cannot be made: {e}")))?;
    let meta =
        std::fs::symlink_metadata(folder).map_err(|e| wrong(format!("cannot be read: {e}")))?;
    if !meta.is_dir() {
        return Err(wrong("is not a folder".into()));
    }
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(wrong(format!("belongs to user {}", meta.uid())));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(wrong(format!(
            "may be used by others (mode {:o})",
            meta.mode() & 0o777
        )));
    }
    Ok(())
}

/// A thread that moves the engine's epoch on, so that a guest that loops comes back.
#[derive(Debug)]
struct Clock {
    stop: Option<std::sync::mpsc::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Clock {
    fn start(engine: &wasmtime::Engine) -> Self {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let engine = engine.weak();
        let thread = std::thread::spawn(move || {
            while stopped.recv_timeout(TICK) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => return,
                }
            }
        });
        Self {
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_cache_that_others_may_write_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(
            Engine::new(Some(folder.path())),
            Err(EngineError::Cache { .. })
        ));
    }

    #[test]
    fn a_cache_is_made_for_us_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("a/b");
        Engine::new(Some(&cache)).unwrap();
        assert_eq!(std::fs::metadata(&cache).unwrap().mode() & 0o777, 0o700);
    }
}
