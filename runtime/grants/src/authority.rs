//! The one place where a file operation, a command or a call of a model is
//! judged: `asked ∩ granted ∩ ceiling ∩ needed by the node`.

use crate::commands::Fit;
use crate::harmless::harmless;
use crate::http::CredentialRule;
use crate::marks::{self, Mark, MarkKind};
use crate::rules::{AgentGrant, FileRule, PathFit, Rule, path_fit};
use crate::shown::deceives;
use crate::{CapabilityKind, CommandPattern, Denial, HttpPattern, PathPattern, Verdict};

const PATH_BYTES: usize = 4096;
const PATH_PARTS: usize = 256;
const ARGUMENTS: usize = 1_000;
const ARGUMENT_BYTES: usize = 128 * 1024;

/// What is done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileOp {
    /// Learn that it exists, and what it is.
    Stat,
    /// See the entries of a folder. Folders on the way to something readable
    /// may be listed; what of the entries is shown is judged one by one, a
    /// folder as `List`, a file as `Stat`.
    List,
    /// See its content.
    Read,
    /// Replace its content.
    Write,
    /// Make it.
    Create,
    /// Remove it.
    Delete,
}

impl FileOp {
    /// Whether it changes something.
    pub const fn changes(self) -> bool {
        matches!(self, Self::Write | Self::Create | Self::Delete)
    }
}

/// One kind of patterns, by source. Default: nothing.
#[derive(Debug, Clone)]
pub(crate) struct Access<P> {
    /// What the node's asks allow.
    pub(crate) needed: Vec<Rule<P>>,
    /// What all asks of the part allow: only tells why something is denied.
    pub(crate) asked: Vec<Rule<P>>,
    /// What the operator denies, whatever else is granted.
    pub(crate) denied: Vec<Rule<P>>,
    pub(crate) granted: Vec<Rule<P>>,
    pub(crate) ceiling: Option<Vec<Rule<P>>>,
}

impl<P> Default for Access<P> {
    fn default() -> Self {
        Self {
            needed: Vec::new(),
            asked: Vec::new(),
            denied: Vec::new(),
            granted: Vec::new(),
            ceiling: None,
        }
    }
}

/// What one node or plugin may do right now. The default may do nothing; any
/// other comes from an [`Admission`](crate::Admission).
#[derive(Debug, Clone, Default)]
pub struct Authority {
    pub(crate) part: String,
    pub(crate) read: Access<PathPattern>,
    pub(crate) write: Access<PathPattern>,
    pub(crate) run: Access<CommandPattern>,
    pub(crate) send: Access<HttpPattern>,
    /// The names of credentials that the needed asks want, with their requests.
    pub(crate) wanted: Vec<(String, HttpPattern)>,
    pub(crate) credentials: Vec<CredentialRule>,
    pub(crate) agent: Option<AgentGrant>,
    /// Why there is no agent: the rule.
    pub(crate) no_agent: Option<&'static str>,
    pub(crate) unsandboxed: bool,
}

impl Authority {
    /// Judges an operation on a file. `path` is resolved and relative to the
    /// root of the workspace, `""` is the root.
    pub fn file(&self, op: FileOp, path: &str) -> Verdict {
        match self.file_rule(op, path) {
            Ok(rule) => Verdict::Allow {
                rule: rule.to_string(),
            },
            Err(denial) => Verdict::Deny(denial),
        }
    }

