//! Rules: what one source of authority allows. Sources are joined by *and*
//! (asks, grants, ceiling), the rules of one source by *or*. Joining sources
//! can therefore only narrow.

use std::fmt;

use serde::Serialize;

use crate::marks::{Mark, MarkKind};
use crate::{AgentAsk, CommandPattern, PathPattern};

/// A pattern and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Rule<P> {
    pub(crate) pattern: P,
    /// `grants.toml:14`, `--allow`, `ask source`.
    pub(crate) from: String,
    /// Whether it can open a secret-looking or protected file by naming it.
    pub(crate) opens_marked: bool,
}

/// A rule about models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct AgentRule {
    pub(crate) models: Vec<String>,
    /// `None`: whatever tools are asked.
    pub(crate) tools: Option<Vec<String>>,
    pub(crate) max_turns: Option<u32>,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) from: String,
}

/// What one source allows. Default: nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Rules {
    pub(crate) read: Vec<Rule<PathPattern>>,
    pub(crate) write: Vec<Rule<PathPattern>>,
    pub(crate) run: Vec<Rule<CommandPattern>>,
    pub(crate) agents: Vec<AgentRule>,
    pub(crate) unsandboxed: bool,
}

impl Rules {
    pub(crate) fn extend(&mut self, other: &Self) {
        self.read.extend(other.read.iter().cloned());
        self.write.extend(other.write.iter().cloned());
        self.run.extend(other.run.iter().cloned());
        self.agents.extend(other.agents.iter().cloned());
        self.unsandboxed |= other.unsandboxed;
    }
}

/// The most that an organisation allows, whatever is granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ceiling(pub(crate) Rules);

impl Ceiling {
    /// A ceiling that allows these files and commands, these models with any
    /// tools, and nothing else.
    pub fn new(
        read: Vec<PathPattern>,
        write: Vec<PathPattern>,
        run: Vec<CommandPattern>,
        models: Vec<String>,
    ) -> Self {
        fn rules<P>(patterns: Vec<P>) -> Vec<Rule<P>> {
            let rule = |pattern| Rule {
                pattern,
                from: "ceiling".to_owned(),
                opens_marked: true,
            };
            patterns.into_iter().map(rule).collect()
        }
        let agents = AgentRule {
            models,
            tools: None,
            max_turns: None,
            max_tokens: None,
            from: "ceiling".to_owned(),
        };
        Self(Rules {
            read: rules(read),
            write: rules(write),
            run: rules(run),
            agents: vec![agents],
            unsandboxed: false,
        })
    }
}

/// What an agentic node may do with a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct AgentGrant {
    /// The operator's name of the model.
    pub model: String,
    /// Tools, in the order of names.
    pub tools: Vec<String>,
    /// Turns in a call, at most.
    pub max_turns: u32,
    /// Tokens of input and output together in a call, at most.
    pub max_tokens: u64,
    /// The rule that decided.
    pub rule: String,
}

impl AgentGrant {
    /// What an ask gives where nothing narrows it.
    pub(crate) fn asked(ask: &AgentAsk) -> Self {
        let mut tools = ask.tools.clone();
        tools.sort();
        tools.dedup();
        Self {
            model: ask.model.clone(),
            tools,
            max_turns: ask.max_turns,
            max_tokens: ask.max_tokens,
            rule: String::new(),
        }
    }

    /// What of it the rules allow. Only one rule counts, the one that leaves
    /// the most tools: two halves of two grants make no whole.
    pub(crate) fn under(&self, rules: &[AgentRule]) -> Option<Self> {
        let fitting = rules
            .iter()
            .filter(|rule| rule.models.contains(&self.model));
        let narrowed = fitting.map(|rule| self.under_one(rule));
        let usable = narrowed.filter(|grant| !grant.tools.is_empty() || self.tools.is_empty());
        usable.reduce(|best, next| {
            if next.tools.len() > best.tools.len() {
                next
            } else {
                best
            }
        })
    }

