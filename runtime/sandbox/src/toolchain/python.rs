//! Python: the real interpreter instead of a version manager's shim, deterministic, without the
//! user's site folder, and with a test runner that the tree cannot replace by a file of its name.

use std::fs;
use std::path::{Path, PathBuf};

use super::digest::Digests;
use super::search::{Search, beyond_system, is_executable};
use super::{Invocation, NotFound};

/// Modules that pass the verdict. `python -m unittest` in a folder with a `unittest.py` runs that.
const RUNNERS: [&str; 4] = ["unittest", "pytest", "ruff", "coverage"];

/// Finds the module while the working directory cannot be imported from, loads what it consists
/// of, and only then puts the working directory in front as `-m` would have.
const BOOT: &str = "\
import sys
sys.path[:] = [entry for entry in sys.path if entry]
import importlib, pkgutil, runpy, os
name = sys.argv.pop(1)
package = importlib.import_module(name)
for part in pkgutil.iter_modules(getattr(package, '__path__', [])):
    if part.name != '__main__':
        try:
            importlib.import_module(name + '.' + part.name)
        except ImportError:
            pass
sys.path.insert(0, os.getcwd())
runpy.run_module(name, run_name='__main__', alter_sys=True)
";

/// One interpreter.
#[derive(Debug)]
pub(super) struct Python {
    program: PathBuf,
    /// Where the interpreter's library is; of a virtual environment also its own folder.
    prefixes: Vec<PathBuf>,
}

impl Python {
    /// What `python3` stands for on this host.
    pub(super) fn find(search: &Search) -> Option<Self> {
        let found = search.find("python3").or_else(|| search.find("python"))?;
        let program = behind_shim(&found, search)?;
        let real = program.canonicalize().ok()?;
        let folder = |program: &Path| Some(program.parent()?.parent()?.to_owned());
        let own = folder(&program)?;
        let is_virtual = own.join("pyvenv.cfg").exists();
        let program = if is_virtual { program } else { real.clone() };
        let prefixes = if is_virtual {
            vec![own, folder(&real)?]
        } else {
            vec![folder(&real)?]
        };
        Some(Self { program, prefixes })
    }

    pub(super) fn has(&self, program: &str) -> bool {
        self.is_interpreter(program)
            || self
                .script(program)
                .is_some_and(|_| matches!(program, "pytest" | "ruff"))
    }

    pub(super) fn resolve(
        &self,
        program: &str,
        args: &[String],
        digests: &Digests,
    ) -> Result<Invocation, NotFound> {
        let (program, arguments) = if self.is_interpreter(program) {
            (self.program.clone(), booted(args))
        } else {
            let script = self.script(program).ok_or_else(|| NotFound {
                program: program.to_owned(),
                why: format!("not beside `{}`", self.program.display()),
            })?;
            (script, args.to_vec())
        };
        let module = self.module_facts(&arguments);
        let mut files = vec![program.as_path()];
        files.extend(module.as_deref());
        let digest = digests.of(&files);
        Ok(Invocation {
            arguments,
            environment: self.environment(),
            read_only: beyond_system(self.prefixes.iter().cloned()),
            writable: Vec::new(),
            home: Vec::new(),
            profile: "python".to_owned(),
            digest,
            version: self.version(module.as_deref(), digests),
            program,
        })
    }

    fn is_interpreter(&self, name: &str) -> bool {
        let own = self.program.canonicalize().unwrap_or_default();
        matches!(name, "python" | "python3") || own.file_name().is_some_and(|file| file == name)
    }

    /// A console script beside the interpreter.
    fn script(&self, name: &str) -> Option<PathBuf> {
        Some(self.program.with_file_name(name)).filter(|file| is_executable(file))
    }

    fn environment(&self) -> Vec<(String, String)> {
        let folders = self
            .prefixes
            .iter()
            .map(|prefix| prefix.join("bin").display().to_string());
        let path: Vec<_> = folders
            .chain(["/usr/local/bin:/usr/bin:/bin".to_owned()])
            .collect();
        [
            ("PATH", path.join(":").as_str()),
            ("PYTHONDONTWRITEBYTECODE", "1"),
            ("PYTHONNOUSERSITE", "1"),
            ("PYTHONHASHSEED", "0"),
            ("PYTHONUTF8", "1"),
            ("NO_COLOR", "1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// What pip wrote down about every file of a runner that is not of the standard library.
    fn module_facts(&self, arguments: &[String]) -> Option<PathBuf> {
        let name = match arguments {
            [flag, boot, name, ..] if flag == "-c" && boot == BOOT => name,
            _ => return None,
        };
        let site = self
            .prefixes
            .iter()
            .flat_map(|prefix| children(&prefix.join("lib")));
        site.flat_map(|library| children(&library.join("site-packages")))
            .find(|folder| is_metadata_of(folder, name))
            .map(|folder| folder.join("RECORD"))
            .filter(|record| record.exists())
    }

    fn version(&self, module: Option<&Path>, digests: &Digests) -> String {
        let own = digests.version(&self.program, &["-I", "--version"]);
        let folder = module.and_then(Path::parent).and_then(Path::file_stem);
        match folder.and_then(|name| name.to_str()) {
            Some(module) => format!("{own}, {}", module.replacen('-', " ", 1)),
            None => own,
        }
    }
}

/// `-m <runner> …` goes through [`BOOT`]; everything else stays as it is.
fn booted(args: &[String]) -> Vec<String> {
    match args {
        [flag, module, rest @ ..] if flag == "-m" && RUNNERS.contains(&module.as_str()) => {
            let start = ["-c".to_owned(), BOOT.to_owned(), module.clone()];
            [start.as_slice(), rest].concat()
        }
        _ => args.to_vec(),
    }
}

/// pyenv's shims are scripts that let a `.python-version` of the tree choose: take the version
/// that the user chose for everywhere.
fn behind_shim(found: &Path, search: &Search) -> Option<PathBuf> {
    let folder = found.parent()?;
    let versions = folder.with_file_name("versions");
    if folder.file_name().is_none_or(|name| name != "shims") || !versions.is_dir() {
        return Some(found.to_owned());
    }
    let global = fs::read_to_string(folder.with_file_name("version")).unwrap_or_default();
    let chosen = search
        .pyenv_version
        .as_deref()
        .unwrap_or(&global)
        .replace(':', "\n");
    let mut programs = chosen
        .lines()
        .map(|version| versions.join(version.trim()).join("bin/python3"));
    let system = Path::new("/usr/bin/python3");
    programs
        .find(|file| is_executable(file))
        .or_else(|| Some(system.to_owned()).filter(|file| is_executable(file)))
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    paths
}

fn is_metadata_of(folder: &Path, name: &str) -> bool {
    let file = folder
        .file_name()
        .and_then(|file| file.to_str())
        .unwrap_or_default();
    file.strip_prefix(name)
        .is_some_and(|rest| rest.starts_with('-') && rest.ends_with(".dist-info"))
}
