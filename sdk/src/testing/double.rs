//! The double itself: what a test gives it, and what it remembers.

use super::Task;
use crate::{Answer, Change, ChangeKind, Completed, Denial, Failure, Level, Report, Response};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

thread_local! {
    static INSTALLED: RefCell<Option<Rc<RefCell<Double>>>> = const { RefCell::new(None) };
}

/// The agent of a test.
pub(super) type Agent = Box<dyn FnMut(&Task) -> Result<Report, Failure>>;

/// A host for one test, being put together. It starts with nothing.
#[derive(Default)]
#[must_use = "a host answers nothing until `install`"]
pub struct Host(Double);

/// A host that answers the calls of this thread until it is dropped.
#[must_use = "a host answers only as long as it is kept"]
pub struct Installed(Rc<RefCell<Double>>);

/// Answers in order; the last one stays.
type Script<T> = Vec<(String, VecDeque<T>)>;

#[derive(Default)]
pub(super) struct Double {
    pub(super) base: BTreeMap<String, Vec<u8>>,
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) closed: Vec<String>,
    pub(super) denied: Vec<String>,
    pub(super) commands: Script<Completed>,
    pub(super) responses: Script<Response>,
    pub(super) sent: Vec<String>,
    pub(super) plugins: Script<Answer>,
    pub(super) agent: Option<Agent>,
    pub(super) ran: Vec<String>,
    pub(super) tasks: Vec<Task>,
    pub(super) logs: Vec<(Level, String)>,
}

/// A command that came to its end with this code and these outputs.
pub fn exited(code: i32, stdout: impl AsRef<[u8]>, stderr: impl AsRef<[u8]>) -> Completed {
    Completed {
        exit: Some(code),
        stdout: stdout.as_ref().to_vec(),
        stderr: stderr.as_ref().to_vec(),
        truncated: false,
        timed_out: false,
    }
}

impl Host {
    /// A host with an empty workspace and no answers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a file into the base.
    pub fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.0
            .base
            .insert(path.to_owned(), content.as_ref().to_vec());
        self
    }

    /// Denies every access to a path and what is beneath it.
    pub fn closed(mut self, path: &str) -> Self {
        self.0.closed.push(path.to_owned());
        self
    }

    /// Answers a command line; `*` at its end stands for any rest. Given more
    /// than once for the same line, the answers are used in order.
    pub fn command(mut self, line: &str, answer: Completed) -> Self {
        script(&mut self.0.commands, line, answer);
        self
    }

    /// Denies a command line; `*` at its end stands for any rest.
    pub fn denied(mut self, line: &str) -> Self {
        self.0.denied.push(line.to_owned());
        self
    }

    /// Answers a request, `GET https://api.example.com/v1`; `*` at its end stands for any
    /// rest. Given more than once for the same line, the answers are used in order.
    pub fn http(mut self, line: &str, status: u16, body: impl AsRef<[u8]>) -> Self {
        let answer = Response {
            status,
            headers: Vec::new(),
            body: body.as_ref().to_vec(),
        };
        script(&mut self.0.responses, line, answer);
        self
    }

    /// Answers calls of a plugin, in order.
    pub fn plugin(mut self, name: &str, answer: Answer) -> Self {
        script(&mut self.0.plugins, name, answer);
        self
    }

    /// Answers calls of the agent.
    pub fn agent(mut self, agent: impl FnMut(&Task) -> Result<Report, Failure> + 'static) -> Self {
        self.0.agent = Some(Box::new(agent));
        self
    }

    /// Lets it answer the calls of this thread, in place of any other.
    pub fn install(mut self) -> Installed {
        self.0.files = self.0.base.clone();
        let double = Rc::new(RefCell::new(self.0));
        INSTALLED.with_borrow_mut(|installed| *installed = Some(Rc::clone(&double)));
        Installed(double)
    }
}