    fn under_one(&self, rule: &AgentRule) -> Self {
        let allowed = |tool: &&String| rule.tools.as_ref().is_none_or(|tools| tools.contains(tool));
        Self {
            model: self.model.clone(),
            tools: self.tools.iter().filter(allowed).cloned().collect(),
            max_turns: self.max_turns.min(rule.max_turns.unwrap_or(u32::MAX)),
            max_tokens: self.max_tokens.min(rule.max_tokens.unwrap_or(u64::MAX)),
            rule: format!("{} agent `{}`", rule.from, self.model),
        }
    }

    /// The same with less: what a node's own limits leave of it.
    pub(crate) fn narrowed(mut self, tools: &[String], max_turns: u32, max_tokens: u64) -> Self {
        self.tools.retain(|tool| tools.contains(tool));
        self.max_turns = self.max_turns.min(max_turns);
        self.max_tokens = self.max_tokens.min(max_tokens);
        self
    }
}

/// Why an operation on a file is allowed. Its text is the rule that is recorded; it is
/// written only when somebody wants it, since a list judges every entry.
#[derive(Debug, Clone, Copy)]
pub struct FileRule<'a> {
    pub(crate) grant: &'a Rule<PathPattern>,
    pub(crate) key: &'static str,
    pub(crate) need: &'a Rule<PathPattern>,
}

impl FileRule<'_> {
    /// Whether both are the same lines of the same sources.
    pub fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(self.grant, other.grant) && std::ptr::eq(self.need, other.need)
    }
}

impl fmt::Display for FileRule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (grant, need) = (self.grant, self.need);
        write!(
            f,
            "{} {} `{}`, {}",
            grant.from, self.key, grant.pattern, need.from
        )
    }
}

/// How a path fares with the rules of one source.
pub(crate) enum PathFit<'a> {
    Hit(&'a Rule<PathPattern>),
    /// Matched, but a mark on it is not named by the rule.
    Marked(Mark),
    Miss,
}

/// Judges a path by the rules of one source. `listing`: a folder on the way to
/// something that matches counts too.
pub(crate) fn path_fit<'a>(
    rules: &'a [Rule<PathPattern>],
    path: &str,
    marks: &[Mark],
    listing: bool,
) -> PathFit<'a> {
    let mut fit = PathFit::Miss;
    for rule in rules {
        let matches = rule.pattern.matches(path) || (listing && rule.pattern.reaches_into(path));
        if !matches {
            continue;
        }
        let unnamed = |mark: &&Mark| {
            let parts = path.split('/').count();
            !(rule.opens_marked && rule.pattern.names(mark.start, mark.end, parts))
        };
        match marks.iter().find(unnamed) {
            None => return PathFit::Hit(rule),
            Some(mark) => fit = PathFit::Marked(*mark),
        }
    }
    fit
}

/// The marks of a pattern that it opens by naming them.
pub(crate) fn opened_marks(pattern: &PathPattern, changes: bool) -> Vec<Mark> {
    let text = pattern.as_str();
    let parts = text.split('/').count();
    let mut marks = crate::marks::marks(text);
    marks.retain(|mark| mark.kind == MarkKind::Secret || changes);
    marks.retain(|mark| pattern.names(mark.start, mark.end, parts));
    marks
}

/// Whether the rules grant anything of an asked pattern.
pub(crate) fn grants_some(rules: &[Rule<PathPattern>], asked: &PathPattern, changes: bool) -> bool {
    let marks = opened_marks(asked, changes);
    if asked.is_literal() {
        return matches!(
            path_fit(rules, asked.as_str(), &marks, false),
            PathFit::Hit(_)
        );
    }
    let opens = |rule: &Rule<PathPattern>| {
        let parts = asked.as_str().split('/').count();
        rule.opens_marked
            && marks
                .iter()
                .all(|mark| rule.pattern.names(mark.start, mark.end, parts))
    };
    rules
        .iter()
        .any(|rule| rule.pattern.overlaps(asked) && (marks.is_empty() || opens(rule)))
}
