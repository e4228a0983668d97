//! A plugin as its author sees it: an input with parameters, an output with a
//! verdict.

use crate::bindings::plugin::exports::minion::node::node as wit;
use crate::{Command, Failure, Finding, Level, Method, Request, Workspace, command, log};
use serde::de::DeserializeOwned;

pub use crate::bindings::host::types::Verdict;
#[doc(hidden)]
pub use wit::Input as RawInput;
pub use wit::{Output, ProjectCommand, Purpose, TestCase, TestOutcome, TestReport};

/// What the parameters of a plugin can be: JSON that fits the schema in its
/// `minion.toml`. `#[parameters]` makes a struct fit.
pub trait Parameters: DeserializeOwned {}

impl<P: DeserializeOwned> Parameters for P {}

/// For a plugin that takes no parameters: `{}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoParameters {}

/// What `plugin!` implements.
pub trait Plugin {
    /// One run, from what the host gave.
    fn run(input: RawInput) -> Result<Output, Failure>;
}

/// What a plugin was given, and what it can reach: each call is judged by the host.
#[derive(Clone, Debug)]
pub struct Input<P> {
    parameters: P,
    project: Vec<ProjectCommand>,
}

impl<P: Parameters> Input<P> {
    #[doc(hidden)]
    pub fn new(input: RawInput) -> Result<Self, Failure> {
        let parameters = serde_json::from_str(&input.parameters)
            .map_err(|error| Failure::Invalid(format!("the parameters: {error}")))?;
        Ok(Self {
            parameters,
            project: input.project,
        })
    }
}

impl<P> Input<P> {
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn given(parameters: P, project: Vec<ProjectCommand>) -> Self {
        Self {
            parameters,
            project,
        }
    }

    /// The literal parameters of the graph.
    pub fn parameters(&self) -> &P {
        &self.parameters
    }

    /// The commands that the project names for a purpose.
    pub fn project(&self, purpose: Purpose) -> impl Iterator<Item = &ProjectCommand> {
        self.project
            .iter()
            .filter(move |command| command.purpose == purpose)
    }

    /// The files of the tree that is judged or mended.
    pub fn workspace(&self) -> Workspace {
        Workspace(())
    }

    /// A program to run in the sandbox.
    pub fn command(&self, program: &str) -> Command {
        Command::new(program)
    }

    /// A request over HTTP.
    pub fn http(&self, method: Method, url: &str) -> Request {
        Request::new(method, url)
    }

    /// Whether the program is granted and found on this machine.
    pub fn available(&self, program: &str) -> bool {
        command::available(program)
    }

    /// A line for whoever reads the run.
    pub fn log(&self, message: impl AsRef<str>) {
        log::line(Level::Info, message.as_ref());
    }
}

impl Output {
    /// It was judged, and it is well.
    pub fn pass(summary: impl Into<String>) -> Self {
        Self::new(Verdict::Pass, summary, Vec::new())
    }

    /// It was judged, and this is wrong with it.
    pub fn fail(summary: impl Into<String>, findings: Vec<Finding>) -> Self {
        Self::new(Verdict::Fail, summary, findings)
    }

    /// It could not be judged.
    pub fn error(summary: impl Into<String>) -> Self {
        Self::new(Verdict::Error, summary, Vec::new())
    }

    /// Adds what a test runner reported.
    #[must_use]
    pub fn with_tests(mut self, tests: TestReport) -> Self {
        self.tests = Some(tests);
        self
    }

    /// Adds findings.
    #[must_use]
    pub fn with_findings(mut self, findings: Vec<Finding>) -> Self {
        self.findings.extend(findings);
        self
    }

    fn new(verdict: Verdict, summary: impl Into<String>, findings: Vec<Finding>) -> Self {
        Self {
            verdict,
            summary: summary.into(),
            findings,
            tests: None,
            data: None,
        }
    }
}

/// Makes a function the one node of this component.
///
/// ```
/// use minion_sdk::prelude::*;
///
/// plugin!(run);
///
/// fn run(input: &Input<NoParameters>) -> Result<Output, Failure> {
///     let notes = input.workspace().read_text("NOTES.md")?;
///     Ok(if notes.is_empty() { Output::fail("no notes", vec![]) } else { Output::pass("notes") })
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! plugin {
    ($run:path) => {
        /// The plugin of this crate.
        #[derive(Clone, Copy, Debug)]
        pub struct Plugin;

        impl $crate::Plugin for Plugin {
            fn run(
                input: $crate::__private::RawInput,
            ) -> ::core::result::Result<$crate::Output, $crate::Failure> {
                $run(&$crate::Input::new(input)?)
            }
        }

        $crate::__export_plugin!(Plugin);
    };
}