impl Installed {
    /// A file of the workspace as it is now, as text.
    pub fn file(&self, path: &str) -> Option<String> {
        let double = self.0.borrow();
        double
            .files
            .get(path)
            .map(|content| String::from_utf8_lossy(content).into_owned())
    }

    /// The command lines that ran, in order.
    pub fn ran(&self) -> Vec<String> {
        self.0.borrow().ran.clone()
    }

    /// The requests that were sent, in order: method and address.
    pub fn sent(&self) -> Vec<String> {
        self.0.borrow().sent.clone()
    }

    /// The tasks that the agent was given, in order.
    pub fn tasks(&self) -> Vec<Task> {
        self.0.borrow().tasks.clone()
    }

    /// The lines that were logged, in order.
    pub fn logs(&self) -> Vec<(Level, String)> {
        self.0.borrow().logs.clone()
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        INSTALLED.with_borrow_mut(|installed| {
            if installed
                .as_ref()
                .is_some_and(|current| Rc::ptr_eq(current, &self.0))
            {
                *installed = None;
            }
        });
    }
}

/// The double of this thread, or the failure of a test that has none.
pub(super) fn current() -> Result<Rc<RefCell<Double>>, Failure> {
    INSTALLED.with_borrow(Clone::clone).ok_or_else(|| {
        Failure::Unavailable("no host: keep a `minion_sdk::testing::Host` installed".to_owned())
    })
}

impl Double {
    /// Whether the path may be touched at all.
    pub(super) fn judge(&self, path: &str) -> Result<(), Failure> {
        let beneath = |closed: &String| {
            path.strip_prefix(closed.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let closed = self.closed.iter().any(beneath);
        if closed {
            Err(not_granted("files", path))
        } else {
            Ok(())
        }
    }

    /// Whether the command may be run at all.
    pub(super) fn judge_command(&self, line: &str) -> Result<(), Failure> {
        let denied = self.denied.iter().any(|denied| fits(denied, line));
        if denied {
            Err(not_granted("command", line))
        } else {
            Ok(())
        }
    }

    /// What differs from the base.
    pub(super) fn changes(&self) -> Vec<Change> {
        let paths: std::collections::BTreeSet<_> =
            self.base.keys().chain(self.files.keys()).collect();
        let changes = paths.into_iter().filter_map(|path| {
            let kind = match (self.base.get(path), self.files.get(path)) {
                (None, _) => ChangeKind::Added,
                (_, None) => ChangeKind::Deleted,
                (before, after) if before != after => ChangeKind::Modified,
                _ => return None,
            };
            Some(Change {
                file: path.clone(),
                kind,
            })
        });
        changes.collect()
    }
}

fn script<T>(script: &mut Script<T>, line: &str, answer: T) {
    match script.iter_mut().find(|(known, _)| known == line) {
        Some((_, answers)) => answers.push_back(answer),
        None => script.push((line.to_owned(), VecDeque::from([answer]))),
    }
}

/// The next answer for a line.
pub(super) fn answer<T: Clone>(script: &mut Script<T>, line: &str) -> Result<T, Failure> {
    let answers = script
        .iter_mut()
        .find(|(known, _)| fits(known, line))
        .map(|(_, answers)| answers);
    let answer = answers.and_then(|answers| match answers.len() {
        1 => answers.front().cloned(),
        _ => answers.pop_front(),
    });
    answer.ok_or_else(|| Failure::Unavailable(format!("the test gave no answer for `{line}`")))
}

fn fits(known: &str, line: &str) -> bool {
    match known.strip_suffix('*') {
        Some(start) => line.starts_with(start),
        None => line == known,
    }
}

fn not_granted(capability: &str, target: &str) -> Failure {
    Failure::Denied(Denial {
        capability: capability.to_owned(),
        target: target.to_owned(),
        rule: "not-granted".to_owned(),
        cure: "grant it by name".to_owned(),
    })
}