    /// The same, with the text of the rule left for later.
    ///
    /// # Errors
    /// The denial.
    pub fn file_rule(&self, op: FileOp, path: &str) -> Result<FileRule<'_>, Denial> {
        let marks = if harmless(path) {
            Vec::new()
        } else if let Some((rule, cure)) = closed(path) {
            return Err(denial(CapabilityKind::Files, path, rule, cure.to_owned()));
        } else {
            marks::marks(path)
        };
        match op {
            FileOp::Read | FileOp::List => self.judge_path(&self.read, op, path, marks),
            FileOp::Write | FileOp::Create | FileOp::Delete => {
                self.judge_path(&self.write, op, path, marks)
            }
            FileOp::Stat => self
                .judge_path(&self.read, op, path, marks.clone())
                .or_else(|denial| {
                    let written = self.judge_path(&self.write, op, path, marks);
                    written.map_err(|_| denial)
                }),
        }
    }

    fn judge_path<'a>(
        &self,
        access: &'a Access<PathPattern>,
        op: FileOp,
        path: &str,
        mut marks: Vec<Mark>,
    ) -> Result<FileRule<'a>, Denial> {
        marks.retain(|mark| mark.kind == MarkKind::Secret || op.changes());
        let listing = op == FileOp::List;
        let fit = |rules| path_fit(rules, path, &marks, listing);
        let need = match fit(&access.needed) {
            PathFit::Hit(rule) => rule,
            PathFit::Marked(mark) => {
                return Err(self.marked(op, path, mark, "its ask does not name it"));
            }
            PathFit::Miss => {
                let rule = match fit(&access.asked) {
                    PathFit::Hit(_) => "not-needed-by-node",
                    _ => "not-asked",
                };
                return Err(self.deny_path(op, path, rule));
            }
        };
        if let Some(rule) = access.denied.iter().find(|rule| rule.pattern.matches(path)) {
            let cure = deny_cure(&rule.from, key(op), &rule.pattern.to_string());
            return Err(denial(CapabilityKind::Files, path, DENIED, cure));
        }
        let grant = match fit(&access.granted) {
            PathFit::Hit(rule) => rule,
            PathFit::Marked(mark) => return Err(self.marked(op, path, mark, "no grant names it")),
            PathFit::Miss => return Err(self.deny_path(op, path, "not-granted")),
        };
        if let Some(ceiling) = &access.ceiling
            && !matches!(fit(ceiling), PathFit::Hit(_))
        {
            return Err(self.deny_path(op, path, "above-ceiling"));
        }
        let key = key(op);
        Ok(FileRule { grant, key, need })
    }

    fn marked(&self, op: FileOp, path: &str, mark: Mark, who: &str) -> Denial {
        let rule = match mark.kind {
            MarkKind::Secret => "secret-looking-file",
            MarkKind::Protected => "protected-path",
        };
        let cure = format!("{} ({who}); {}", mark.why, self.grant_path(op, path));
        denial(CapabilityKind::Files, path, rule, cure)
    }

    fn deny_path(&self, op: FileOp, path: &str, rule: &str) -> Denial {
        let (path_shown, key) = (crate::shown(path), key(op));
        let cure = match rule {
            "not-asked" => format!(
                "its author would have to ask for `{path_shown}` in `{key}` of `minion.toml`"
            ),
            "not-needed-by-node" => {
                format!("the node would have to name the ask with `{key}` in its `needs`")
            }
            "above-ceiling" => format!("the ceiling would have to allow `{path_shown}` in `{key}`"),
            _ => self.grant_path(op, path),
        };
        denial(CapabilityKind::Files, path, rule, cure)
    }

    fn grant_path(&self, op: FileOp, path: &str) -> String {
        let path = match (op, path) {
            (FileOp::List, "") => "**".to_owned(),
            (FileOp::List, _) => format!("{}/**", crate::shown(path)),
            _ => crate::shown(path),
        };
        let word = if op.changes() { "write" } else { "read" };
        format!(
            "add \"{path}\" to `files.{word}` of the grant for `{}`, or `--allow 'files:{word}={path}'`",
            self.part
        )
    }

    /// Judges a command. The program is a bare name.
    pub fn command(&self, program: &str, arguments: &[String]) -> Verdict {
        let line = line(program, arguments);
        let refuse = |rule: &str, cure: String| deny(CapabilityKind::Command, &line, rule, cure);
        if let Some(cure) = no_command(program, arguments) {
            return refuse("not-a-program", cure.to_owned());
        }
        let fit = |rules| command_fit(rules, program, arguments);
        let by_node = match fit(&self.run.needed) {
            CommandFit::Hit(rule) => rule,
            CommandFit::Option(rule, at) => {
                return refuse("option-not-named", name_option(rule, &arguments[at]));
            }
            CommandFit::Miss if matches!(fit(&self.run.asked), CommandFit::Hit(_)) => {
                return refuse(
                    "not-needed-by-node",
                    "the node would have to name the ask with this command in its `needs`"
                        .to_owned(),
                );
            }
            CommandFit::Miss => {
                return refuse(
                    "not-asked",
                    "its author would have to ask for it in `command.run` of `minion.toml`"
                        .to_owned(),
                );
            }
        };
        if let CommandFit::Hit(rule) = fit(&self.run.denied) {
            let cure = deny_cure(&rule.from, "command.run", &rule.pattern.to_string());
            return refuse(DENIED, cure);
        }
        let by_grant = match fit(&self.run.granted) {
            CommandFit::Hit(rule) => rule,
            CommandFit::Option(rule, at) => {
                return refuse("option-not-named", name_option(rule, &arguments[at]));
            }
            CommandFit::Miss => {
                let cure = format!(
                    "add \"{line}\" to `command.run` of the grant for `{}`, or `--allow 'command={line}'`",
                    self.part
                );
                return refuse("not-granted", cure);
            }
        };
        if let Some(ceiling) = &self.run.ceiling
            && !matches!(fit(ceiling), CommandFit::Hit(_))
        {
            return refuse(
                "above-ceiling",
                "the ceiling would have to allow it in `command.run`".to_owned(),
            );
        }
        Verdict::Allow {
            rule: format!(
                "{} command.run `{}`, {}",
                by_grant.from, by_grant.pattern, by_node.from
            ),
        }
    }

    /// Whether some command with this program is granted here.
    pub fn program_granted(&self, program: &str) -> bool {
        let has = |rules: &[Rule<CommandPattern>]| {
            rules.iter().any(|rule| rule.pattern.program() == program)
        };
        has(&self.run.needed)
            && has(&self.run.granted)
            && self.run.ceiling.as_deref().is_none_or(has)
    }

    /// Whether the operator lets commands run outside of any sandbox.
    pub const fn unsandboxed(&self) -> bool {
        self.unsandboxed
    }

    /// What may be done with a model, if anything.
    pub const fn agent(&self) -> Option<&AgentGrant> {
        self.agent.as_ref()
    }

    /// Judges a call of a model.
    pub fn agent_run(&self) -> Verdict {
        if let Some(agent) = &self.agent {
            return Verdict::Allow {
                rule: agent.rule.clone(),
            };
        }
        let rule = self.no_agent.unwrap_or("not-needed-by-node");
        let cure = match rule {
            "not-agentic" => "only a node of kind `agentic` reaches a model",
            "not-asked" => "its author would have to ask for `agent` in `minion.toml`",
            "not-granted" => "the operator would have to grant `agent`",
            "above-ceiling" => "the ceiling would have to allow the model",
            DENIED => "a `deny` names the model; it wins over whatever grants it",
            _ => "the node would have to name an ask with `agent` in its `needs`",
        };
        deny(CapabilityKind::Agent, "agent.run", rule, cure.to_owned())
    }

    /// Judges a call of a tool by a model. What the tool then does is judged
    /// again, as if the node did it.
    pub fn tool(&self, name: &str) -> Verdict {
        match self.agent_run() {
            Verdict::Allow { rule }
                if self
                    .agent
                    .as_ref()
                    .is_some_and(|agent| agent.tools.iter().any(|tool| tool == name)) =>
            {
                Verdict::Allow { rule }
            }
            Verdict::Allow { .. } => {
                let cure = "ask, grant and the node's limits would have to name the tool";
                deny(CapabilityKind::Agent, name, "not-granted", cure.to_owned())
            }
            denied @ Verdict::Deny(_) => denied,
        }
    }
}

