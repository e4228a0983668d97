//! Options that a wildcard of a command pattern may take.
//!
//! A `*` never takes an option, except those below: they are known to run
//! nothing, load nothing, and to read and write nowhere else. They belong to
//! the words that a pattern begins with (`cargo test *`); a pattern that leaves
//! these words open (`cargo *`) has none. Whatever is missing here is not
//! dangerous by that, it only has to be named.

/// The options of one program, before and after a lone `--`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Vocabulary {
    words: &'static [&'static str],
    before: &'static [&'static str],
    /// `None`: a lone `--` has to be named too.
    after: Option<&'static [&'static str]>,
}

impl Vocabulary {
    /// The options that go with the first words of a pattern.
    pub(crate) fn of(words: &[&str]) -> Option<&'static Self> {
        VOCABULARIES
            .iter()
            .find(|known| words.starts_with(known.words))
    }

    /// Whether the option is known; an entry that ends in `=` takes a value.
    pub(crate) fn knows(&self, option: &str, after_dashes: bool) -> bool {
        if option == "--" {
            return self.after.is_some() && !after_dashes;
        }
        let list = if after_dashes {
            self.after.unwrap_or_default()
        } else {
            self.before
        };
        list.iter().any(|known| match known.strip_suffix('=') {
            Some(_) => option.starts_with(known),
            None => option == *known,
        })
    }
}

const CARGO: &[&str] = &[
    "--offline",
    "--locked",
    "--frozen",
    "--workspace",
    "--all",
    "--all-targets",
    "--all-features",
    "--no-default-features",
    "--lib",
    "--bins",
    "--tests",
    "--examples",
    "--benches",
    "--doc",
    "--no-fail-fast",
    "--no-run",
    "--no-deps",
    "--keep-going",
    "--release",
    "-r",
    "--quiet",
    "-q",
    "--verbose",
    "-v",
    "-vv",
    "-p",
    "--package",
    "--package=",
    "--exclude",
    "--exclude=",
    "--features",
    "--features=",
    "-F",
    "--bin",
    "--bin=",
    "--test",
    "--test=",
    "--example",
    "--example=",
    "--bench",
    "--bench=",
    "--jobs",
    "--jobs=",
    "-j",
    "--color",
    "--color=",
    "--message-format",
    "--message-format=",
];

const LIBTEST: &[&str] = &[
    "--nocapture",
    "--no-capture",
    "--show-output",
    "--exact",
    "--ignored",
    "--include-ignored",
    "--list",
    "--quiet",
    "-q",
    "--format",
    "--format=",
    "--skip",
    "--skip=",
    "--test-threads",
    "--test-threads=",
    "--color",
    "--color=",
    "-Zunstable-options",
    "-Z",
    "--report-time",
    "--test",
];

/// Lint levels only; `-C linker=…` and its like are what a `*` must not take.
const CLIPPY: &[&str] = &[
    "-D",
    "-W",
    "-Dwarnings",
    "-Wwarnings",
    "-Dclippy::all",
    "-Wclippy::all",
];

const PYTEST: &[&str] = &[
    "-q",
    "-qq",
    "-v",
    "-vv",
    "-x",
    "-s",
    "-l",
    "-k",
    "-m",
    "-ra",
    "-rA",
    "-rf",
    "--quiet",
    "--verbose",
    "--exitfirst",
    "--maxfail",
    "--maxfail=",
    "--tb",
    "--tb=",
    "--durations",
    "--durations=",
    "--no-header",
    "--no-summary",
    "--lf",
    "--last-failed",
    "--ff",
    "--failed-first",
    "--sw",
    "--collect-only",
    "--co",
    "--strict-markers",
    "--color",
    "--color=",
    "--disable-warnings",
    "--showlocals",
];

const UNITTEST: &[&str] = &[
    "-v",
    "-q",
    "-f",
    "-b",
    "-k",
    "--verbose",
    "--quiet",
    "--failfast",
    "--buffer",
    "--locals",
];

const RUFF: &[&str] = &[
    "-q",
    "--quiet",
    "-v",
    "--verbose",
    "--no-cache",
    "--output-format",
    "--output-format=",
    "--no-fix",
    "--diff",
    "--check",
    "--isolated",
    "--select",
    "--select=",
    "--preview",
    "--exit-zero",
    "--force-exclude",
];

const VOCABULARIES: &[Vocabulary] = &[
    Vocabulary {
        words: &["cargo", "test"],
        before: CARGO,
        after: Some(LIBTEST),
    },
    Vocabulary {
        words: &["cargo", "clippy"],
        before: CARGO,
        after: Some(CLIPPY),
    },
    Vocabulary {
        words: &["cargo", "check"],
        before: CARGO,
        after: None,
    },
    Vocabulary {
        words: &["cargo", "build"],
        before: CARGO,
        after: None,
    },
    Vocabulary {
        words: &["cargo", "fmt"],
        before: &[
            "--all",
            "--check",
            "-p",
            "--package",
            "--package=",
            "--quiet",
            "-q",
            "--verbose",
            "-v",
        ],
        after: Some(&["--check"]),
    },
    Vocabulary {
        words: &["python", "-m", "pytest"],
        before: PYTEST,
        after: None,
    },
    Vocabulary {
        words: &["python3", "-m", "pytest"],
        before: PYTEST,
        after: None,
    },
    Vocabulary {
        words: &["pytest"],
        before: PYTEST,
        after: None,
    },
    Vocabulary {
        words: &["python", "-m", "unittest"],
        before: UNITTEST,
        after: None,
    },
    Vocabulary {
        words: &["python3", "-m", "unittest"],
        before: UNITTEST,
        after: None,
    },
    Vocabulary {
        words: &["ruff", "check"],
        before: RUFF,
        after: None,
    },
    Vocabulary {
        words: &["ruff", "format"],
        before: RUFF,
        after: None,
    },
];

/// Commands that execute nothing of the workspace. All others are taken to.
const WORKSPACE_IS_DATA: &[&[&str]] = &[&["cargo", "fmt"], &["rustfmt"], &["ruff"]];

/// Whether a command that begins with these words runs code of the workspace:
/// what bounds it then is the sandbox, not the pattern.
pub(crate) fn runs_workspace_code(words: &[&str]) -> bool {
    !WORKSPACE_IS_DATA
        .iter()
        .any(|known| words.starts_with(known))
}
