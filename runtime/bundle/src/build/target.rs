//! The compiler's WebAssembly target: whether it is installed, and the one
//! line that installs it.

use std::path::Path;
use std::process::Command;

use super::BuildError;

/// The target of Rust guests: no system interface at all, so that a
/// component's imports are its capabilities.
pub const GUEST_TARGET: &str = "wasm32-unknown-unknown";

/// The command that installs the target.
pub const INSTALL_TARGET: &str = "rustup target add wasm32-unknown-unknown";

/// Makes sure that the toolchain of `source` can compile to WebAssembly;
/// installs what is missing only when told to, and says so.
pub(super) fn ensure(source: &Path, install: bool, say: &dyn Fn(&str)) -> Result<(), BuildError> {
    if installed(source)? {
        return Ok(());
    }
    if !install {
        return Err(BuildError::TargetMissing);
    }
    say(&format!(
        "installing what Rust needs for WebAssembly: {INSTALL_TARGET}"
    ));
    let mut words = INSTALL_TARGET.split(' ');
    let output = Command::new(words.next().unwrap_or_default())
        .args(words)
        .current_dir(source)
        .output()
        .map_err(|_| BuildError::TargetMissing)?;
    if !output.status.success() || !installed(source)? {
        return Err(BuildError::TargetInstall {
            output: String::from_utf8_lossy(&output.stderr)
                .trim_end()
                .to_owned(),
        });
    }
    Ok(())
}

fn installed(source: &Path) -> Result<bool, BuildError> {
    let output = rustc(
        source,
        &["--print", "target-libdir", "--target", GUEST_TARGET],
    )?;
    let Ok(files) = std::fs::read_dir(output.trim_end()) else {
        return Ok(false);
    };
    Ok(files
        .flatten()
        .any(|file| file.file_name().to_string_lossy().starts_with("libcore-")))
}

/// What rustc prints, asked in the folder of the source so that its
/// `rust-toolchain.toml` counts.
pub(super) fn rustc(source: &Path, arguments: &[&str]) -> Result<String, BuildError> {
    let program = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(&program)
        .args(arguments)
        .current_dir(source)
        .output()
        .map_err(|error| BuildError::tool("rustc", error))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
