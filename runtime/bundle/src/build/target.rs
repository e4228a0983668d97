//! The compiler's WebAssembly target: whether it is installed, and the one
//! line that installs it.

use std::path::Path;
use std::process::Command;

use super::BuildError;
use super::tools::Tools;

/// The target of Rust guests: no system interface at all, so that a
/// component's imports are its capabilities.
pub const GUEST_TARGET: &str = "wasm32-unknown-unknown";

/// The command that installs the target.
pub const INSTALL_TARGET: &str = "rustup target add wasm32-unknown-unknown";

/// Makes sure that the toolchain of `source` can compile to WebAssembly;
/// installs what is missing only when told to, and says so.
pub(super) fn ensure(
    tools: &Tools,
    source: &Path,
    install: bool,
    say: &dyn Fn(&str),
) -> Result<(), BuildError> {
    if installed(tools, source)? {
        return Ok(());
    }
    if !install {
        return Err(BuildError::TargetMissing);
    }
    say(&format!(
        "installing what Rust needs for WebAssembly: {INSTALL_TARGET}"
    ));
    let output = Command::new(&tools.rustup)
        .args(INSTALL_TARGET.split(' ').skip(1))
        .current_dir(source)
        .output()
        .map_err(|_| BuildError::TargetMissing)?;
    if output.status.success() && installed(tools, source)? {
        return Ok(());
    }
    let output = String::from_utf8_lossy(&output.stderr)
        .trim_end()
        .to_owned();
    Err(BuildError::TargetInstall { output })
}

fn installed(tools: &Tools, source: &Path) -> Result<bool, BuildError> {
    let folder = tools.rustc(
        source,
        &["--print", "target-libdir", "--target", GUEST_TARGET],
    )?;
    let Ok(files) = std::fs::read_dir(folder) else {
        return Ok(false);
    };
    Ok(files
        .flatten()
        .any(|file| file.file_name().to_string_lossy().starts_with("libcore-")))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A toolchain without the target, whose rustup does what `rustup` says.
    fn bare_toolchain(folder: &Path, rustup: &str) -> Tools {
        let libdir = folder.join("lib").display().to_string();
        let script = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
            path
        };
        Tools {
            cargo: "cargo".into(),
            rustc: script("rustc", &format!("echo {libdir}")),
            rustup: script("rustup", &rustup.replace("LIB", &libdir)),
        }
    }

    #[test]
    fn missing_target_gives_the_line_that_cures_it_and_installs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let tools = bare_toolchain(folder.path(), "mkdir -p LIB && touch LIB/libcore-1.rlib");
        let error =
            ensure(&tools, folder.path(), false, &|_| panic!("nothing to say")).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("rustup target add wasm32-unknown-unknown"),
            "{error}"
        );
        assert!(!folder.path().join("lib").exists());
    }

    #[test]
    fn missing_target_is_installed_when_told_to_and_said() {
        let folder = tempfile::tempdir().unwrap();
        let rustup = "test \"$*\" = 'target add wasm32-unknown-unknown' && mkdir LIB && touch LIB/libcore-1.rlib";
        let tools = bare_toolchain(folder.path(), rustup);
        let said = RefCell::new(Vec::new());
        ensure(&tools, folder.path(), true, &|line| {
            said.borrow_mut().push(line.to_owned());
        })
        .unwrap();
        assert!(said.borrow()[0].contains(INSTALL_TARGET));
    }

    #[test]
    fn failed_installation_shows_what_rustup_said() {
        let folder = tempfile::tempdir().unwrap();
        let tools = bare_toolchain(folder.path(), "echo 'no network' >&2; exit 1");
        let error = ensure(&tools, folder.path(), true, &|_| {}).unwrap_err();
        assert!(error.to_string().contains("no network"), "{error}");
    }

    #[test]
    fn without_rustup_the_missing_target_is_still_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut tools = bare_toolchain(folder.path(), "");
        tools.rustup = folder.path().join("absent");
        let error = ensure(&tools, folder.path(), true, &|_| {}).unwrap_err();
        assert!(matches!(error, BuildError::TargetMissing), "{error}");
    }
}
