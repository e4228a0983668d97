//! Lines for whoever reads the run, and a panic's last words among them.

pub use crate::bindings::host::log::Level;

use crate::host;

/// Writes one line to the run's journal.
pub(crate) fn line(level: Level, message: &str) {
    host::log::log(level, message);
}

/// Has a panic say what happened before it traps: without a standard error
/// stream its message would be lost.
#[cfg(target_arch = "wasm32")]
pub(crate) fn panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| line(Level::Error, &panic.to_string())));
    });
}

/// On other targets a panic is the test's own.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn panics() {}