/// The rule of what an operator denies.
pub(crate) const DENIED: &str = "denied-by-operator";

/// Who denies it. Nothing that grants cures that.
pub(crate) fn deny_cure(from: &str, key: &str, pattern: &str) -> String {
    format!("{from} denies {key} `{pattern}`, whatever grants it; that line would have to go")
}

const fn key(op: FileOp) -> &'static str {
    if op.changes() {
        "files.write"
    } else {
        "files.read"
    }
}

fn deny(capability: CapabilityKind, target: &str, rule: &str, cure: String) -> Verdict {
    Verdict::Deny(denial(capability, target, rule, cure))
}

pub(crate) fn denial(capability: CapabilityKind, target: &str, rule: &str, cure: String) -> Denial {
    Denial {
        capability,
        target: crate::shown(target),
        rule: rule.to_owned(),
        cure,
    }
}

/// Paths that no rule opens: the rule's name and what to do instead.
pub(crate) fn closed(path: &str) -> Option<(&'static str, &'static str)> {
    if path.len() > PATH_BYTES || path.split('/').count() > PATH_PARTS {
        return Some((
            "not-a-path",
            "use a path of at most 4,096 bytes and 256 parts",
        ));
    }
    if marks::in_git(path) {
        return Some(("git-folder", "nothing opens git's own folder"));
    }
    let bad = |part: &str| matches!(part, "" | "." | "..") || part.chars().any(deceives);
    if !path.is_empty() && path.split('/').any(bad) {
        return Some((
            "not-a-path",
            "use a path relative to the root, without `.`, `..`, empty parts and control characters",
        ));
    }
    None
}

fn line(program: &str, arguments: &[String]) -> String {
    let words = std::iter::once(program)
        .chain(arguments.iter().map(String::as_str))
        .take(50);
    let mut line = String::new();
    for word in words {
        if line.len() > 400 {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().take(200));
    }
    crate::shown(&line)
}

fn no_command(program: &str, arguments: &[String]) -> Option<&'static str> {
    if program.is_empty()
        || program.contains('/')
        || program.starts_with(['.', '-'])
        || program.chars().any(deceives)
    {
        return Some("name the program alone; it is found outside of the workspace");
    }
    if arguments.len() > ARGUMENTS
        || arguments.iter().map(String::len).sum::<usize>() > ARGUMENT_BYTES
    {
        return Some("use at most 1,000 arguments and 128 KiB");
    }
    arguments
        .iter()
        .any(|argument| argument.contains('\0'))
        .then_some("an argument contains NUL")
}

/// How a command fares with the rules of one source.
enum CommandFit<'a> {
    Hit(&'a Rule<CommandPattern>),
    /// Only the option at this index stands in the way.
    Option(&'a Rule<CommandPattern>, usize),
    Miss,
}

fn command_fit<'a>(
    rules: &'a [Rule<CommandPattern>],
    program: &str,
    arguments: &[String],
) -> CommandFit<'a> {
    let mut best = CommandFit::Miss;
    for rule in rules {
        match rule.pattern.fit(program, arguments) {
            Fit::Fits => return CommandFit::Hit(rule),
            Fit::Option(at) => best = CommandFit::Option(rule, at),
            Fit::Misses => {}
        }
    }
    best
}

fn name_option(rule: &Rule<CommandPattern>, option: &str) -> String {
    format!(
        "`*` takes no such option; name it in `{}` of {}: `[{}]`",
        rule.pattern,
        rule.from,
        crate::shown(option)
    )
}

#[cfg(test)]
#[path = "authority_tests.rs"]
mod tests;
